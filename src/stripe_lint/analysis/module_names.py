"""Names that a fix may use: what is imported already and means the same at a place, and what is still free there."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from stripe_lint.analysis import imports, names, syntax
from stripe_lint.analysis.references import External
from stripe_lint.analysis.scopes import Binding, BindingKind, NamedFunction, Scope

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
            if (
                written is not None
                and _is_bound_before(module, alias, at, scope)
                and not _is_starred_over(module, name, alias)
            ):
                return written
        seen |= set(scope.bindings)
        scope = scope.parent
    return None


def _is_bound_before(module: Module, binding: ast.AST, at: ast.AST, scope: Scope) -> bool:
    """Whether ``scope`` has the name that ``binding`` gives it for certain when ``at`` runs."""
    statement = module.statement_of(binding)
    if module.parents[statement] is not scope.node or scope.is_class:
        # such as one behind a condition, or the ``global`` name of a function that may not have run
        return False
    if scope.function is None and module.enclosing_function(at) is not None:
        return _is_there_when_called(module, statement, at)
    return statement.lineno < module.statement_of(at).lineno


def _is_there_when_called(module: Module, statement: ast.stmt, at: ast.AST) -> bool:
    """Whether no code of the file's top level can run the function around ``at`` before ``statement`` has run."""
    body = module.tree.body
    around = [each for each in (at, *module.ancestors(at)) if isinstance(each, ast.stmt)][-1]
    between = body[body.index(around) + 1 : body.index(statement)]
    return all(isinstance(each, _DEFINING) for each in between)


_DEFINING = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _is_starred_over(module: Module, name: str, alias: ast.alias) -> bool:
    """Whether a star import behind ``alias`` gives its name to something else, as far as that can be seen."""
    return any(
        statement.lineno > alias.lineno and _brings_another(module, statement, name, alias.name)
        for statement in _star_imports(module)
    )


def _brings_another(module: Module, statement: ast.ImportFrom, name: str, meant: str) -> bool:
    """Whether a star import is seen to bring a ``name`` that is not imported as ``meant`` there."""
    bindings = _starred(module, statement, name) or ()
    return any(not isinstance(each.node, ast.alias) or each.node.name != meant for each in bindings)


def _star_imports(module: Module) -> list[ast.ImportFrom]:
    statements = [module.parents[binding.node] for binding in module.scope.bindings.get("*", ())]
    return [each for each in statements if isinstance(each, ast.ImportFrom)]


def _starred(module: Module, statement: ast.ImportFrom, name: str, depth: int = 5) -> list[Binding] | None:
    """What binds ``name`` in the module of a star import; ``None`` where that can't be seen."""
    source = imports.imported_module(module, statement)
    if source is None or source is module or not depth:
        package = "" if statement.level else (statement.module or "").partition(".")[0]
        return [] if package == name or package in sys.stdlib_module_names else None
    found = source.scope.bindings.get(name, [])
    if found or name.startswith("_"):
        return [] if name.startswith("_") and "__all__" not in source.scope.bindings else found
    further = [_starred(source, each, name, depth - 1) for each in _star_imports(source)]
    return next((each for each in further if each), None if None in further else [])


def is_free_everywhere(module: Module, name: str, imported: str = "") -> bool:
    """Whether nothing in the file uses ``name``, and no star import is seen to bring it, except as ``imported``."""
    return name not in _used_names(module, module.tree) and not any(
        _brings_another(module, statement, name, imported) for statement in _star_imports(module)
    )


def may_be_starred(module: Module, name: str) -> bool:
    """Whether a star import whose module can't be seen may bring ``name``."""
    return any(_starred(module, statement, name) is None for statement in _star_imports(module))


def is_free(module: Module, name: str, at: ast.AST) -> bool:
    """Whether nothing in the code that could see a new local variable ``name`` at ``at`` uses that name."""
    return name not in _used_names(module, _outermost_function(module, at) or module.tree)


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
        if isinstance(around, NamedFunction):
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


def _is_logger(module: Module, binding: Binding) -> bool:
    value, alias = binding.value, binding.node
    if binding.kind is BindingKind.ASSIGNMENT and isinstance(value, ast.Call):
        return names.resolve(module, value.func) == External("logging.getLogger")
    if binding.kind is BindingKind.IMPORT_FROM and isinstance(alias, ast.alias):
        statement = module.parents[alias]
        return isinstance(statement, ast.ImportFrom) and (statement.module, alias.name) == ("loguru", "logger")
    return False


def module_logger(module: Module, at: ast.AST) -> str | None:
    """The name of a logger that the file makes at its top level, or takes from loguru, and that ``at`` sees."""
    for name, bindings in module.scope.bindings.items():
        if len(bindings) != 1 or not _is_logger(module, bindings[0]):
            continue
        seen, node = module.scope_of(at).lookup(name), bindings[0].node
        if seen is not None and seen[0] is module.scope and _is_bound_before(module, node, at, module.scope):
            return name
    return None
