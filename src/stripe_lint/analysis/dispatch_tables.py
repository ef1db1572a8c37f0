"""Tables of functions and classes: dicts from which the code takes what it then calls."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import assignments, callers, constant_arguments, definitions, functions, names
from stripe_lint.analysis.references import OfClass
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.constant_arguments import Constants
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.references import FunctionReference
    from stripe_lint.analysis.scopes import NamedFunction


def functions_in(module: Module, table: ast.Dict) -> Iterator[tuple[FunctionReference, ast.AST]]:
    """The functions of the project in a dict and in those in it, each with what names it there."""
    for value in table.values:
        if isinstance(value, ast.Dict):
            yield from functions_in(module, value)
        elif isinstance(value, ast.Name | ast.Attribute):
            reference = definitions.function_behind(names.resolve(module, value))
            if reference is not None:
                yield reference, value


def functions_looked_up(module: Module, node: ast.expr) -> Iterator[FunctionReference]:
    """The functions that ``node`` may be: ``TABLE[kind]``, ``TABLE.get(kind, other)``, or a local that holds one."""
    for source, value in values_looked_up(module, node, {}):
        reference = definitions.function_behind(names.resolve(source, value))
        if reference is not None:
            yield reference


def values_looked_up(module: Module, node: ast.expr, given: Constants) -> Iterator[tuple[Module, ast.expr]]:
    """The expressions in tables of which ``node`` has the value, where some parameters have the constants ``given``."""
    if isinstance(node, ast.Name):
        for binding in module.bindings_of(node):
            if binding.kind is BindingKind.ASSIGNMENT and isinstance(binding.value, ast.Subscript | ast.Call):
                yield from values_looked_up(module, binding.value, given)
        return
    if isinstance(node, ast.Subscript):
        table, key = node.value, node.slice
    elif isinstance(node, ast.Call) and functions.last_name(node.func) == "get" and node.args:
        if not isinstance(node.func, ast.Attribute):
            return
        table, key = node.func.value, node.args[0]
        for default in node.args[1:2]:
            yield module, default
    else:
        return
    found = _dict_behind(module, table)
    if found is not None:
        for value in _values(found[1], constant_arguments.constant_of(module, given, key)):
            yield found[0], value


def _values(table: ast.Dict, wanted: ast.Constant | None) -> Iterator[ast.expr]:
    """The values in a dict and in those in it; of a dict that is asked for a constant, the one under it."""
    for key, value in zip(table.keys, table.values, strict=True):
        if wanted is not None and isinstance(key, ast.Constant) and key.value != wanted.value:
            continue
        if isinstance(value, ast.Dict):
            yield from _values(value, None)
        else:
            yield value


def _dict_behind(module: Module, node: ast.expr) -> tuple[Module, ast.Dict] | None:
    source, value = assignments.assigned_expression(module, node)
    if isinstance(value, ast.Dict):
        return source, value
    owner = names.resolve(module, node.value) if isinstance(node, ast.Attribute) else None
    if isinstance(node, ast.Attribute) and isinstance(owner, OfClass):
        for source, each in names.linearized(owner):
            scope = source.scopes.get(each)
            bindings = scope.bindings.get(node.attr, []) if scope is not None else []
            for binding in (*bindings, *(held for _, held in source.bindings_on_self(each, node.attr))):
                if isinstance(binding.value, ast.Dict):
                    return source, binding.value
    return None


def calls_through_tables(module: Module, function: NamedFunction) -> list[tuple[Module, ast.Call]]:
    """The calls of what the code takes out of tables that ``function`` is in, where its file or another names it."""
    key = ("calls through tables", function)
    if key in module.memory:
        return module.memory[key]  # type: ignore[return-value]
    found: list[tuple[Module, ast.Call]] = []
    for path in module.project.files_that_mention(function.name, module.path) or ():
        source = module.project.module_at(path)
        for reference, call in _looked_up_and_called(source) if source is not None else ():
            if source is not None and callers.is_same(reference, module, function):
                found.append((source, call))
    module.memory[key] = found
    return found


def _looked_up_and_called(source: Module) -> list[tuple[FunctionReference, ast.Call]]:
    known = source.memory.get("looked up and called")
    if not isinstance(known, list):
        known = source.memory["looked up and called"] = [
            (reference, call)
            for calls in source.calls_of.values()
            for call in calls
            for reference in functions_looked_up(source, call.func)
        ]
    return known
