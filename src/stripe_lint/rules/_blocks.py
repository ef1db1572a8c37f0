"""Questions about the blocks of a function that repairs ask: where statements stand, and which one comes first."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import syntax

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction
    from stripe_lint.fixing.edit import Edit

_REPEATED = (ast.For, ast.AsyncFor, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def block_of(module: Module, statement: ast.stmt) -> list[ast.stmt]:
    """The block that holds ``statement``."""
    parent = module.parents[statement]
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and statement in block:
            return block
    raise AssertionError("a statement stands in a block")


def leaves(block: Sequence[ast.stmt]) -> bool:
    """Whether a block ends in a ``return``, a ``raise`` or a jump out of a loop."""
    return isinstance(block[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def drop_exception_name(module: Module, clause: ast.ExceptHandler, gone: Collection[ast.AST], edit: Edit) -> None:
    """Take ``as e`` away where only what is ``gone`` has read it."""
    reads = [node for node in syntax.descendants(clause) if isinstance(node, ast.Name) and node.id == clause.name]
    if reads and all(any(around in gone for around in (node, *module.ancestors(node))) for node in reads):
        edit.remove_exception_name(clause)


def first_in_common_block(module: Module, function: NamedFunction, nodes: Sequence[ast.AST]) -> ast.stmt | None:
    """The first statement of the innermost block of ``function`` that holds all ``nodes``, which is one of theirs.

    A loop or a nested function is not entered: the statement is run once where ``function`` comes to it.
    """
    paths = [_statements_around(module, function, node) for node in nodes]
    found: ast.stmt | None = None
    for depth in range(min(map(len, paths), default=0)):
        level = [path[depth] for path in paths]
        block = block_of(module, level[0])
        if any(statement not in block for statement in level):
            break
        found = min(level, key=block.index)
        if len(set(map(id, level))) > 1 or isinstance(found, _REPEATED):
            break
    return found


def _statements_around(module: Module, function: NamedFunction, node: ast.AST) -> list[ast.stmt]:
    """The statements of ``function`` that hold ``node``, the outermost first."""
    around: list[ast.stmt] = []
    for each in (node, *module.ancestors(node)):
        if each is function:
            break
        if isinstance(each, ast.stmt):
            around.append(each)
    return around[::-1]
