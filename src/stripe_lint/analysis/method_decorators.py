"""Decorators that a framework's own decorator puts on the methods of a view: ``method_decorator(login_required)``."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

from stripe_lint.analysis import functions, names
from stripe_lint.analysis.frameworks import all_names

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module


def is_for_methods(module: Module, decorator: ast.expr) -> bool:
    """Whether a decorator, of a method or of a whole class, puts others on methods."""
    if not isinstance(decorator, ast.Call):
        return False
    path = names.dotted_path(module, decorator.func)
    if path is not None:
        return path in all_names("method_decorators")
    return functions.last_name(decorator.func) in _last_names()


def put_on_methods(module: Module, decorator: ast.expr) -> list[ast.expr]:
    """The decorators that ``decorator`` puts on methods, outermost first; empty where it is no such decorator."""
    if not isinstance(decorator, ast.Call) or not decorator.args or not is_for_methods(module, decorator):
        return []
    given = decorator.args[0]
    return given.elts if isinstance(given, ast.List | ast.Tuple) else [given]


@cache
def _last_names() -> frozenset[str]:
    return frozenset(path.rpartition(".")[2] for path in all_names("method_decorators"))
