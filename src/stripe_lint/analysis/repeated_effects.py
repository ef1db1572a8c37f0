"""What a handler does again each time an event is delivered: rows, messages, increments, requests to Stripe."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    assignments,
    blocks,
    claims,
    definitions,
    duplicate_checks,
    event_values,
    exceptions,
    functions,
    keys,
    names,
    reach,
    sql_statements,
    static_values,
    stripe_calls,
    syntax,
    unique_columns,
    verified_from,
    verifiers,
    webhook_handlers,
    work,
)
from stripe_lint.analysis.references import ClassReference, FunctionReference
from stripe_lint.analysis.state import Place
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.event_values import Names
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.reach import Reached
    from stripe_lint.analysis.scopes import FunctionNode
    from stripe_lint.analysis.webhook_handlers import Handler

_COUNTING: Final = frozenset({"incr", "incrby", "incrbyfloat", "hincrby", "zincrby"})
_APPENDING: Final = frozenset({"lpush", "rpush", "xadd"})
"""Commands of Redis that are no rows."""

_INCREMENT: Final = r"(?is)\bset\b.*?\b(\w+)\s*=\s*(?!excluded\.)(?:\w+\.)?\1\s*[+-]|^\s*add\s"
_LOG_NAME: Final = r"(?:^|[_-])(?:logs?|audits?|traces?|metrics?|analytics)(?:$|[_-])|[a-z]Logs?$"


class RepeatedEffect(NamedTuple):
    """Something that happens again with each delivery: where it is reported, where it happens, and what it is."""

    reported: Place
    place: Place
    what: str


class _Effect(NamedTuple):
    """``unconstrained`` tells that the table has no unique column that could refuse the row."""

    node: ast.AST
    what: str
    unconstrained: bool = False


class _Known(NamedTuple):
    """What is known at the start of a function that is reached: its names, and whether a check decided on the way.

    ``checked_without_constraint`` counts only checks that are no ``except IntegrityError``.
    """

    names: Names
    checked: bool
    checked_without_constraint: bool


def repeated_effects(module: Module) -> Iterator[RepeatedEffect]:
    """What the handlers in ``module`` do again with each delivery, the first of each branch."""
    for handler in webhook_handlers.analysed_handlers(module):
        if not handler.is_stripe or not handler.is_genuine or not _may_report_in(module, handler):
            continue
        found = [each for each in _of_handler(handler) if each.reported.module.path == module.path]
        found.sort(key=lambda each: (each.reported.line, getattr(each.reported.node, "col_offset", 0)))
        reported: list[RepeatedEffect] = []
        for each in found:
            if not any(_runs_before(earlier.reported, each.reported) for earlier in reported):
                reported.append(each)
                yield each


def _may_report_in(module: Module, handler: Handler) -> bool:
    """Whether the event of ``handler`` comes out of its verification in ``module``: there its effects are reported."""
    return any(other.path == module.path for other in (handler.module, *handler.facts.modules))


def repeating_handler(module: Module, node: ast.AST) -> Handler | None:
    """The handler of an event, in any file, that runs ``node`` again each time the event is delivered."""
    function = module.enclosing_function(node)
    if function is None:
        return None
    for handler in reach.verified_handlers(module):
        known: dict[int, _Known] = {}
        for reached in reach.reached_from(handler):
            here = _known_at(reached, known)
            known[id(reached)] = here
            if (reached.module.path, reached.function.lineno) != (module.path, function.lineno):
                continue
            if not reach.may_come_to(reached, node):
                continue
            if not here.checked and not _is_checked(reached, node, here.names):
                return handler
    return None


def _of_handler(handler: Handler) -> list[RepeatedEffect]:
    key = ("repeated effects", handler.function)
    found = handler.module.memory.get(key)
    if not isinstance(found, list):
        found = list(_found_from(handler))
        handler.module.memory[key] = found
    return found


def _found_from(handler: Handler) -> Iterator[RepeatedEffect]:
    known: dict[int, _Known] = {}
    for reached in reach.reached_from(handler):
        here = _known_at(reached, known)
        known[id(reached)] = here
        if here.checked_without_constraint:
            continue
        if _sends_too_deep(reached) and reached.caller is not None and reached.call is not None:
            sent = Place(reached.caller.module, reached.call)
            yield RepeatedEffect(_reported(reached.caller, reached.call), sent, "sends a message")
            continue
        for effect in _effects(reached.module, reached.function, here.names):
            if (here.checked and not effect.unconstrained) or _is_too_early(reached, effect.node):
                continue
            if not reach.may_come_to(reached, effect.node):
                continue
            if _is_checked(reached, effect.node, here.names, constraints=not effect.unconstrained):
                continue
            yield RepeatedEffect(_reported(reached, effect.node), Place(reached.module, effect.node), effect.what)


def _sends_too_deep(reached: Reached) -> bool:
    """Whether a function from which nothing is followed any more says by its name that it sends a message."""
    node = reached.function
    return reached.depth == reach.DEEPEST and not isinstance(node, ast.Lambda) and work.is_message_name(node.name)


def _known_at(reached: Reached, known: dict[int, _Known]) -> _Known:
    caller, call = reached.caller, reached.call
    if caller is None or call is None:
        found = event_values.names_in(reached.module, reached.function, event_values.USUAL_PARAMETERS)
        once = duplicate_checks.is_checked_by_decorator(reached.module, reached.function)
        return _Known(found, checked=once, checked_without_constraint=once)
    before = known[id(caller)]
    if (
        exceptions.is_in_except(caller.module, call, caller.function)
        or _runs_too_early(reached, caller, call)
        or duplicate_checks.is_checked_by_decorator(reached.module, reached.function)
    ):
        return _Known(before.names, checked=True, checked_without_constraint=True)
    callee = FunctionReference(reached.module, reached.function)
    parameters = event_values.event_arguments(caller.module, call, callee, before.names)
    found = event_values.names_in(reached.module, reached.function, parameters)
    return _Known(
        found,
        before.checked or _is_checked(caller, call, before.names),
        before.checked_without_constraint or _is_checked(caller, call, before.names, constraints=False),
    )


def _is_checked(reached: Reached, node: ast.AST, known: Names, *, constraints: bool = True) -> bool:
    return duplicate_checks.is_checked(
        reached.module,
        reached.function,
        node,
        known,
        constraints=constraints,
        known_from=verified_from.known_from(reached),
    )


def _runs_too_early(reached: Reached, caller: Reached, call: ast.AST) -> bool:
    """Whether a function is called, not only named, before anything is known of the event."""
    if not isinstance(call, ast.Call) or not _is_too_early(caller, call):
        return False
    reference = definitions.function_behind(names.resolve(caller.module, call.func))
    return reference is not None and reference.node is reached.function


def _is_too_early(reached: Reached, node: ast.AST) -> bool:
    """Whether something runs before anything is known of the event, such as a count of requests."""
    end = getattr(node, "end_lineno", None)
    return end is not None and end < verified_from.known_from(reached)


def _reported(reached: Reached, node: ast.AST) -> Place:
    """The effect itself, or the call that leads to it in the file that handles the verified event."""
    chain: list[Reached] = []
    current: Reached | None = reached
    while current is not None:
        chain.append(current)
        current = current.caller
    chain.reverse()
    calls = [*(each.call for each in chain[1:]), node]
    home = next(
        (
            position
            for position, (each, call) in enumerate(zip(chain, calls, strict=True))
            if not isinstance(call, ast.Call)
            or not (stripe_calls.call_verifies(each.module, call) or _verifies_below(chain[position + 1 :]))
        ),
        len(chain) - 1,
    )
    path = chain[home].module.path
    # not further than the function that is called for one type of event: what lies behind it serves others too
    last = home + 1
    while last < len(calls) - 1 and not isinstance(calls[last], ast.Call):
        last += 1
    near = list(zip(chain, calls, strict=True))[: last + 1]
    return next(Place(each.module, call) for each, call in reversed(near) if call and each.module.path == path)


def _verifies_below(chain: list[Reached]) -> bool:
    """Whether the function that a call leads to verifies the event itself, whatever it does where that fails."""
    return bool(chain) and verifiers.mentions_verification(chain[0].module, chain[0].function)


def _runs_before(earlier: Place, later: Place) -> bool:
    """Whether ``earlier`` has always run where ``later`` runs: its statement comes first in a block around that."""
    module = earlier.module
    if module is not later.module:
        return False
    statement: ast.stmt = module.statement_of(earlier.node)
    parent = module.parents.get(statement)
    while isinstance(parent, ast.Try | ast.With | ast.AsyncWith) and statement in parent.body:
        statement, parent = parent, module.parents.get(parent)
    if parent is None or earlier.node is later.node:
        return earlier.node is later.node
    chain = [later.node, *module.ancestors(later.node)]
    block = blocks.block_of(module, statement)
    after = block[block.index(statement) :]
    return any(node in after for node in chain)


# what is an effect


def _effects(module: Module, function: FunctionNode, known: Names) -> Iterator[_Effect]:
    for node in syntax.own_nodes(function):
        if not isinstance(node, ast.Call | ast.AugAssign | ast.Assign) or exceptions.is_in_except(
            module, node, function
        ):
            continue
        if isinstance(node, ast.Call):
            effect = _of_call(module, node, known)
            if effect is not None:
                yield effect
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
            if _is_stored(node.target, known):
                yield _Effect(node, "adds to a stored number")
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            target = node.targets[0]
            if _adds_to_itself(target, node.value) and _is_stored(target, known):
                yield _Effect(node, "adds to a stored number")


def _is_stored(target: ast.expr, known: Names) -> bool:
    """Whether a target is an attribute of a row that was looked up, or of one that belongs to it."""
    base = target.value if isinstance(target, ast.Attribute | ast.Subscript) else None
    chain = (functions.attribute_chain(base) if base is not None else None) or []
    return any(".".join(chain[: length + 1]) in known.rows for length in range(len(chain)))


def _adds_to_itself(target: ast.expr, value: ast.expr) -> bool:
    own = functions.dotted_name(target)
    return (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Add | ast.Sub)
        and own is not None
        and functions.dotted_name(value.left) == own
    )


def _of_call(module: Module, call: ast.Call, known: Names) -> _Effect | None:
    name = functions.last_name(call.func) or ""
    if name in {"append", "appendleft"} and isinstance(call.func, ast.Attribute):
        shared = _is_shared(module, call.func.value)
        return _Effect(call, "appends to a list that outlives the request") if shared else None
    if name in {"add", "add_all", "save", "asave"} and isinstance(call.func, ast.Attribute):
        return _of_row_saved(module, call, name)
    kind = work.of_call(module, call)
    if kind is Work.MESSAGE:
        return _Effect(call, "sends a message")
    if kind in {Work.MONEY, Work.STRIPE}:
        # Stripe itself refuses to confirm, capture, pay or finalize twice
        creates = "create" in name or name in {"refund", "refund_async"}
        return _Effect(call, "creates something at Stripe") if creates and _is_new_request(module, call, kind) else None
    if kind is Work.INSERT:
        return _of_insert(module, call, known)
    if kind is Work.WRITE and _increments(module, call) and not claims.changes_once(module, call):
        return _Effect(call, "adds to a stored number")
    return None


def _is_new_request(module: Module, call: ast.Call, kind: Work | None) -> bool:
    """Whether a request has a key that is made anew; one without a key is another rule's where it moves money."""
    passed = [keyword.value for keyword in call.keywords if keyword.arg == keys.KEY]
    if not passed:
        unseen = any(keyword.arg in {None, "options", "headers"} for keyword in call.keywords) or len(call.args) > 1
        return kind is Work.STRIPE and not unseen
    fresh = static_values.FRESH_CALLS
    return any(
        isinstance(inner, ast.Call) and names.dotted_path(module, inner.func) in fresh
        for inner in syntax.descendants(assignments.assigned_expression(module, passed[0])[1])
    )


