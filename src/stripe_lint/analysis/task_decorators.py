"""Knows the decorators and classes that make tasks of a queue, and which of these tasks are tried again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, names

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction

_TASK_OPTIONS: Final = frozenset(
    {"autoretry_for", "retry_backoff", "retries", "retry", "max_retries", "retry_when", "retry_on_error"}
)
_TASK_DECORATORS: Final = frozenset({"task", "shared_task", "actor", "job", "periodic_task", "db_task"})


def decorator_name(module: Module, target: ast.expr) -> str:
    """The name of a decorator where it is defined, whatever it is called here."""
    path = names.dotted_path(module, target)
    return path.rpartition(".")[2] if path is not None else functions.last_name(target) or ""


def is_task(module: Module, decorator: ast.expr) -> bool:
    """Whether a decorator makes a task of a queue."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return decorator_name(module, target) in _TASK_DECORATORS


def is_tried_again(module: Module, decorator: ast.Call) -> bool:
    """Whether a decorator that makes a task says that the task is tried again after a failure."""
    is_actor = decorator_name(module, decorator.func) == "actor"
    return any(
        keyword.arg in _TASK_OPTIONS and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
        for keyword in decorator.keywords
        if keyword.arg != "max_retries" or is_actor
    )


def retrying_option(owner: ast.ClassDef) -> ast.stmt | None:
    """Where the class of a Celery task says after which errors its ``run`` is tried again."""
    if not any((functions.last_name(base) or "").endswith("Task") for base in owner.bases):
        return None
    for statement in owner.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "autoretry_for" for target in statement.targets
        ):
            return statement if getattr(statement.value, "elts", True) else None
    return None


def is_retried_task(owner: ast.ClassDef) -> bool:
    """Whether a class is a Celery task that says after which errors it is tried again."""
    return retrying_option(owner) is not None


def own_task(node: NamedFunction) -> ast.arg | None:
    """The parameter that gets the task itself in a Celery task with ``bind=True``."""
    is_bound = any(
        keyword.arg == "bind" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call)
        for keyword in decorator.keywords
    )
    return functions.first_parameter(node) if is_bound else None
