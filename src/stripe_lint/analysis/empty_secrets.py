"""What becomes of a secret that is empty: whether it is only looked at, or something else takes its place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import conditions, functions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Scope

_CLEANED: Final = frozenset({"strip", "lower", "upper"})


def is_only_looked_at(module: Module, node: ast.AST) -> bool:
    """Whether nothing is done with a value but looking at it, where it is read or wherever its variable stands."""
    return _always(module, node, _is_looked_at)


def gives_way(module: Module, node: ast.AST) -> bool:
    """Whether an empty value is used for nothing: it is only looked at, or something else takes its place."""
    return _always(
        module,
        node,
        lambda source, each: (
            _is_looked_at(source, each)
            or _is_replaced(source, each)
            or _is_left_out(source, each)
            or _is_known_to_be_full(source, each)
        ),
    )


def _always(module: Module, node: ast.AST, holds: Callable[[Module, ast.AST], bool]) -> bool:
    """Whether something holds of a value where it is read, or of each use of the local variable that is assigned it."""
    if holds(module, node):
        return True
    uses = _uses_of_variable(module, node)
    return bool(uses) and all(holds(module, use) for use in uses)


def _uses_of_variable(module: Module, node: ast.AST) -> list[ast.Name]:
    """The uses of the local variable that holds the value, where it holds nothing else."""
    value = node
    for around in module.ancestors(node):
        if isinstance(around, ast.Attribute):
            if around.attr not in _CLEANED:
                return []
        elif not (isinstance(around, ast.Call) and around.func is value):
            break
        value = around
    statement = module.parents.get(value)
    target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
    if not isinstance(target, ast.Name):
        return []
    found = module.scope_of(target).lookup(target.id)
    if found is None or found[0].function is None or len(found[1]) != 1:
        return []
    return [
        each
        for each in module.of_kind(ast.Name)
        if each.id == target.id and isinstance(each.ctx, ast.Load) and _is_bound_in(module, each, found[0])
    ]


def _is_bound_in(module: Module, node: ast.Name, scope: Scope) -> bool:
    found = module.scope_of(node).lookup(node.id)
    return found is not None and found[0] is scope


def _is_looked_at(module: Module, node: ast.AST) -> bool:
    """Whether nothing is asked of a value but if there is one, or how it begins: ``bool(os.getenv("NAME", ""))``."""
    child = node
    for around in module.ancestors(node):
        if isinstance(around, ast.UnaryOp):
            return isinstance(around.op, ast.Not)
        if isinstance(around, ast.If | ast.While | ast.IfExp | ast.Assert):
            return child is around.test
        if isinstance(around, ast.Compare):
            return all(_is_literal(part) for part in (around.left, *around.comparators) if part is not child)
        if isinstance(around, ast.Subscript):
            return child is around.value and isinstance(around.slice, ast.Slice)
        if isinstance(around, ast.Call):
            if child in around.args:
                return isinstance(around.func, ast.Name) and around.func.id in {"bool", "len"}
            if child is not around.func:
                return False
        elif isinstance(around, ast.Attribute):
            if around.attr in {"startswith", "endswith"}:
                return True
            if around.attr not in _CLEANED:
                return False
        elif not isinstance(around, ast.BoolOp):
            return False
        child = around
    return False


def _is_literal(node: ast.expr) -> bool:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return all(isinstance(part, ast.Constant) for part in parts)


def _is_replaced(module: Module, node: ast.AST) -> bool:
    """Whether something else is taken where a value is empty: ``secret or None``, ``secret if secret else None``."""
    child = node
    for around in module.ancestors(node):
        if isinstance(around, ast.BoolOp) and isinstance(around.op, ast.Or) and child is not around.values[-1]:
            return True
        if not (isinstance(around, ast.Attribute) and around.attr in _CLEANED) and not (
            isinstance(around, ast.Call) and around.func is child
        ):
            return False
        child = around
    return False


def _is_left_out(module: Module, node: ast.AST) -> bool:
    """Whether an empty text is left out of a list: ``[each for each in text.split(",") if each]``."""
    child = node
    for around in module.ancestors(node):
        if isinstance(around, ast.comprehension):
            return isinstance(around.target, ast.Name) and _keeps_full(around.ifs, around.target.id)
        if isinstance(around, ast.Call) and around.func is not child:
            return functions.last_name(around.func) == "filter" and _lets_text_through(around.args[0])
        if not (isinstance(around, ast.Attribute) and around.attr in _CLEANED | {"split"}) and not isinstance(
            around, ast.Call
        ):
            return False
        child = around
    return False


def _keeps_full(tests: Sequence[ast.expr], name: str) -> bool:
    """Whether one of several conditions holds only where the variable ``name`` is not empty."""
    return any(
        conditions.says_set(test, lambda each: _is_full_text(each, name), holds=True, missing=conditions.NO_TEXT)
        for test in tests
    )


def _lets_text_through(node: ast.expr) -> bool:
    """Whether a filter keeps what is not empty alone."""
    return (isinstance(node, ast.Constant) and node.value is None) or functions.last_name(node) in {"bool", "len"}


def _is_known_to_be_full(module: Module, node: ast.AST) -> bool:
    """Whether a variable is used only where a condition around it has found that it is not empty."""
    if not isinstance(node, ast.Name):
        return False
    name = node.id
    return any(
        conditions.says_set(test, lambda each: _is_full_text(each, name), holds=holds, missing=conditions.NO_TEXT)
        for test, holds in conditions.on_the_way(module, node, module.enclosing_function(node))
    )


def _is_full_text(test: ast.expr, name: str) -> bool:
    """Whether an expression is true only where the variable ``name`` is not empty: itself, or what is left of it."""
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr in _CLEANED:
        return _is_full_text(test.func.value, name)
    return isinstance(test, ast.Name) and test.id == name
