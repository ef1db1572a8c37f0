"""Tells when an expression is evaluated: with its statement, or on a condition, repeatedly, or at another time."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis.scopes import Comprehension, FunctionNode

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

REPEATING: Final = ast.For | ast.AsyncFor | ast.While | Comprehension | FunctionNode
"""What may run what is in it several times."""


def statement_to_prepare(module: Module, node: ast.expr) -> ast.stmt | None:
    """The statement that evaluates ``node`` exactly once each time it is run, so that something can be made before it.

    ``None`` where ``node`` may not be evaluated, is evaluated several times or later (``lambda``, comprehensions, the
    right side of ``and`` and ``or``, conditional expressions, the header of ``elif`` and ``while``, …), and where a
    variable before the statement would be an attribute of a class.
    """
    child: ast.AST = node
    current = module.parents[node]
    while not isinstance(current, ast.stmt):
        if not _is_evaluated_with(current, child):
            return None
        child, current = current, module.parents[current]
    if not _is_run_with(module, current, child) or isinstance(module.parents[current], ast.ClassDef):
        return None
    return current


def _is_evaluated_with(parent: ast.AST, child: ast.AST) -> bool:
    """Whether ``parent``, which is no statement, always evaluates its part ``child`` once."""
    if isinstance(parent, ast.BoolOp):
        return child is parent.values[0]
    if isinstance(parent, ast.IfExp):
        return child is parent.test
    if isinstance(parent, ast.Compare):
        return child is parent.left or child is parent.comparators[0]
    if isinstance(parent, Comprehension):
        return child is parent.generators[0]
    if isinstance(parent, ast.comprehension):
        return child is parent.iter
    return not isinstance(parent, ast.Lambda | ast.match_case | ast.ExceptHandler | ast.arguments | ast.arg)


def _is_run_with(module: Module, statement: ast.stmt, child: ast.AST) -> bool:
    """Whether ``statement`` always evaluates its own part ``child`` once, and something can be put before it."""
    if isinstance(statement, ast.While | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    if isinstance(statement, ast.If):
        return not is_elif(module, statement)
    if isinstance(statement, ast.Assert):
        return child is statement.test
    if isinstance(statement, ast.AnnAssign):
        return child is statement.value
    return True


def is_elif(module: Module, statement: ast.If) -> bool:
    """Whether an ``if`` statement is written as ``elif``."""
    parent = module.parents[statement]
    if not isinstance(parent, ast.If) or parent.orelse != [statement]:
        return False
    line = module.lines[statement.lineno - 1].encode()
    return line.startswith(b"elif", statement.col_offset)
