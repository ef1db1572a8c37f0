"""What the conditions on the way to an expression say of a value: whether it is set, or missing, there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stripe_lint.analysis.module import Module

NO_VALUE: Final = frozenset({None})
NO_TEXT: Final = frozenset({None, ""})


def on_the_way(module: Module, node: ast.AST, within: ast.AST | None) -> Iterator[tuple[ast.expr, bool]]:
    """The conditions that decide whether ``node`` is evaluated, the nearest first, each with whether it has to hold.

    They stand around ``node``, or above it and leave what is around both; all of them within the function ``within``.
    """
    child = node
    for around in module.ancestors(node):
        for block in blocks.blocks_of(around):
            if child in block:
                yield from _of_earlier(module, block[: block.index(child)])
        yield from _of_surroundings(around, child)
        if around is within:
            return
        child = around


def _of_earlier(module: Module, statements: Sequence[ast.stmt]) -> Iterator[tuple[ast.expr, bool]]:
    for earlier in reversed(statements):
        if isinstance(earlier, ast.Assert):
            yield earlier.test, True
        elif isinstance(earlier, ast.If):
            if blocks.leaves(module, earlier.body):
                yield earlier.test, False
                yield from _of_earlier(module, earlier.orelse)
            elif blocks.leaves(module, earlier.orelse):
                yield earlier.test, True
                yield from _of_earlier(module, earlier.body)


def _of_surroundings(around: ast.AST, child: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    if isinstance(around, ast.If | ast.While):
        if child in around.body:
            yield around.test, True
        elif child in around.orelse and isinstance(around, ast.If):
            yield around.test, False
    elif isinstance(around, ast.IfExp) and child is not around.test:
        yield around.test, child is around.body
    elif isinstance(around, ast.BoolOp) and isinstance(child, ast.expr):
        for value in around.values[: around.values.index(child)]:
            yield value, isinstance(around.op, ast.And)


def says_set(
    test: ast.expr, means: Callable[[ast.expr], bool], *, holds: bool, missing: frozenset[object] = NO_VALUE
) -> bool | None:
    """Whether a value is set where ``test`` holds, or fails; ``None`` where that says nothing about it.

    ``means`` recognizes an expression that is true only where the value is set; it is ``missing`` where it is compared
    with one of these constants and is equal.
    """
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return says_set(test.operand, means, holds=not holds, missing=missing)
    if isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And) is not holds:
            return None
        said = (says_set(value, means, holds=holds, missing=missing) for value in test.values)
        return next((each for each in said if each is not None), None)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        other = test.comparators[0]
        if isinstance(other, ast.Constant) and other.value in missing:
            is_missing = isinstance(test.ops[0], ast.Is | ast.Eq)
            return says_set(test.left, means, holds=holds is not is_missing, missing=missing)
    if isinstance(test, ast.NamedExpr):
        return says_set(test.target, means, holds=holds, missing=missing)
    return holds if means(test) else None
