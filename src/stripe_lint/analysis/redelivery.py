"""Finds what is run again with the same event or task: webhook handlers, and tasks that are delivered again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    callers,
    constant_arguments,
    dispatch_tables,
    dj_stripe,
    functions,
    guards,
    handler_parameters,
    handlers,
    stripe_calls,
    task_decorators,
    verifiers,
    webhook_handlers,
)
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.state import Place

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

_FARTHEST_CALLER: Final = 3
"""How many calls up a handler or task is looked for."""


def redelivery_around(
    module: Module, node: ast.AST, distance: int = 0, seen: frozenset[ast.AST] = frozenset()
) -> Place | None:
    """The webhook handler, or the task that is delivered again, in which the request is sent."""
    function = module.enclosing_function(node)
    while isinstance(function, ast.Lambda) or (
        function is not None
        and not function.decorator_list
        and not handlers.takes_request(module, function)
        and isinstance(module.enclosing_function(function), NamedFunction)
    ):
        function = module.enclosing_function(function)
    if not isinstance(function, NamedFunction) or function in seen:
        return None
    if is_late_task(module, function) or dj_stripe.receives_events(module, function):
        return Place(module, function)
    if handlers.takes_request(module, function):
        is_delivered = _verifies_body(module, function) or webhook_handlers.receives_events(module, function)
        return Place(module, function) if is_delivered else None
    if guards.verified_by_unseen_decorator(module, function):
        return Place(module, function)
    if distance >= _FARTHEST_CALLER:
        return None
    sites = callers.call_sites(module, function) or ()
    for source, call in (*sites, *dispatch_tables.calls_through_tables(module, function)):
        if not constant_arguments.may_lead_to(module, function, call, node):
            continue
        found = redelivery_around(source, call, distance + 1, seen | {function})
        if found is not None:
            return found
    return None


def _verifies_body(module: Module, function: NamedFunction) -> bool:
    """Whether a handler verifies the body that it reads, itself or through a dependency or decorator."""
    if any(stripe_calls.call_verifies(module, call) for call in module.calls_within(function)):
        return verifiers.reads_body(module, function) or bool(function.args.args)
    for parameter in functions.parameters(function):
        dependency = handler_parameters.dependency_of_parameter(module, function, parameter)
        if isinstance(dependency, FunctionReference) and any(
            stripe_calls.call_verifies(dependency.module, call)
            for call in dependency.module.calls_within(dependency.node)
        ):
            return True
    return any(
        stripe_calls.call_verifies(wrapper.module, call)
        for wrapper in guards.wrappers(module, function)
        for call in wrapper.module.calls_within(wrapper.node)
    )


def is_late_task(module: Module, function: ast.AST) -> bool:
    """Whether a function is a task that is delivered again where its worker was lost before it had ended."""
    return isinstance(function, NamedFunction) and any(
        isinstance(decorator, ast.Call)
        and task_decorators.is_task(module, decorator)
        and any(
            keyword.arg in {"acks_late", "reject_on_worker_lost"}
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is True
            for keyword in decorator.keywords
        )
        for decorator in function.decorator_list
    )
