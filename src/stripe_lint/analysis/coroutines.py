"""What never runs: a call of an ``async def`` function without ``await``, a method that is named and not called."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, webhook_functions

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.references import FunctionReference

_PLAIN_DECORATORS: Final = frozenset({"staticmethod", "classmethod", "override"})


def never_runs(module: Module, call: ast.Call, reference: FunctionReference) -> bool:
    """Whether a call of ``reference`` only makes a coroutine, which is dropped or only asked whether it is true."""
    function = reference.node
    if not isinstance(function, ast.AsyncFunctionDef) or function in reference.module.yields:
        return False
    if any(name not in _PLAIN_DECORATORS for name in functions.decorator_names(function)):
        return False
    if _is_dropped(module, call) or _is_test(module, call):
        return True
    uses = _uses_of_its_name(module, call)
    return bool(uses) and all(_is_test(module, use) for use in uses)


def goes_into_verification_only(module: Module, node: ast.expr) -> bool:
    """Whether what an expression gives goes into a verification of the SDK as it is, and nowhere else."""
    if _is_payload(module, node):
        return True
    uses = _uses_of_its_name(module, node)
    return bool(uses) and all(_is_payload(module, use) for use in uses)


def _is_dropped(module: Module, node: ast.expr) -> bool:
    return isinstance(module.parents[node], ast.Expr)


def _is_test(module: Module, node: ast.expr) -> bool:
    """Whether an expression only decides what runs next."""
    child: ast.AST = node
    around = module.parents[node]
    while isinstance(around, ast.BoolOp) or (isinstance(around, ast.UnaryOp) and isinstance(around.op, ast.Not)):
        child, around = around, module.parents[around]
    return isinstance(around, ast.If | ast.While | ast.Assert | ast.IfExp) and child is around.test


def _is_payload(module: Module, node: ast.expr) -> bool:
    around = module.parents[node]
    around = module.parents[around] if isinstance(around, ast.keyword) else around
    return isinstance(around, ast.Call) and functions.last_name(around.func) in webhook_functions.VERIFYING


def _uses_of_its_name(module: Module, node: ast.expr) -> list[ast.Name]:
    """Where the name is read that an expression is assigned to, if that holds nothing else."""
    statement = module.parents[node]
    target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
    function = module.enclosing_function(node)
    if not isinstance(target, ast.Name) or function is None or len(module.bindings_of(target)) != 1:
        return []
    return [
        each
        for each in module.own_of_kind(function, ast.Name)
        if each.id == target.id
        and isinstance(each.ctx, ast.Load)
        and module.bindings_of(each) == module.bindings_of(target)
    ]
