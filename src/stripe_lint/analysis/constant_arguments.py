"""Which code of a function a call can come to, by the constants that it passes and the defaults that it leaves."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import callers, conditions, functions
from stripe_lint.analysis.scopes import BindingKind, NamedFunction

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode


def may_lead_to(module: Module, function: FunctionNode, call: ast.AST, node: ast.AST) -> bool:
    """Whether ``node`` in ``function``, a function of ``module``, may run because of ``call``, by the conditions there.

    ``call`` may stand in any file; what is no call of the function by its name, such as what hands it on, may lead to
    all of it.
    """
    if (
        not isinstance(function, NamedFunction)
        or not isinstance(call, ast.Call)
        or functions.last_name(call.func) != function.name
    ):
        return True
    given: dict[str, ast.expr] | None = None
    for test, holds in conditions.on_the_way(module, node, function):
        if given is None:
            given = _given(module, function, call)
        outcome = _outcome(module, function, given, test)
        if outcome is not None and outcome is not holds:
            return False
    return True


def _given(module: Module, function: NamedFunction, call: ast.Call) -> dict[str, ast.expr]:
    """What the parameters get that the call passes, or leaves to their defaults."""
    given = callers.bound(module, function, call)
    if not functions.unpacks(call):
        for parameter in functions.parameters(function):
            default = functions.default_of(function, parameter)
            if default is not None:
                given.setdefault(parameter.arg, default)
    return given


def _outcome(module: Module, function: NamedFunction, given: dict[str, ast.expr], test: ast.expr) -> bool | None:
    """Whether ``test`` holds; ``None`` where constants don't tell."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        outcome = _outcome(module, function, given, test.operand)
        return None if outcome is None else not outcome
    if isinstance(test, ast.BoolOp):
        outcomes = [_outcome(module, function, given, value) for value in test.values]
        decisive = isinstance(test.op, ast.Or)
        if decisive in outcomes:
            return decisive
        return None if None in outcomes else not decisive
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right = _constant(module, function, given, test.left), test.comparators[0]
        if left is None or not isinstance(right, ast.Constant):
            return None
        if isinstance(test.ops[0], ast.Is | ast.Eq):
            return bool(left.value == right.value)
        return bool(left.value != right.value) if isinstance(test.ops[0], ast.IsNot | ast.NotEq) else None
    constant = _constant(module, function, given, test)
    return bool(constant.value) if constant is not None else None


def _constant(
    module: Module, function: NamedFunction, given: dict[str, ast.expr], node: ast.expr
) -> ast.Constant | None:
    """The constant that a parameter has which nothing else is ever assigned to."""
    binding = module.only_binding(node)
    if binding is None or binding.kind is not BindingKind.PARAMETER or not isinstance(node, ast.Name):
        return None
    value = given.get(node.id) if binding.node in functions.parameters(function) else None
    return value if isinstance(value, ast.Constant) else None
