"""What tells for certain that an event was handled before.

Unlike in ``duplicate_tests``, what can't be seen tells nothing.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    assignments,
    blocks,
    claims,
    constant_numbers,
    event_values,
    exceptions,
    functions,
    names,
    syntax,
    work,
)
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import BindingKind
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from stripe_lint.analysis.event_values import Names
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

TAKEN_ALREADY: Final = (
    r"Integrity|Unique|Duplicate|AlreadyExists|ConditionalCheck|Conflict|AlreadyProcessed|FailedPrecondition"
)
"""The names of exceptions that tell that something is stored already."""

_MOST_STEPS: Final = 6
"""Through how many names and functions a condition is followed."""

_KEPT: Final = frozenset({"get", "exists", "sismember", "hexists", "hget", "has_key"})
"""Methods that ask a store of keys for the one that they are given."""

_BEING_HANDLED: Final = r"(?i)lock|progress|processing|pending|running|busy"
"""What says that an event is being handled right now, so that it is right to let Stripe send it again."""

_SHORTEST_MEMORY: Final = 3600
"""For how many seconds at least a key is kept that remembers an event, and does not only lock it."""

_EXPIRES: Final = {"ex": 1, "timeout": 1, "px": 1000}
"""The arguments with the life of a key, and how many of their units are a second."""


def tells(module: Module, test: ast.expr, known: Names, *, holds: bool, depth: int = 0) -> bool:
    """Whether a condition that turned out as ``holds`` tells that the event's id was stored before."""
    if depth > _MOST_STEPS:
        return False
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return tells(module, test.operand, known, holds=not holds, depth=depth)
    if isinstance(test, ast.BoolOp):
        if any(re.search(_BEING_HANDLED, ast.dump(each)) for each in test.values):
            return False
        of_each = [tells(module, each, known, holds=holds, depth=depth) for each in test.values]
        return any(of_each) if isinstance(test.op, ast.And) is holds else all(of_each)
    if isinstance(test, ast.Await | ast.NamedExpr):
        return tells(module, test.value, known, holds=holds, depth=depth)
    if isinstance(test, ast.Compare):
        return len(test.ops) == 1 and _compared(module, test, known, holds=holds, depth=depth)
    if isinstance(test, ast.Name):
        return _named(module, test, known, holds=holds, depth=depth)
    return isinstance(test, ast.Call) and _called(module, test, known, holds=holds, depth=depth)


def _compared(module: Module, test: ast.Compare, known: Names, *, holds: bool, depth: int) -> bool:
    operator, other = test.ops[0], test.comparators[0]
    if isinstance(operator, ast.In | ast.NotIn):
        return isinstance(operator, ast.In) is holds and event_values.is_event_id(module, test.left)
    if not isinstance(other, ast.Constant):
        return False
    same = isinstance(operator, ast.Is | ast.Eq)
    if (other.value is None or isinstance(other.value, bool)) and (same or isinstance(operator, ast.IsNot | ast.NotEq)):
        return tells(module, test.left, known, holds=(same is bool(other.value)) is holds, depth=depth)
    some = (isinstance(operator, ast.Gt | ast.NotEq) and other.value == 0) or (
        isinstance(operator, ast.GtE) and other.value == 1
    )
    return some and tells(module, test.left, known, holds=holds, depth=depth)


def _named(module: Module, node: ast.Name, known: Names, *, holds: bool, depth: int) -> bool:
    bindings = module.bindings_of(node)
    value = bindings[0].value if len(bindings) == 1 else None
    if value is None or isinstance(value, ast.Constant):
        return False
    if bindings[0].kind is BindingKind.UNPACKING:
        return not holds and _is_whether_created(module, node, value, known)
    return bindings[0].kind is BindingKind.ASSIGNMENT and tells(module, value, known, holds=holds, depth=depth + 1)


def _is_whether_created(module: Module, node: ast.Name, value: ast.expr, known: Names) -> bool:
    """Whether a name is the second of what ``get_or_create(event=event["id"])`` returns."""
    called = event_values.call_of(value)
    if called is None or node.id not in known.created or not _is_given_id(module, called):
        return False
    return any(
        isinstance(each, ast.Assign)
        and each.value is value
        and isinstance(each.targets[0], ast.Tuple | ast.List)
        and functions.last_name(each.targets[0].elts[-1]) == node.id
        for each in [module.statement_of(value)]
    )


