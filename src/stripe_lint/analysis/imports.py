"""Which file of the project an import statement means."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Binding

_MOST_REEXPORTS: Final = 12
"""Through how many files an imported name is followed; two files may import it from each other."""


class Definition(NamedTuple):
    """What a module of the project binds at its top level to a name: in that module, under that name."""

    module: Module
    name: str
    bindings: list[Binding]


def imported_module(module: Module, statement: ast.ImportFrom) -> Module | None:
    """The module that ``from … import`` names, where it is of the project."""
    return _find(module, statement, statement.module or "")


def submodule(module: Module, statement: ast.ImportFrom, name: str) -> Module | None:
    """The module that ``from package import name`` means where ``name`` is a file of the package."""
    return _find(module, statement, f"{statement.module}.{name}" if statement.module else name)


def _find(module: Module, statement: ast.ImportFrom, dotted: str) -> Module | None:
    project = module.project
    if statement.level:
        path = project.find_relative(dotted, statement.level, module.path)
    else:
        path = project.find_module(dotted, module.path)
    return project.module_at(path) if path is not None else None


def definition_behind(module: Module, bindings: list[Binding]) -> Definition | None:
    """What a name that is bound by one ``from … import`` is bound to where it is made, through all re-exports.

    ``None`` where it is bound in another way, or comes from outside the project.
    """
    found: Definition | None = None
    for _ in range(_MOST_REEXPORTS):
        source = _imported_from(module, bindings)
        if source is None:
            return found
        module, name = source
        bindings = module.scope.bindings[name]
        found = Definition(module, name, bindings)
    return None


def _imported_from(module: Module, bindings: list[Binding]) -> tuple[Module, str] | None:
    """The module and the name there that the one binding of a name imports."""
    if len(bindings) != 1 or bindings[0].kind is not BindingKind.IMPORT_FROM:
        return None
    alias = bindings[0].node
    statement = module.parents[alias]
    if not isinstance(alias, ast.alias) or not isinstance(statement, ast.ImportFrom):
        return None
    source = imported_module(module, statement)
    if source is None or source is module or alias.name not in source.scope.bindings:
        return None
    return source, alias.name


def settled(module: Module, bindings: list[Binding]) -> tuple[Module, Binding | None]:
    """The one binding behind a name that has ``bindings``, through re-exports, with its module.

    ``None`` where several things bind the name.
    """
    behind = definition_behind(module, bindings)
    if behind is not None:
        module, bindings = behind.module, behind.bindings
    return module, bindings[0] if len(bindings) == 1 else None


def annotation_alias(module: Module, name: ast.Name) -> tuple[Module, ast.expr] | None:
    """The right side of ``Alias = Annotated[…]`` where ``name`` is such an alias, here or imported."""
    module, binding = settled(module, module.bindings_of(name))
    if binding is None or binding.kind is not BindingKind.ASSIGNMENT or not isinstance(binding.value, ast.Subscript):
        return None
    return module, binding.value
