"""What the names of a handler hold: parts of the event, rows of the project, whether a row has been created."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import assignments, callers, functions, names, stripe_calls, syntax, work
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

_EVENT_PARTS: Final = frozenset(
    {"event", "stripe_event", "payload", "event_data", "obj_data", "data_object", "metadata", "webhook_data"}
    | {"event_type", "livemode"}
)
USUAL_PARAMETERS: Final = frozenset({"event", "stripe_event", "payload"})
"""What a function calls the event that it is given, where the call can't be seen."""

_ROUNDS: Final = 2
_PLAIN_FUNCTIONS: Final = frozenset(
    {"int", "str", "float", "round", "len", "dict", "list", "bool", "abs", "min", "max", "getattr", "loads", "Decimal"}
    | {"fromtimestamp", "utcfromtimestamp", "UUID", "sorted", "set", "tuple", "to_dict", "to_dict_recursive", "next"}
)
_OR_CREATE: Final = r"_or_create(?:_|$)|^upsert|^ensure_"
_EVENT_NAME: Final = r"event|notification|^evt$|delivery|hook_data|webhook_data"


class Names(NamedTuple):
    """What the names of one function hold: parts of the event, rows of the project, whether a row has been created.

    ``ids`` are the parameters that are given the event's id.
    """

    event: frozenset[str]
    rows: frozenset[str]
    created: frozenset[str]
    ids: frozenset[str] = frozenset()


def names_in(module: Module, function: FunctionNode, event_parameters: frozenset[str]) -> Names:
    """What the names in ``function`` hold where ``event_parameters`` are parts of the event."""
    key = ("names of the event", function, event_parameters)
    known = module.memory.get(key)
    if not isinstance(known, Names):
        known = module.memory[key] = _learned(module, function, event_parameters)
    return known


def _learned(module: Module, function: FunctionNode, event_parameters: frozenset[str]) -> Names:
    event = set(event_parameters)
    rows: set[str] = set()
    created: set[str] = set()
    bound = list(_bindings(module, function))
    bound.sort(key=lambda each: (getattr(each[1], "lineno", 0), getattr(each[1], "col_offset", 0)))
    known = Names(frozenset(event), frozenset(), frozenset())
    for _ in range(_ROUNDS):
        before = known
        for target, value in bound:
            _learn(module, target, value, known, event, rows, created)
            known = Names(frozenset(event), frozenset(rows), frozenset(created))
        if known == before:
            break
    return known


def _bindings(module: Module, function: FunctionNode) -> Iterator[tuple[ast.expr, ast.expr]]:
    for assigned in module.own_of_kind(function, ast.Assign):
        for target in assigned.targets:
            yield target, assigned.value
    for annotated in module.own_of_kind(function, ast.AnnAssign):
        if annotated.value is not None:
            yield annotated.target, annotated.value
    for named in module.own_of_kind(function, ast.NamedExpr):
        yield named.target, named.value
    loops: list[ast.For | ast.AsyncFor] = [
        *module.own_of_kind(function, ast.For),
        *module.own_of_kind(function, ast.AsyncFor),
    ]
    for loop in loops:
        yield loop.target, loop.iter


def _learn(
    module: Module,
    target: ast.expr,
    value: ast.expr,
    known: Names,
    event: set[str],
    rows: set[str],
    created: set[str],
) -> None:
    if isinstance(target, ast.Tuple | ast.List):
        called = call_of(value)
        if (
            called is not None
            and re.search(_OR_CREATE, functions.last_name(called.func) or "")
            and len(target.elts) == 2
        ):
            created.update(each.id for each in target.elts if isinstance(each, ast.Name))
            return
        for element in target.elts:
            _learn(module, element, value, known, event, rows, created)
        return
    name = functions.dotted_name(target)
    if name is None or ("." in name and not name.startswith("self.")):
        # what is stored in a row may be what an earlier delivery has stored there
        return
    if is_of_event(module, value, known):
        event.add(name)
        rows.discard(name)
    elif name not in event and (_is_one_of_rows(value, known) or Work.LOOKUP in work.of_calls_in(module, value)):
        rows.add(name)


