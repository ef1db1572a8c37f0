"""Which file of the project an import statement means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast

    from stripe_lint.analysis.module import Module


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
