"""Finds the calls that stand in an ``except`` for one that failed in its ``try``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import functions, syntax

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction


def other_attempt(module: Module, node: ast.Call) -> ast.Call | None:
    """The same call, where one of the two stands in a ``try`` and the other in one of its ``except``."""
    written = ast.dump(node)
    for other in module.calls.get(functions.last_name(node.func) or "", ()):
        if (
            other is not node
            and ast.dump(other) == written
            and (answers_failure_of(module, other, node) or answers_failure_of(module, node, other))
        ):
            return other
    return None


def answers_failure_of(module: Module, call: ast.Call, node: ast.AST) -> bool:
    """Whether ``call`` stands in an ``except`` of a ``try`` whose body holds ``node``."""
    inside = set(module.ancestors(node))
    for around in module.ancestors(call):
        if isinstance(around, ast.ExceptHandler):
            attempt = module.parents[around]
            if (
                isinstance(attempt, ast.Try)
                and attempt in inside
                and any(statement is node or statement in inside for statement in attempt.body)
            ):
                return True
    return False


def answers_failure_anywhere(module: Module, function: NamedFunction, node: ast.Call) -> bool:
    """Whether a call in ``function`` stands in an ``except`` for ``node``, whatever it passes."""
    return any(
        other is not node
        and isinstance(other, ast.Call)
        and ast.dump(other.func) == ast.dump(node.func)
        and answers_failure_of(module, other, node)
        for other in syntax.own_nodes(function)
    )
