"""Conditions on the type of an event: whether it is one that the handler knows."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import assignments, blocks, event_values, functions, names, syntax
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import BindingKind
from stripe_lint.data import event_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.event_values import Names
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

_TYPE_NAMES: Final = frozenset({"event_type", "etype", "event_name", "type_", "stripe_event_type", "evt_type", "kind"})
_INSIDE: Final = frozenset({"data", "object", "metadata", "previous_attributes"})


def is_type(node: ast.expr, known: Names) -> bool:
    """Whether an expression is the type of an event."""
    if isinstance(node, ast.Name):
        return node.id in _TYPE_NAMES and node.id in known.event
    base: ast.expr | None = None
    if isinstance(node, ast.Attribute):
        base = node.value if node.attr in {"type", "event_type"} else None
    elif isinstance(node, ast.Subscript):
        base = node.value if isinstance(node.slice, ast.Constant) and node.slice.value == "type" else None
    elif (
        isinstance(node, ast.Call) and functions.last_name(node.func) == "get" and isinstance(node.func, ast.Attribute)
    ):
        key = node.args[0] if node.args else None
        base = node.func.value if isinstance(key, ast.Constant) and key.value == "type" else None
    chain = functions.attribute_chain(base) if base is not None else None
    if chain is None or _INSIDE & set(chain):
        return False
    return ".".join(chain) in known.event or "event" in chain[-1].lower()


def tells(module: Module, test: ast.expr, known: Names, tables: set[str]) -> bool | None:
    """Whether a condition that holds says that the type is known (true) or unknown (false); ``None`` for others."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = tells(module, test.operand, known, tables)
        return not inner if inner is not None else None
    if isinstance(test, ast.Name | ast.NamedExpr):
        name = test.target.id if isinstance(test, ast.NamedExpr) else test.id
        if name in tables:
            return True
        return True if isinstance(test, ast.Name) and _is_set_for_known(module, test, known) else None
    if isinstance(test, ast.Await):
        return tells(module, test.value, known, tables)
    if isinstance(test, ast.Call) and _says_known(module, test, known):
        return True
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "startswith":
        return True if is_type(test.func.value, known) else None
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id in tables:
        is_none = syntax.is_none(test.comparators[0])
        return isinstance(test.ops[0], ast.IsNot | ast.NotEq) if is_none else None
    return _compares(module, test, known)


def _compares(module: Module, test: ast.expr, known: Names) -> bool | None:
    """Whether a comparison that holds says that the type is known (true) or unknown (false); ``None`` for others."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    operator, other = test.ops[0], test.comparators[0]
    if not is_type(test.left, known) or not _lists_types(module, other):
        return None
    return isinstance(operator, ast.Eq | ast.In)


def _is_set_for_known(module: Module, node: ast.Name, known: Names) -> bool:
    """Whether a name is a flag that is set in the branches of known types, or what says so of a function's answer."""
    bindings = module.bindings_of(node)
    if not bindings or any(each.kind is not BindingKind.ASSIGNMENT for each in bindings):
        return False
    if len(bindings) == 1:
        called = event_values.call_of(bindings[0].value) if bindings[0].value is not None else None
        return called is not None and _says_known(module, called, known)
    values = [each.value.value if isinstance(each.value, ast.Constant) else None for each in bindings]
    if set(map(type, values)) != {bool} or len(set(values)) == 1:
        return False
    in_branch = [_is_in_branch(module, each.node, known) for each in bindings]
    down_before = any(value is False and not inside for value, inside in zip(values, in_branch, strict=True))
    return down_before and all(inside for value, inside in zip(values, in_branch, strict=True) if value is True)


def _is_in_branch(module: Module, node: ast.AST, known: Names) -> bool:
    """Whether a statement runs only for types that are known."""
    child = node
    for around in module.ancestors(node):
        if isinstance(around, ast.If) and child in around.body and _compares(module, around.test, known) is True:
            return True
        child = around
    return False


