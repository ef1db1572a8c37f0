"""What a call does, by what it resolves to and by its name: writes the project's data, sends a message, asks, or works.

The names are those of the usual object mappers, databases, queues and mail libraries.
"""

from __future__ import annotations

import ast
import re
from enum import Enum, auto
from functools import cache
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    assignments,
    functions,
    handlers,
    names,
    runners,
    sql_statements,
    stripe_calls,
    syntax,
)
from stripe_lint.analysis.frameworks import all_names
from stripe_lint.analysis.references import ClassReference, FunctionReference
from stripe_lint.analysis.sql_statements import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

DEEPEST: Final = 4
"""How many calls deep functions of the project are searched for what they do."""


class Work(Enum):
    """One kind of thing that a call does.

    ``INSERT`` adds something each time it runs; ``WRITE`` may leave the same state however often it runs; ``MONEY`` is
    a Stripe call that moves or commits money or creates what later does; ``UNSEEN`` is a call of something that can't
    be seen and whose name says that it does something.
    """

    # what is looked up everywhere needs a quick hash, and that of an ``Enum`` is a call of Python code
    __hash__ = object.__hash__

    INSERT = auto()
    WRITE = auto()
    COMMIT = auto()
    LOOKUP = auto()
    MESSAGE = auto()
    TASK = auto()
    MONEY = auto()
    STRIPE = auto()
    UNSEEN = auto()


DOES_SOMETHING: Final = frozenset(Work) - {Work.LOOKUP, Work.MESSAGE}
"""The kinds that change something which matters."""

_INSERTS: Final = frozenset(
    {"create", "acreate", "bulk_create", "abulk_create", "insert_one", "insert_many", "create_item", "insert_rows_json"}
    | {"incr", "incrby", "hincrby", "zincrby", "lpush", "rpush", "xadd", "insert_rows", "incrbyfloat"}
)
_WRITES: Final = frozenset(
    {"save", "asave", "bulk_update", "update_or_create", "get_or_create", "aget_or_create", "aupdate_or_create"}
    | {"update_one", "update_many", "replace_one", "find_one_and_update", "delete_one", "delete_many", "put_item"}
    | {"update_item", "delete_item", "transact_write_items", "upsert", "upsert_item", "replace_item", "merge"}
    | {"bulk_save_objects", "bulk_insert_mappings", "set_password", "put_object", "adelete", "aupdate"}
)
_COMMITS: Final = frozenset({"commit", "flush"})
_LOOKUPS: Final = frozenset(
    {"filter", "filter_by", "find", "find_one", "get_or_none", "first", "one", "one_or_none", "scalar", "scalars"}
    | {"scalar_one_or_none", "scalar_one", "fetchone", "fetchall", "fetch_one", "exists", "aexists", "aget", "afirst"}
    | {"get_item", "query", "get_object_or_404", "aget_object_or_404", "select_for_update", "find_by", "first_or_404"}
    | {"fetchval", "fetchrow", "execute", "stream", "read_item", "query_items", "objects", "count", "acount", "search"}
)
_MESSAGE_NAME: Final = (
    r"(?i)(?:^|_)(?:send|notify|deliver|email|publish)_?(?:\w*_)?(?:mail|email|e_mail|message|sms|text|notification|receipt"
    r"|confirmation|mass_mail|welcome|invoice_mail|alert|reminder|template)s?(?:_|$)"
    r"|^_*(?:notify|sendmail|send_mail|send_message|send_email|send_templated_mail|email_user|mail_admins)(?:_|$)"
    r"|^_*publish_(?:\w+_)?(?:event|batch)(?:_|$)"
)
_MESSAGE_LIBRARIES: Final = (
    r"(?:sendgrid|twilio|resend|postmarker|mailjet_rest|mailersend|brevo_python|sib_api_v3_sdk|vonage|plivo|smtplib"
    r"|aiosmtplib|yagmail|redmail)\."
)
_LIBRARY_SENDS: Final = (
    r"(?:\.|^)(?:send|send_\w+|sendmail)$|(?:mail|email|messages|send|calls)\w*\.(?:send\.)?(?:create|post)$"
)
_UNSEEN_NAME: Final = (
    r"(?i)_*(?:handle|handler|process|processor|callback|fulfil|fulfill|apply|grant|activate|provision|credit|save|create"
    r"|update|record|cancel|deactivate|suspend|revoke|extend|renew|enrol|enroll|upgrade|downgrade|store|assign|sync"
    r"|complete|insert|upsert|mark(?!_safe(?:_|$))|dispatch|webhook|register|refund|charge|persist)(?:_|$)"
)
SIDE_NAME: Final = (
    r"(?i)log|cache|metric|analytic|track|sentry|mixpanel|segment|posthog|statsd|telemetry|audit|redis|lock|span|trace"
    r"|slack|discord|telegram|healthcheck|^p?print(?:_|$)"
)
_STORE_NAME: Final = r"(?i)session|^_?db$|database|_db$|uow|repo|collection|conn|cursor|table|firestore"
_BUILDERS: Final = frozenset(
    {"document", "collection", "doc", "child", "ref", "table", "filter", "filter_by", "exclude"}
)
_OF_STATEMENT: Final = {Statement.ADDS: Work.INSERT, Statement.CHANGES: Work.WRITE, Statement.READS: Work.LOOKUP}


