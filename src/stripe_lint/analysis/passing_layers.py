"""Decorators and context managers from outside the project that let every exception pass; any other may catch."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, handlers, method_decorators, names
from stripe_lint.analysis.frameworks import known_modules
from stripe_lint.analysis.references import External, ExternalInstance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

_PACKAGES: Final = frozenset(
    {
        "channels", "csp", "django_ratelimit", "drf_spectacular", "drf_yasg", "fastapi_limiter", "flask_cors",
        "flask_jwt_extended", "flask_limiter", "flask_login", "flask_wtf", "httpx", "limits", "opentelemetry",
        "prometheus_client", "quart_cors", "ratelimit", "requests", "sentry_sdk", "slowapi", "sqlalchemy", "sqlmodel",
        "structlog", "waffle",
    }
)  # fmt: skip
"""Packages other than frameworks whose decorators and context managers limit, describe or watch, and catch nothing."""

_EXEMPTIONS: Final = frozenset({"exempt", "csrf_exempt"})
"""What marks a view for a protection against forged forms, wherever the protection is made."""

_HANDLES_ERRORS: Final = ("error", "exception", "catch", "rescue", "retry", "suppress")


def decorators_in(module: Module, decorator: ast.expr) -> Iterator[ast.expr]:
    """``decorator``, or those that it puts on a method for a view class, innermost first."""
    yield from reversed(method_decorators.put_on_methods(module, decorator) or [decorator])


def decorator_passes(module: Module, decorator: ast.expr) -> bool:
    """Whether a decorator that is none of the project's registers, marks or wraps a function and catches nothing."""
    if handlers.is_route(module, decorator):
        return True
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return functions.last_name(target) in _EXEMPTIONS or _passes(module, target)


def context_passes(module: Module, item: ast.withitem) -> bool:
    """Whether a context manager that is none of the project's catches nothing."""
    made = item.context_expr
    return _passes(module, made.func if isinstance(made, ast.Call) else made)


def _passes(module: Module, node: ast.expr) -> bool:
    reference = names.resolve(module, node)
    if not isinstance(reference, External | ExternalInstance):
        return False
    path = reference.path
    if any(word in path.rpartition(".")[2].lower() for word in _HANDLES_ERRORS):
        return False
    top = path.partition(".")[0].removesuffix("()")
    return top in sys.stdlib_module_names or top in _PACKAGES or top == "stripe" or top in known_modules()
