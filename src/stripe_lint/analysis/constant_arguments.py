"""Which code of a function a call can come to, by the constants that it passes and the defaults that it leaves."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import callers, conditions, functions
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

    Constants = Mapping[ast.AST, ast.Constant]
    """What parameters are, as far as they are constants."""


def may_lead_to(module: Module, function: FunctionNode, call: ast.AST, node: ast.AST) -> bool:
    """Whether ``node`` in ``function``, a function of ``module``, may run because of ``call``, by the conditions there.

    ``call`` may stand in any file; what is no call of the function by its name, such as what hands it on, may lead to
    all of it.
    """
    given: Constants | None = None
    for test, holds in conditions.on_the_way(module, node, function):
        if given is None:
            given = constants(module, function, call)
        outcome = _outcome(module, given, test) if given else None
        if outcome is not None and outcome is not holds:
            return False
    return True


def constants(module: Module, function: FunctionNode, call: ast.AST) -> Constants:
    """The parameters for which ``call`` passes a constant, or leaves one, and which nothing else is assigned to."""
    if (
        not isinstance(function, NamedFunction)
        or not isinstance(call, ast.Call)
        or functions.last_name(call.func) != function.name
    ):
        return {}
    given = callers.bound(module, function, call)
    scope = module.scopes[function]
    found: dict[ast.AST, ast.Constant] = {}
    for parameter in functions.parameters(function):
        value = given.get(parameter.arg)
        if value is None and not functions.unpacks(call):
            value = functions.default_of(function, parameter)
        if isinstance(value, ast.Constant) and len(scope.bindings.get(parameter.arg, ())) == 1:
            found[parameter] = value
    return found


def constant_of(module: Module, given: Constants, node: ast.expr) -> ast.Constant | None:
    """The constant that ``node`` is, itself or as one of the parameters that have what is ``given``."""
    if isinstance(node, ast.Constant):
        return node
    binding = module.only_binding(node)
    return given.get(binding.node) if binding is not None else None


def _outcome(module: Module, given: Constants, test: ast.expr) -> bool | None:
    """Whether ``test`` holds; ``None`` where constants don't tell."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        outcome = _outcome(module, given, test.operand)
        return None if outcome is None else not outcome
    if isinstance(test, ast.BoolOp):
        outcomes = [_outcome(module, given, value) for value in test.values]
        decisive = isinstance(test.op, ast.Or)
        if decisive in outcomes:
            return decisive
        return None if None in outcomes else not decisive
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right = constant_of(module, given, test.left), test.comparators[0]
        if left is None or not isinstance(right, ast.Constant):
            return None
        if isinstance(test.ops[0], ast.Is | ast.Eq):
            return bool(left.value == right.value)
        return bool(left.value != right.value) if isinstance(test.ops[0], ast.IsNot | ast.NotEq) else None
    constant = constant_of(module, given, test)
    return bool(constant.value) if constant is not None else None
