"""Where a function is called that a table leads to: ``HANDLERS[kind](event)``, ``HANDLERS.get(kind, other)(event)``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import callers, functions, names
from stripe_lint.analysis.references import FunctionReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction


def calls_through_tables(module: Module, function: NamedFunction) -> list[tuple[Module, ast.Call]]:
    """The calls of what a table gives that ``function`` is in, or is the default for."""
    key = ("calls through tables", function)
    if key in module.memory:
        return module.memory[key]  # type: ignore[return-value]
    found: list[tuple[Module, ast.Call]] = []
    for path in module.project.files_that_mention(function.name, module.path) or ():
        source = module.project.module_at(path)
        if source is not None:
            found.extend((source, call) for call in _calls(source, module, function))
    module.memory[key] = found
    return found


def _calls(source: Module, module: Module, function: NamedFunction) -> Iterator[ast.Call]:
    for value, table in _in_tables(source).get(function.name, ()):
        if _means(source, value, module, function):
            for taken in _taken_from(source, table):
                yield from _called(source, taken)
    for where, value in callers.handed_references(module, function):
        look_up = source.parents.get(value)
        if where is source and isinstance(look_up, ast.Call) and functions.last_name(look_up.func) == "get":
            yield from _called(source, look_up)


def _means(source: Module, value: ast.expr, module: Module, function: NamedFunction) -> bool:
    reference = names.resolve(source, value)
    return isinstance(reference, FunctionReference) and callers.is_same(reference, module, function)


def _in_tables(source: Module) -> dict[str, list[tuple[ast.expr, ast.Dict]]]:
    """The names and attributes that are values of a dict, by their last name, with the dict."""
    known = source.memory.get("in tables")
    if isinstance(known, dict):
        return known
    found: dict[str, list[tuple[ast.expr, ast.Dict]]] = {}
    for table in source.of_kind(ast.Dict):
        for value in table.values:
            name = functions.last_name(value) if isinstance(value, ast.Name | ast.Attribute) else None
            if name is not None:
                found.setdefault(name, []).append((value, table))
    source.memory["in tables"] = found
    return found


def _taken_from(source: Module, table: ast.expr) -> Iterator[ast.expr]:
    """The expressions that take an entry out of a table."""
    for read in (table, *_reads(source, table)):
        parent = source.parents[read]
        if isinstance(parent, ast.Subscript) and parent.value is read:
            yield parent
        elif isinstance(parent, ast.Attribute) and parent.attr == "get":
            call = source.parents[parent]
            if isinstance(call, ast.Call) and call.func is parent:
                yield call


def _called(source: Module, taken: ast.expr) -> Iterator[ast.Call]:
    """The calls of what was taken out of a table."""
    for read in (taken, *_reads(source, taken)):
        call = source.parents[read]
        if isinstance(call, ast.Call) and call.func is read:
            yield call


def _reads(source: Module, value: ast.expr) -> Iterator[ast.expr]:
    """Where the variable or attribute is read that is assigned ``value``."""
    parent = source.parents[value]
    if isinstance(parent, ast.Assign):
        targets = parent.targets
    elif isinstance(parent, ast.AnnAssign | ast.NamedExpr):
        targets = [parent.target]
    else:
        return
    for target in targets:
        if isinstance(target, ast.Name):
            scope = source.scope_of(target).lookup(target.id)
            for node in source.of_kind(ast.Name):
                if node.id == target.id and isinstance(node.ctx, ast.Load):
                    found = source.scope_of(node).lookup(node.id)
                    if found is not None and scope is not None and found[0] is scope[0]:
                        yield node
        name = functions.last_name(target)
        is_kept = isinstance(target, ast.Attribute) or isinstance(source.parents[parent], ast.ClassDef)
        for attribute in source.of_kind(ast.Attribute) if is_kept else ():
            if attribute.attr == name and isinstance(attribute.ctx, ast.Load):
                yield attribute