def of_call(module: Module, call: ast.Call) -> Work | None:
    """What one call does, the functions of the project aside."""
    key = ("work of the call", call)
    if key not in module.memory:
        module.memory[key] = _of_call(module, call)
    return module.memory[key]  # type: ignore[return-value]


def _of_call(module: Module, call: ast.Call) -> Work | None:
    name = functions.last_name(call.func) or ""
    reference = names.resolve(module, call.func)
    if isinstance(reference, FunctionReference):
        return _of_wrapper(module, call)
    if isinstance(reference, ClassReference):
        return None
    method = stripe_calls.method_of(reference)
    if method is not None:
        if not method.mutating:
            return None
        return Work.MONEY if method.critical is not None else Work.STRIPE
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    path = names.dotted_path(module, call.func) or ""
    if path.startswith(("builtins.", "stripe.", "logging.", "json.", "os.", "datetime.")):
        return None
    if receiver is not None and (_is_side(receiver) or _answers(module, name, receiver)):
        return None
    if name in runners.QUEUES and (name != "send" or _is_task(module, receiver)):
        return Work.TASK
    if re.search(_MESSAGE_NAME, name) or _sends(call, name, path):
        return Work.MESSAGE
    if receiver is not None:
        return _of_method(module, call, name, receiver)
    return Work.UNSEEN if re.match(_UNSEEN_NAME, name) else None


def _of_method(module: Module, call: ast.Call, name: str, receiver: ast.expr) -> Work | None:
    if name in _INSERTS:
        return Work.INSERT
    if name in _WRITES:
        return Work.WRITE
    if name in _COMMITS:
        return Work.COMMIT
    if name in {"execute", "executemany", "exec", "fetchval", "exec_driver_sql", "execute_sql"} and call.args:
        return _OF_STATEMENT[sql_statements.of_argument(module, call.args[0])]
    if name in {"add", "add_all", "insert"} and (_is_store(receiver) or _is_builder(receiver)):
        return Work.INSERT
    if name in {"set", "update", "delete"} and (_is_store(receiver) or _is_builder(receiver) or _is_query(receiver)):
        return Work.WRITE
    if name == "write" and call.args and isinstance(call.args[0], ast.Dict):
        return Work.WRITE
    if name in _LOOKUPS or (name == "get" and (_is_query(receiver) or _is_store(receiver))):
        return Work.LOOKUP
    return Work.UNSEEN if re.match(_UNSEEN_NAME, name) else None


def _of_wrapper(module: Module, call: ast.Call) -> Work | None:
    """What a function of the project does that is given the text of a statement which changes something."""
    statement = sql_statements.handed_on(module, call)
    return _OF_STATEMENT[statement] if statement is not None else None


def _is_task(module: Module, receiver: ast.expr | None) -> bool:
    """Whether a receiver is a function of the project, which then is a task."""
    return receiver is not None and isinstance(names.resolve(module, receiver), FunctionReference)


def _answers(module: Module, name: str, receiver: ast.expr) -> bool:
    """Whether a method of this name answers the request by the object that the framework hands to its handlers."""
    if name not in all_names("response_methods"):
        return False
    framework = handlers.answering_object(module, receiver)
    return framework is not None and name in framework.response_methods


def _is_side(receiver: ast.expr) -> bool:
    return any(map(_names_a_side, functions.attribute_chain(receiver) or ()))


@cache
def _names_a_side(name: str) -> bool:
    return re.search(SIDE_NAME, name) is not None


def _sends(call: ast.Call, name: str, path: str) -> bool:
    """Whether a call that has no name of its own for it sends a message: by its library, or by what it is called on."""
    if re.match(_MESSAGE_LIBRARIES, path) and re.search(_LIBRARY_SENDS, path):
        return True
    if name == "publish":
        # to a topic or channel; without anything to send it is a state of the project's own object
        return bool(call.args or call.keywords)
    return name == "send" and isinstance(call.func, ast.Attribute) and _is_mail(call.func.value)


