"""Repairs imports of the module ``stripe.error`` itself, together with everything that is taken from it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import exceptions, module_names, sdk_uses, syntax
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def replace_module(module: Module, node: ast.Import | ast.ImportFrom, edit: Edit) -> bool:
    """Import the package instead of its module, and take from it what the file takes from the module, if anything."""
    wanted = "stripe.error" if isinstance(node, ast.Import) else "error"
    alias = next(each for each in node.names if each.name == wanted)
    others = [each for each in node.names if each is not alias]
    if isinstance(node, ast.Import) and alias.asname is None:
        attributes = list(sdk_uses.error_attributes(module))
        is_used = bool(attributes)
        for attribute in attributes:
            if not isinstance(module.parents[attribute], ast.Attribute):
                edit.decline(
                    f"stripe.error itself is a value in line {attribute.lineno}: take the classes from stripe there"
                )
            edit.replace(attribute, edit.source_of(attribute.value))
        is_needed = not _imports_package(module, node)
    else:
        uses = _uses(module, node, alias.asname or wanted, edit)
        is_used = bool(uses)
        written = module_names.existing_name(module, "stripe.StripeError", uses[0] if uses else node) or ""
        package = written.partition(".")[0] if "." in written else None
        is_needed = package is None
        if package is None and not module_names.is_free_everywhere(module, "stripe"):
            edit.decline("the name stripe, which the package would get, is taken: take the classes from the package")
        for use in uses:
            edit.replace(use, package or "stripe")
    _replace_statement(node, others, is_needed, edit)
    return is_used


def import_classes(module: Module, node: ast.ImportFrom, edit: Edit) -> None:
    """Import the classes from the package; in place of ``*`` those that the file uses, for the package has no others.

    ``from stripe import *`` brings no class of an exception: they are loaded when they are asked for by name.
    """
    listed = [f"{each.name} as {each.asname}" if each.asname else each.name for each in node.names]
    if listed == ["*"]:
        listed = sorted(
            {
                use.id
                for use in syntax.descendants(module.tree)
                if isinstance(use, ast.Name) and exceptions.is_sdk_class_name(use.id)
                if module.scope_of(use).lookup(use.id) is None
            }
        )
        if not listed or "__all__" in module.scope.bindings:
            edit.decline("which classes are needed of all can't be told here: import them by their names")
    edit.replace_statement(node, f"from stripe import {', '.join(listed)}")


def _imports_package(module: Module, node: ast.Import) -> bool:
    """Whether the package is also imported by another statement, for all that ``node`` imports it for."""
    bindings = module.scope_of(node).bindings.get("stripe", ())
    return any(
        binding.kind is BindingKind.IMPORT
        and isinstance(binding.node, ast.alias)
        and binding.node.name == "stripe"
        and module.parents[binding.node] in getattr(module.parents[node], "body", ())
        for binding in bindings
    )


def _uses(module: Module, node: ast.stmt, name: str, edit: Edit) -> list[ast.Name]:
    """Where something is taken from the module that ``name`` is bound to, from the top of the file down."""
    found = module.scope_of(node).lookup(name)
    if found is None or len(found[1]) != 1:
        edit.decline(f"{name} is given other values too: take the classes from stripe where it is used")
    uses = [
        use
        for use in syntax.descendants(found[0].node)
        if isinstance(use, ast.Name) and use.id == name and isinstance(use.ctx, ast.Load)
        if module.scope_of(use).lookup(name) == found
    ]
    for use in uses:
        if not isinstance(module.parents[use], ast.Attribute):
            edit.decline(f"{name} itself is a value in line {use.lineno}: take the classes from stripe there")
    return sorted(uses, key=lambda use: (use.lineno, use.col_offset))


def _replace_statement(node: ast.Import | ast.ImportFrom, others: list[ast.alias], is_needed: bool, edit: Edit) -> None:
    listed = ", ".join(f"{each.name} as {each.asname}" if each.asname else each.name for each in others)
    lines = [f"import {listed}" if isinstance(node, ast.Import) else f"from stripe import {listed}"] if others else []
    lines += ["import stripe"] if is_needed else []
    if lines:
        edit.replace_statement(node, "\n".join(lines))
    else:
        edit.remove_statement(node)
