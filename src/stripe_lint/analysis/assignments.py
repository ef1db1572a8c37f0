"""Follows a name to the one expression that it is assigned."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import imports, names
from stripe_lint.analysis.references import ModuleReference
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Binding


def assigned_expression(module: Module, node: ast.expr) -> tuple[Module, ast.expr]:
    """The expression that a name is assigned once, here or in the file it is imported from; else ``node`` itself."""
    source, binding = _binding_of(module, node)
    if binding is not None and binding.kind is BindingKind.ASSIGNMENT and binding.value is not None:
        return source, binding.value
    return module, node


def _binding_of(module: Module, node: ast.expr) -> tuple[Module, Binding | None]:
    """What alone binds a name, or an attribute of a module of the project, with the module that this is in."""
    if isinstance(node, ast.Name):
        return imports.settled(module, module.bindings_of(node))
    owner = names.resolve(module, node.value) if isinstance(node, ast.Attribute) else None
    if isinstance(node, ast.Attribute) and isinstance(owner, ModuleReference):
        return imports.settled(owner.module, owner.module.scope.bindings.get(node.attr, []))
    return module, None