def _is_one_of_rows(node: ast.expr, known: Names) -> bool:
    """Whether an expression is one of the rows that a name holds, or what a loop over them goes through."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
        node = node.value
    return isinstance(node, ast.Name) and node.id in known.rows


def call_of(node: ast.expr) -> ast.Call | None:
    """The call that an expression is, awaited or not."""
    inner = node.value if isinstance(node, ast.Await) else node
    return inner if isinstance(inner, ast.Call) else None


def is_of_event(module: Module, node: ast.expr, known: Names) -> bool:
    """Whether an expression is a part of the event, or made of parts and constants alone."""
    found = False
    for inner in work.nodes_of(node):
        if isinstance(inner, ast.Call):
            if stripe_calls.call_verifies(module, inner):
                return True
            method = stripe_calls.method_of(names.resolve(module, inner.func))
            if method is not None:
                return not method.mutating
            if not _extracts(module, inner, known):
                return False
        elif isinstance(inner, ast.Name | ast.Attribute) and isinstance(inner.ctx, ast.Load):
            found = found or _names_event(inner, known)
    return found


def _names_event(node: ast.expr, known: Names) -> bool:
    chain = functions.attribute_chain(node)
    if chain is None:
        return False
    if any(".".join(chain[: length + 1]) in known.event for length in range(len(chain))):
        return True
    return any(part in _EVENT_PARTS for part in chain)


def _extracts(module: Module, call: ast.Call, known: Names) -> bool:
    """Whether a call only takes something out of its receiver or arguments, or writes it in another way."""
    name = functions.last_name(call.func) or ""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name in _PLAIN_FUNCTIONS and not (name == "set" and receiver is not None):
        return True
    if receiver is not None and is_of_event(module, receiver, known):
        return True
    reference = names.resolve(module, call.func)
    if isinstance(reference, FunctionReference):
        return not work.of_function(reference.module, reference.node)
    return False


def event_arguments(module: Module, call: ast.AST, reference: FunctionReference, known: Names) -> frozenset[str]:
    """The parameters of a function that get parts of the event from ``call``; all of them where it is no plain call."""
    if not isinstance(call, ast.Call):
        return frozenset(each.arg for each in functions.parameters(reference.node)) - {"self", "cls"}
    given = callers.bound(reference.module, reference.node, call)
    return frozenset(parameter for parameter, argument in given.items() if is_of_event(module, argument, known))


def is_event_id(module: Module, node: ast.expr) -> bool:
    """Whether an expression is the id of the event."""
    if isinstance(node, ast.Name):
        if re.fullmatch(r"(?:stripe_)?(?:event|evt|delivery)_?id", node.id):
            return True
        found = assignments.assigned_expression(module, node)[1]
        return found is not node and not isinstance(found, ast.Name) and is_event_id(module, found)
    base: ast.expr | None = None
    if isinstance(node, ast.Attribute):
        base = node.value if node.attr == "id" else None
    elif isinstance(node, ast.Subscript):
        base = node.value if isinstance(node.slice, ast.Constant) and node.slice.value == "id" else None
    elif isinstance(node, ast.Call) and functions.last_name(node.func) == "get" and node.args:
        key = node.args[0]
        if isinstance(key, ast.Constant) and key.value == "id" and isinstance(node.func, ast.Attribute):
            base = node.func.value
    return base is not None and re.search(_EVENT_NAME, (functions.last_name(base) or "").lower()) is not None


def names_event_id(module: Module, function: FunctionNode) -> bool:
    """Whether a function names the event's id."""
    return any(isinstance(node, ast.expr) and is_event_id(module, node) for node in syntax.own_nodes(function))


def holds_event_id(module: Module, node: ast.expr) -> bool:
    """Whether the event's id stands in an expression."""
    return any(isinstance(inner, ast.expr) and is_event_id(module, inner) for inner in syntax.descendants(node))
