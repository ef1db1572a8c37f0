"""Decorators that are called where a handler is registered: ``path("hook/", verified(hook))``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import callers, functions, handlers, names
from stripe_lint.analysis.references import ClassReference

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction


def applied_decorators(module: Module, function: NamedFunction) -> list[tuple[Module, ast.expr]]:
    """What is called with a handler before it is registered, outermost first, each with the module that calls it.

    Empty where the handler, or the view class that it belongs to, is registered somewhere without.
    """
    key = ("applied decorators", function)
    known = module.memory.get(key)
    if not isinstance(known, list):
        known = module.memory[key] = _applied(module, function)
    return known


def is_registered(module: Module, function: NamedFunction) -> bool:
    """Whether something in the project registers a function, or the view class that it belongs to, as a handler."""
    for source, reference in (*_references(module, function), *callers.handed_references(module, function)):
        registration, _ = _around(source, reference)
        if registration is not None and _registers(source, registration):
            return True
        applied = source.parents[reference]
        if isinstance(applied, ast.Call) and handlers.is_route(source, applied.func):
            return True
    return False


def _applied(module: Module, function: NamedFunction) -> list[tuple[Module, ast.expr]]:
    found: list[tuple[Module, ast.expr]] = []
    for source, reference in _references(module, function):
        registration, called = _around(source, reference)
        if called:
            found = found or [(source, decorator) for decorator in called]
        elif registration is not None and _registers(source, registration):
            return []
    return found


def _references(module: Module, function: NamedFunction) -> list[tuple[Module, ast.expr]]:
    owner = module.enclosing_class(function)
    if owner is None:
        return callers.handed_references(module, function)
    found: list[tuple[Module, ast.expr]] = []
    for path in module.project.files_that_mention(owner.name, module.path) or ():
        source = module.project.module_at(path)
        for call in source.calls.get("as_view", ()) if source is not None else ():
            made = names.resolve(source, call.func.value) if source and isinstance(call.func, ast.Attribute) else None
            if source is not None and isinstance(made, ClassReference) and _same(made, module, owner):
                found.append((source, call))
    return found


def _same(made: ClassReference, module: Module, owner: ast.ClassDef) -> bool:
    """Whether both are one class; the module may have been read again since the other was resolved."""
    return (made.module.path, made.node.name, made.node.lineno) == (module.path, owner.name, owner.lineno)


def _around(source: Module, reference: ast.expr) -> tuple[ast.Call | None, list[ast.expr]]:
    """The call that gets a handler in the end, and what is called with it alone on the way there, outermost first."""
    called: list[ast.expr] = []
    node = reference
    call = source.parents.get(node)
    while isinstance(call, ast.Call):
        if call.args != [node] or call.keywords or _registers(source, call):
            return call, called
        called.insert(0, call.func)
        node, call = call, source.parents.get(call)
    if isinstance(call, ast.keyword):
        registration = source.parents.get(call)
        return (registration if isinstance(registration, ast.Call) else None), called
    return None, called


def _registers(source: Module, call: ast.Call) -> bool:
    name = functions.last_name(call.func)
    return any(name in framework.route_calls for framework in handlers.frameworks(source))