def _says_known(module: Module, call: ast.Call, known: Names) -> bool:
    """Whether a function of the project that is given the event answers no where it does not know the type."""
    reference = names.resolve(module, call.func)
    if not isinstance(reference, FunctionReference) or isinstance(reference.node, ast.Lambda):
        return False
    source, function = reference.module, reference.node
    parameters = event_values.event_arguments(module, call, reference, known)
    if not parameters or function in source.yields:
        return False
    inside = event_values.names_in(source, function, parameters)
    for node in source.own_of_kind(function, ast.If):
        if _compares(source, node.test, inside) is not True or continues_chain(source, node):
            continue
        left = next((each for each in otherwise(source, node, inside, set()) if isinstance(each, ast.Return)), None)
        if left is not None and _is_no(left.value):
            return True
    return any(
        isinstance(each.value, ast.Name) and _is_set_for_known(source, each.value, inside)
        for each in source.returns.get(function, ())
    )


def _is_no(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and (node.value is None or node.value is False))


def _lists_types(module: Module, node: ast.expr) -> bool:
    """Whether what a type is compared with is an event type, or a collection of the project's."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and event_types.is_known(node.value)
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(_lists_types(module, element) for element in node.elts)
    return isinstance(node, ast.Name | ast.Attribute | ast.Dict)


def looked_up(module: Module, function: FunctionNode, known: Names) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that hold what a table has for the type of an event, with the default of the look-up."""
    written: list[ast.Assign | ast.NamedExpr] = [
        *module.own_of_kind(function, ast.Assign),
        *module.own_of_kind(function, ast.NamedExpr),
    ]
    for node in written:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        value = node.value
        if not isinstance(target, ast.Name) or not isinstance(value, ast.Call) or not value.args:
            continue
        if functions.last_name(value.func) == "get" and is_type(value.args[0], known):
            yield target.id, value.args[1] if len(value.args) > 1 else None


def continues_chain(module: Module, node: ast.If) -> bool:
    """Whether an ``if`` is the ``elif`` of another one."""
    parent = module.parents.get(node)
    return isinstance(parent, ast.If) and parent.orelse == [node]


def otherwise(module: Module, node: ast.If, known: Names, tables: set[str]) -> list[ast.stmt]:
    """What runs where no branch of a chain of ``if … elif`` on the type was taken; empty where that can't be told."""
    current = node
    all_leave = blocks.leaves(module, current.body)
    while len(current.orelse) == 1 and isinstance(current.orelse[0], ast.If):
        current = current.orelse[0]
        if tells(module, current.test, known, tables) is not True:
            return []
        all_leave = all_leave and blocks.leaves(module, current.body)
    if current.orelse:
        return current.orelse
    if not all_leave:
        return []
    block = blocks.block_of(module, node)
    return block[block.index(node) + 1 :]


def taken_by_type(module: Module, function: FunctionNode, known: Names) -> Iterator[ast.Subscript]:
    """Where a function takes what a table has for the type by subscript, and nothing asks whether the table has it."""
    for node in module.own_of_kind(function, ast.Subscript):
        if not isinstance(node.ctx, ast.Load) or not is_type(node.slice, known):
            continue
        table = assignments.assigned_expression(module, node.value)[1]
        if isinstance(table, ast.Dict) and _lists_types_alone(table):
            yield node


def _lists_types_alone(table: ast.Dict) -> bool:
    return bool(table.keys) and all(
        isinstance(key, ast.Constant) and isinstance(key.value, str) and event_types.is_known(key.value)
        for key in table.keys
    )


def is_asked_for(module: Module, function: FunctionNode, known: Names) -> bool:
    """Whether something in a function depends on the type of the event, other than what a table has for it."""
    if any(True for _ in looked_up(module, function, known)):
        return True
    if any(is_type(each.subject, known) for each in module.own_of_kind(function, ast.Match)):
        return True
    compared = (part for each in module.own_of_kind(function, ast.Compare) for part in (each.left, *each.comparators))
    return any(is_type(part, known) for part in compared) or any(
        functions.last_name(call.func) == "startswith"
        and isinstance(call.func, ast.Attribute)
        and is_type(call.func.value, known)
        for call in module.calls_of.get(function, ())
    )
