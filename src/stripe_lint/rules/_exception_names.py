"""The name that an ``except`` gives its exception, where a repair takes away what has read it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import syntax

if TYPE_CHECKING:
    from collections.abc import Collection

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def drop_exception_name(module: Module, clause: ast.ExceptHandler, gone: Collection[ast.AST], edit: Edit) -> None:
    """Take ``as e`` away where only what is ``gone`` has read it."""
    reads = [node for node in syntax.descendants(clause) if isinstance(node, ast.Name) and node.id == clause.name]
    if reads and all(any(around in gone for around in (node, *module.ancestors(node))) for node in reads):
        edit.remove_exception_name(clause)