def _is_shared(module: Module, receiver: ast.expr) -> bool:
    base = receiver.value if isinstance(receiver, ast.Subscript) else receiver
    if not isinstance(base, ast.Name):
        return False
    found = module.scope_of(base).lookup(base.id)
    return found is not None and found[0] is module.scope


def _of_row_saved(module: Module, call: ast.Call, name: str) -> _Effect | None:
    """A new object that is added to a session, or saved; one that was looked up is only changed."""
    if name in {"add", "add_all"} and isinstance(call.func, ast.Attribute):
        if work.of_call(module, call) is not Work.INSERT:
            return None
        if isinstance(call.func.value, ast.Call):
            return None if _goes_to_log(call) else _Effect(call, "adds a row")
    stored = work.stored_object(module, call)
    if stored is None:
        return None
    source, made = stored
    owner = names.resolve(source, made.func)
    if not isinstance(owner, ClassReference) or unique_columns.refuses_second(owner, made):
        return None
    return _Effect(call, "adds a row", unconstrained=True)


def _of_insert(module: Module, call: ast.Call, known: Names) -> _Effect | None:
    """An insert that the database does not refuse a second time, as far as its table can be seen."""
    if _goes_to_log(call):
        return None
    if functions.last_name(call.func) in {"create", "acreate"} and isinstance(call.func, ast.Attribute):
        reference = names.resolve(module, work.manager_of(call) or call.func.value)
        if not isinstance(reference, ClassReference) or unique_columns.refuses_second(reference, call):
            return None
        return _Effect(call, "adds a row", unconstrained=True)
    name = functions.last_name(call.func)
    if name in _COUNTING:
        return _Effect(call, "adds to a stored number")
    if name in _APPENDING:
        return _Effect(call, "appends to a stored list")
    for inner in syntax.descendants(call):
        if isinstance(inner, ast.Dict):
            for key, value in zip(inner.keys, inner.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in {"_id", "id"}:
                    return None if event_values.is_of_event(module, value, known) else _Effect(call, "adds a row")
    return _Effect(call, "adds a row")


def _goes_to_log(call: ast.Call) -> bool:
    """Whether the name of a collection or table, which is a text in what is called, says that it keeps a log."""
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(_LOG_NAME, node.value)
        for node in syntax.descendants(call.func)
    )


def _increments(module: Module, call: ast.Call) -> bool:
    """Whether an update adds to what is stored: ``F("credits") + 10``, ``$inc``, ``SET credits = credits + 10``."""
    for inner in syntax.descendants(call):
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add | ast.Sub):
            left = inner.left
            if isinstance(left, ast.Call) and names.imported_name(module, left) in {"F", "Increment"}:
                return True
        if isinstance(inner, ast.Call) and names.imported_name(module, inner) == "Increment":
            return True
        text = inner.value if isinstance(inner, ast.Constant) else None
        if isinstance(text, str) and (
            text in {"$inc", "$push"} or re.search(_INCREMENT, sql_statements.without_comments(text))
        ):
            return True
    return False