def _is_mail(receiver: ast.expr) -> bool:
    held = receiver.func if isinstance(receiver, ast.Call) else receiver
    name = functions.last_name(held) or ""
    return re.search(r"mail|message|^msg$|sms|postmark|sendgrid", name, re.IGNORECASE) is not None


def _is_store(receiver: ast.expr) -> bool:
    name = functions.last_name(receiver)
    return name is not None and re.search(_STORE_NAME, name) is not None


def _is_builder(receiver: ast.expr) -> bool:
    """Whether a receiver is built by calls like ``db.collection("orders").document(number)``."""
    return isinstance(receiver, ast.Call) and functions.last_name(receiver.func) in _BUILDERS


def _is_query(receiver: ast.expr) -> bool:
    current: ast.expr = receiver
    while isinstance(current, ast.Call | ast.Attribute):
        if isinstance(current, ast.Attribute) and current.attr in {"objects", "query"}:
            return True
        if isinstance(current, ast.Call) and functions.last_name(current.func) in _LOOKUPS:
            return True
        current = current.func if isinstance(current, ast.Call) else current.value
    return False


def is_message_name(name: str) -> bool:
    """Whether a name says that a message is sent."""
    return re.search(_MESSAGE_NAME, name) is not None


def of_function(module: Module, function: FunctionNode, depth: int = 0) -> frozenset[Work]:
    """What a function of the project does, itself or through functions that it calls."""
    key = ("work", function, depth)
    known = module.memory.get(key)
    if isinstance(known, frozenset):
        return known
    module.memory[key] = frozenset()
    found = {kind for call in module.calls_of.get(function, ()) for kind in of_whole_call(module, call, depth)}
    if depth < DEEPEST:
        for inner in _handed_on(module, function):
            found |= of_function(module, inner, depth + 1)
    module.memory[key] = frozenset(found)
    return frozenset(found)


def _handed_on(module: Module, function: FunctionNode) -> Iterator[FunctionNode]:
    """The functions defined in ``function`` that it hands to a call, which runs them."""
    nested = module.nested.get(function, ())
    if not nested:
        return
    for call in module.calls_of.get(function, ()):
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            for inner in nested:
                named = (
                    isinstance(argument, ast.Name) and not isinstance(inner, ast.Lambda) and inner.name == argument.id
                )
                if named or inner is argument:
                    yield inner


def of_whole_call(module: Module, call: ast.Call, depth: int = 0) -> frozenset[Work]:
    """What a call does, itself or, where it reaches a function of the project, through that."""
    reference = names.resolve(module, call.func)
    if isinstance(reference, FunctionReference):
        name = functions.last_name(call.func) or ""
        if re.search(_MESSAGE_NAME, name):
            return frozenset({Work.MESSAGE})
        given = _of_wrapper(module, call)
        if given is not None:
            return frozenset({given})
        return of_function(reference.module, reference.node, depth + 1) if depth < DEEPEST else frozenset()
    own = of_call(module, call)
    return frozenset({own}) if own is not None else frozenset()


def of_calls_in(module: Module, node: ast.AST) -> frozenset[Work]:
    """What the calls in an expression or statement do."""
    return frozenset(
        kind for inner in nodes_of(node) if isinstance(inner, ast.Call) for kind in of_whole_call(module, inner)
    )


def manager_of(call: ast.Call) -> ast.expr | None:
    """The class through whose manager a call goes: ``Order`` of ``Order.objects.select_related("shop").get(…)``."""
    current: ast.expr = call.func
    while isinstance(current, ast.Call | ast.Attribute):
        if isinstance(current, ast.Attribute) and current.attr == "objects":
            return current.value
        current = current.func if isinstance(current, ast.Call) else current.value
    return None


def stored_object(module: Module, call: ast.Call) -> tuple[Module, ast.Call] | None:
    """The call that made the object which ``call`` adds or saves, where a name can hold nothing else, and its file."""
    stored: ast.expr | None = call.args[0] if call.args else None
    if isinstance(call.func, ast.Attribute) and call.func.attr in {"save", "asave"}:
        stored = call.func.value
    source, made = assignments.assigned_expression(module, stored) if stored is not None else (module, None)
    return (source, made) if isinstance(made, ast.Call) else None


def within(nodes: list[ast.stmt]) -> Iterator[ast.Call]:
    """The calls in statements that run with them, not in functions defined there."""
    for statement in nodes:
        for inner in nodes_of(statement):
            if isinstance(inner, ast.Call):
                yield inner


def nodes_of(node: ast.AST) -> list[ast.AST]:
    """``node`` and what is below it, functions defined there left out."""
    return [node] if node.__class__ in syntax.LEAVES else [node, *syntax.own_nodes(node)]
