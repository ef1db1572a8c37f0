"""Whether a value of a type may be ``None``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, imports, names, syntax
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

_DEEPEST: Final = 40
"""How many steps a type is followed, as deep as names are."""


def admits_none(module: Module, annotation: ast.expr, depth: int = 0) -> bool:
    """Whether a type admits ``None``; names of types and ``Annotated`` are looked through."""
    if depth > _DEEPEST:
        return False
    expression = syntax.annotation_expression(annotation)
    if syntax.is_none(expression):
        return True
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.BitOr):
        return any(admits_none(module, part, depth + 1) for part in (expression.left, expression.right))
    if isinstance(expression, ast.Subscript):
        path = _path_of(module, expression)
        parts = expression.slice.elts if isinstance(expression.slice, ast.Tuple) else [expression.slice]
        if path in names.ANNOTATED:
            return bool(parts) and admits_none(module, parts[0], depth + 1)
        return path in names.OPTIONAL_WRAPPERS and (
            path.endswith(".Optional") or any(admits_none(module, part, depth + 1) for part in parts)
        )
    if isinstance(expression, ast.Name) and expression in module.parents:
        source, binding = imports.settled(module, module.bindings_of(expression))
        value = binding.value if binding is not None and binding.kind is BindingKind.ASSIGNMENT else None
        return isinstance(value, ast.Subscript | ast.BinOp) and admits_none(source, value, depth + 1)
    return False


def _path_of(module: Module, generic: ast.Subscript) -> str | None:
    if generic not in module.parents:
        # what stands in quotes has no place in the tree, and is taken for what it is usually called
        return f"typing.{functions.last_name(generic.value)}"
    return names.dotted_path(module, generic.value)