def _called(module: Module, call: ast.Call, known: Names, *, holds: bool, depth: int) -> bool:
    if functions.last_name(call.func) == "bool" and len(call.args) == 1:
        return tells(module, call.args[0], known, holds=holds, depth=depth)
    if claims.sets_once(call):
        return not holds and _is_given_id(module, call) and _is_memory(module, call)
    reference = names.resolve(module, call.func)
    if isinstance(reference, FunctionReference) and _returns_tell(reference, holds=holds, depth=depth + 1):
        return _is_given_id(module, call) or _is_given_event(module, call, known)
    return holds and looks_for_event(module, call)


def _is_given_id(module: Module, call: ast.Call) -> bool:
    """Whether an argument of a call holds the event's id."""
    return any(
        isinstance(inner, ast.expr) and event_values.is_event_id(module, inner)
        for given in (*call.args, *(keyword.value for keyword in call.keywords))
        for inner in _with_parts(assignments.assigned_expression(module, given)[1])
    )


def _with_parts(node: ast.expr) -> list[ast.AST]:
    return [node, *syntax.descendants(node)]


def _is_given_event(module: Module, call: ast.Call, known: Names) -> bool:
    return any(event_values.is_of_event(module, each, known) for each in call.args)


def _is_memory(module: Module, call: ast.Call) -> bool:
    """Whether a key is set to remember an event, not to lock it while it is handled."""
    if re.search(_BEING_HANDLED, ast.dump(call)):
        return False
    for keyword in call.keywords:
        if keyword.arg in _EXPIRES:
            lasts = constant_numbers.always(module, keyword.value)
            if lasts is None or lasts / _EXPIRES[keyword.arg] < _SHORTEST_MEMORY:
                return False
    return True


def looks_for_event(module: Module, node: ast.expr) -> bool:
    """Whether an expression is a look-up by the event's id."""
    if re.search(_BEING_HANDLED, ast.dump(node)):
        return False
    asks = Work.LOOKUP in work.of_calls_in(module, node) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _KEPT
    )
    return asks and event_values.holds_event_id(module, node)


# what a function of the project returns


def _returns_tell(reference: FunctionReference, *, holds: bool, depth: int) -> bool:
    """Whether a function returns what counts as ``holds`` only for an event that was there before."""
    module, function = reference.module, reference.node
    if isinstance(function, ast.Lambda) or function in module.yields:
        return False
    inside = event_values.names_in(
        module, function, frozenset(each.arg for each in functions.parameters(function)) - {"self", "cls"}
    )
    telling = [
        each
        for each in module.returns.get(function, ())
        if not isinstance(each.value, ast.Constant) or bool(each.value.value) is holds
    ]
    return bool(telling) and all(
        _is_decided(module, function, each, inside, depth)
        if each.value is None or isinstance(each.value, ast.Constant)
        else tells(module, each.value, inside, holds=holds, depth=depth)
        for each in telling
    )


def _is_decided(module: Module, function: FunctionNode, node: ast.Return, known: Names, depth: int) -> bool:
    """Whether a ``return`` stands where it is known that the event was there before."""
    block = blocks.block_of(module, node)
    for before in block[: block.index(node)]:
        if not isinstance(before, ast.If) or not blocks.leaves(module, before.body):
            continue
        if tells(module, before.test, known, holds=False, depth=depth):
            return True
    around = module.parents[node]
    if isinstance(around, ast.If):
        return tells(module, around.test, known, holds=node in around.body, depth=depth)
    attempt = module.parents[around] if isinstance(around, ast.ExceptHandler) else None
    if isinstance(around, ast.ExceptHandler) and isinstance(attempt, ast.Try):
        return is_refused_by_store(module, function, attempt, around)
    return False


def is_refused_by_store(module: Module, function: FunctionNode, attempt: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether an ``except`` runs only where the event's id is stored already, as its ``try`` stores nothing else."""
    types = exceptions.handler_types(module, handler)
    if not types or not all(re.search(TAKEN_ALREADY, exceptions.class_names(module, each)[0]) for each in types):
        return False
    inside = list(work.within(attempt.body))
    kinds = {kind for call in inside for kind in work.of_whole_call(module, call)}
    stored = [call for call in inside if work.of_whole_call(module, call) & _STORES]
    if Work.COMMIT in kinds:
        stored += [
            call
            for call in module.calls_of.get(function, ())
            if call.lineno < attempt.lineno and work.of_whole_call(module, call) & _STORES
        ]
    return bool(stored) and all(_stores_id(module, call) for call in stored)


_STORES: Final = work.DOES_SOMETHING - {Work.COMMIT}


def _stores_id(module: Module, call: ast.Call) -> bool:
    if _is_given_id(module, call):
        return True
    made = work.stored_object(module, call)
    return made is not None and _is_given_id(*made)
