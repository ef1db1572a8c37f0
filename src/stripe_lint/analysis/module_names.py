"""Names that a fix may use: what is imported already and means the same at a place, and what is still free there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import names, syntax
from stripe_lint.analysis.references import External
from stripe_lint.analysis.scopes import BindingKind, Scope

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module


def existing_name(module: Module, dotted: str, at: ast.AST) -> str | None:
    """How ``dotted`` (``uuid.uuid4``) can be written at ``at`` with the imports that the file has."""
    head, _, tail = dotted.rpartition(".")
    scope: Scope | None = module.scope_of(at)
    seen: set[str] = set()
    while scope is not None:
        for name, bindings in scope.bindings.items():
            if name in seen or len(bindings) != 1 or (scope.is_class and scope is not module.scope_of(at)):
                continue
            alias = bindings[0].node
            if bindings[0].kind is BindingKind.IMPORT and isinstance(alias, ast.alias):
                meant = alias.name if alias.asname else alias.name.partition(".")[0]
                written = f"{name}.{tail}" if meant == head else None
            elif bindings[0].kind is BindingKind.IMPORT_FROM and isinstance(alias, ast.alias):
                statement = module.parents[alias]
                source = statement.module if isinstance(statement, ast.ImportFrom) and not statement.level else None
                meant = f"{source}.{alias.name}"
                written = name if meant == dotted else None
            else:
                continue
            if written is not None and _is_imported_before(module, alias, at, scope):
                return written
        seen |= set(scope.bindings)
        scope = scope.parent
    return None


def _is_imported_before(module: Module, alias: ast.alias, at: ast.AST, scope: Scope) -> bool:
    """Whether the import has run for certain when ``at`` runs."""
    statement = module.parents[alias]
    if not isinstance(module.parents[statement], ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    around = module.enclosing_function(at)
    if scope.function is None and around is not None:
        return True
    place = module.statement_of(at)
    return isinstance(statement, ast.stmt) and statement.lineno < place.lineno


def is_free(module: Module, name: str, at: ast.AST) -> bool:
    """Whether nothing in the code that could see a new local variable ``name`` at ``at`` uses that name."""
    return name not in _used_names(module, _outermost_function(module, at) or module.tree)


def is_free_everywhere(module: Module, name: str) -> bool:
    """Whether nothing in the file uses ``name``."""
    return name not in _used_names(module, module.tree)


def is_imported_elsewhere(module: Module, name: str, imported: str, at: ast.AST) -> bool:
    """Whether ``name`` is bound only inside functions that ``at`` is not in, and always to the module ``imported``."""
    bindings = [binding for scope in module.scopes.values() for binding in scope.bindings.get(name, ())]
    return (
        bool(bindings)
        and module.scope_of(at).lookup(name) is None
        and all(
            binding.kind is BindingKind.IMPORT and isinstance(binding.node, ast.alias) and binding.node.name == imported
            for binding in bindings
        )
    )


def _outermost_function(module: Module, node: ast.AST) -> ast.AST | None:
    found = None
    for around in module.ancestors(node):
        if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef):
            found = around
    return found


def _used_names(module: Module, node: ast.AST) -> set[str]:
    key = ("used names", node)
    known = module.memory.get(key)
    if isinstance(known, set):
        return known
    used: set[str] = set()
    for inner in syntax.descendants(node):
        if isinstance(inner, ast.Name):
            used.add(inner.id)
        elif isinstance(inner, ast.alias):
            used.add((inner.asname or inner.name).partition(".")[0])
        elif isinstance(inner, ast.Global | ast.Nonlocal):
            used.update(inner.names)
        else:
            # Parameters, definitions, ``except … as name`` and patterns.
            for field in ("arg", "name", "rest"):
                name = getattr(inner, field, None)
                if isinstance(name, str) and not isinstance(inner, ast.keyword):
                    used.add(name)
    module.memory[key] = used
    return used


def module_logger(module: Module, at: ast.AST) -> str | None:
    """The name of a logger that the file makes at its top level and that ``at`` sees."""
    for name, bindings in module.scope.bindings.items():
        value = bindings[0].value
        if len(bindings) != 1 or not isinstance(value, ast.Call) or bindings[0].kind is not BindingKind.ASSIGNMENT:
            continue
        if names.resolve(module, value.func) != External("logging.getLogger"):
            continue
        seen = module.scope_of(at).lookup(name)
        if seen is not None and seen[0] is module.scope:
            return name
    return None
