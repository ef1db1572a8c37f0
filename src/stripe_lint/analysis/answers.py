"""Whether what a handler returns, or a statement does, tells Stripe that the delivery was taken or that it failed."""

from __future__ import annotations

import ast
import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import blocks, functions, handlers, http_statuses, names, syntax
from stripe_lint.analysis.frameworks import is_abort_call
from stripe_lint.analysis.references import External, FunctionReference
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stripe_lint.analysis.module import Module

_DEEPEST: Final = 3

_ACCEPTING_NAME: Final = (
    r"HTTP(?:Ok|OK|Created|Accepted|NonAuthoritativeInformation|NoContent|ResetContent|PartialContent)"
)
_STATUS_NAMES: Final = frozenset(
    {"status", "status_code", "statusCode", "set_status", "send_error", "send_response", "start_response"}
)


class Answer(Enum):
    """What Stripe is told."""

    TAKEN = auto()
    REFUSED = auto()
    UNKNOWN = auto()


def combined(found: Iterable[Answer]) -> Answer:
    """What is told on all of several paths; ``UNKNOWN`` where they differ."""
    distinct = set(found)
    return distinct.pop() if len(distinct) == 1 else Answer.UNKNOWN


def answer_of(module: Module, node: ast.expr | None, depth: int = 0) -> Answer:
    """What a returned value tells; a value that says nothing else is taken for a 200."""
    if node is None:
        return Answer.TAKEN
    if depth > _DEEPEST:
        return Answer.UNKNOWN
    if isinstance(node, ast.Await):
        return answer_of(module, node.value, depth)
    if isinstance(node, ast.IfExp):
        return combined(answer_of(module, part, depth + 1) for part in (node.body, node.orelse))
    if isinstance(node, ast.Name):
        return _named(module, node, depth)
    if isinstance(node, ast.Call):
        return _called(module, node, depth)
    return Answer.REFUSED if states(module, node) else Answer.TAKEN


def _named(module: Module, node: ast.Name, depth: int) -> Answer:
    bindings = module.bindings_of(node)
    if not bindings or any(each.kind is not BindingKind.ASSIGNMENT or each.value is None for each in bindings):
        return Answer.UNKNOWN
    return combined(answer_of(module, each.value, depth + 1) for each in bindings)


def _called(module: Module, node: ast.Call, depth: int) -> Answer:
    name = functions.last_name(node.func) or ""
    if http_statuses.is_refusing_name(name) or states(module, node):
        return Answer.REFUSED
    reference = names.resolve(module, node.func)
    if not isinstance(reference, FunctionReference):
        known = isinstance(reference, External) or name[:1].isupper() or "response" in name.lower()
        return Answer.TAKEN if known else Answer.UNKNOWN
    if isinstance(reference.node, ast.Lambda) or reference.node in reference.module.yields:
        return Answer.UNKNOWN
    returned = reference.module.returns.get(reference.node, [])
    if not returned:
        return Answer.TAKEN
    return combined(answer_of(reference.module, each.value, depth + 1) for each in returned)


def states(module: Module, node: ast.expr, first: int = http_statuses.FIRST_REFUSING) -> bool:
    """Whether an expression holds a status from ``first`` on."""
    for inner in syntax.descendants(node):
        status = http_statuses.status_of(module, inner)
        if status is not None and status >= first and not _is_plain_data(module, inner, node):
            return True
    return False


def _is_plain_data(module: Module, constant: ast.AST, within: ast.expr) -> bool:
    """Whether a number stands in a dict under a key that is no status."""
    parent = module.parents.get(constant)
    if not isinstance(constant, ast.Constant) or not isinstance(parent, ast.Dict) or constant is within:
        return False
    for key, value in zip(parent.keys, parent.values, strict=True):
        if value is constant and isinstance(key, ast.Constant):
            return key.value not in {"status", "statusCode", "status_code", "code"}
    return False


def _is_acceptance(module: Module, node: ast.expr) -> bool:
    """Whether what is raised, or given to ``abort``, is made with a status of 2xx, as ``web.HTTPNoContent()`` is."""
    made = node.func if isinstance(node, ast.Call) else node
    if re.fullmatch(_ACCEPTING_NAME, functions.last_name(made) or ""):
        return True
    if not isinstance(node, ast.Call):
        return False
    given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in _STATUS_NAMES | {"code"})]
    statuses = [http_statuses.status_of(module, each) for each in given]
    return any(
        status is not None and http_statuses.FIRST_ACCEPTING <= status < http_statuses.FIRST_REFUSING
        for status in statuses
    )


def refuses(module: Module, statement: ast.AST) -> bool:
    """Whether a statement ends in a refusal, or sets one as the response's status."""
    if isinstance(statement, ast.Raise):
        return statement.exc is None or not _is_acceptance(module, statement.exc)
    if isinstance(statement, ast.Assign):
        target = statement.targets[0]
        return isinstance(target, ast.Attribute) and target.attr in _STATUS_NAMES and states(module, statement.value)
    if not isinstance(statement, ast.Expr):
        return False
    call = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    if not isinstance(call, ast.Call):
        return False
    reference = names.resolve(module, call.func)
    if isinstance(reference, External) and is_abort_call(reference.path):
        return not _is_acceptance(module, call)
    if isinstance(reference, FunctionReference) and blocks.never_returns(reference):
        return True
    if _refuses_by_object(module, call):
        return True
    if isinstance(reference, FunctionReference) and writes_status(reference):
        return states(module, call) or writes_refusal(reference)
    return functions.last_name(call.func) in _STATUS_NAMES and states(module, call)


def accepts(module: Module, statement: ast.AST) -> bool:
    """Whether a statement writes an answer with a status of 2xx, itself or by a function of the project."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return False
    if functions.last_name(call.func) not in _STATUS_NAMES:
        reference = names.resolve(module, call.func)
        if not isinstance(reference, FunctionReference) or not writes_status(reference):
            return False
    statuses = (http_statuses.status_of(module, each) for each in call.args)
    return any(
        status is not None and http_statuses.FIRST_ACCEPTING <= status < http_statuses.FIRST_REFUSING
        for status in statuses
    )


def writes_status(reference: FunctionReference) -> bool:
    """Whether a function of the project writes the status of an answer, as ``self.send_response(status)`` does."""
    return bool(_status_calls(reference))


def writes_refusal(reference: FunctionReference) -> bool:
    """Whether a function of the project writes the status of an answer, and only ones that refuse."""
    calls = _status_calls(reference)
    return bool(calls) and all(states(reference.module, call) for call in calls)


def _status_calls(reference: FunctionReference) -> list[ast.Call]:
    key = ("status calls", reference.node)
    known = reference.module.memory.get(key)
    if not isinstance(known, list):
        statements = reference.module.own_of_kind(reference.node, ast.Expr)
        calls = (each.value for each in statements if isinstance(each.value, ast.Call))
        known = [call for call in calls if functions.last_name(call.func) in _STATUS_NAMES]
        reference.module.memory[key] = known
    return known


def _refuses_by_object(module: Module, call: ast.Call) -> bool:
    """Whether a call tells the object by which a handler answers that it failed: ``context.set_code(INTERNAL)``."""
    if not isinstance(call.func, ast.Attribute):
        return False
    framework = handlers.answering_object(module, call.func.value)
    if framework is None or call.func.attr not in framework.refusing_methods:
        return False
    return not any(functions.last_name(each) == "OK" for each in call.args)
