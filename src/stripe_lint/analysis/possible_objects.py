"""Which objects of the project an expression may be where a function or a table chooses their class."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import constant_arguments, dispatch_tables, names
from stripe_lint.analysis.references import ClassReference, FunctionReference, ObjectReference
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.constant_arguments import Constants
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.references import OfClass

_DEEPEST: Final = 6
"""Through how many names and calls an object is followed to where it is made."""


def methods_named(module: Module, node: ast.expr) -> list[FunctionReference]:
    """The methods of which ``node`` is one: ``provider.charge`` of each provider that the code may choose."""
    if not isinstance(node, ast.Attribute):
        return []
    owners = {each for each in _chosen(module, node.value, {}, 0) if isinstance(each, ObjectReference)}
    methods = ((owner, names.find_method(owner, node.attr)) for owner in owners)
    found = [FunctionReference(*method, owner) for owner, method in methods if method is not None]
    return sorted(found, key=lambda each: (str(each.module.path), getattr(each.node, "lineno", 0)))


def _chosen(module: Module, node: ast.expr, given: Constants, depth: int) -> Iterator[OfClass]:
    """The classes and objects that ``node`` may be in a function whose parameters have the constants ``given``."""
    reference = names.resolve(module, node)
    if isinstance(reference, ClassReference | ObjectReference):
        yield reference
    if reference is not None or depth > _DEEPEST:
        return
    if isinstance(node, ast.Await):
        yield from _chosen(module, node.value, given, depth + 1)
    elif isinstance(node, ast.Name):
        for binding in module.bindings_of(node):
            if binding.kind is BindingKind.ASSIGNMENT and binding.value is not None:
                yield from _chosen(module, binding.value, given, depth + 1)
    elif isinstance(node, ast.IfExp | ast.BoolOp):
        for part in (node.body, node.orelse) if isinstance(node, ast.IfExp) else node.values:
            yield from _chosen(module, part, given, depth + 1)
    else:
        for source, value in dispatch_tables.values_looked_up(module, node, given):
            yield from _chosen(source, value, {}, depth + 1)
        if isinstance(node, ast.Call):
            yield from _made(module, node, given, depth)


def _made(module: Module, call: ast.Call, given: Constants, depth: int) -> Iterator[OfClass]:
    """The objects that a call makes of a class that is chosen, or gets from a function that chooses."""
    callee = names.resolve(module, call.func)
    if isinstance(callee, FunctionReference):
        passed = constant_arguments.constants(callee.module, callee.node, call)
        for statement in callee.module.returns.get(callee.node, ()):
            if statement.value is not None and constant_arguments.may_lead_to(
                callee.module, callee.node, call, statement
            ):
                yield from _chosen(callee.module, statement.value, passed, depth + 1)
    elif callee is None and not isinstance(call.func, ast.Attribute):
        for owner in _chosen(module, call.func, given, depth + 1):
            if isinstance(owner, ClassReference):
                yield ObjectReference(owner.module, owner.node)
