"""The number that an expression always is: a literal, a constant of the project, arithmetic of these."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import assignments, names, static_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_lint.analysis.module import Module

_DEEPEST: Final = 6
_OPERATORS: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


def always(module: Module, node: ast.expr, depth: int = 0) -> float | None:
    """The number that ``node`` is on every path; ``None`` where it is none, or can't be known."""
    if depth > _DEEPEST:
        return None
    if isinstance(node, ast.Constant):
        return float(node.value) if isinstance(node.value, bool | int | float) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        operand = always(module, node.operand, depth + 1)
        return -operand if operand is not None else None
    if isinstance(node, ast.BinOp):
        left, right = always(module, node.left, depth + 1), always(module, node.right, depth + 1)
        combine = _OPERATORS.get(node.op.__class__)
        return combine(left, right) if combine is not None and left is not None and right is not None else None
    if isinstance(node, ast.Call):
        return _infinite(module, node)
    source, assigned = assignments.assigned_expression(module, node)
    if assigned is not node:
        return always(source, assigned, depth + 1)
    constant = static_values.of(module, node).constant if isinstance(node, ast.Name | ast.Attribute) else None
    if constant is None or not isinstance(constant.value, bool | int | float):
        return None
    return float(constant.value)


def _infinite(module: Module, node: ast.Call) -> float | None:
    if names.dotted_path(module, node.func) != "builtins.float" or len(node.args) != 1:
        return None
    argument = node.args[0]
    is_infinite = isinstance(argument, ast.Constant) and argument.value in {"inf", "infinity", "Infinity"}
    return float("inf") if is_infinite else None
