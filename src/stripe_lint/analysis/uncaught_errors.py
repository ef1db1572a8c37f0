"""Where the error of a failed verification ends: caught on its way up, answered by the framework, or as a bare 500."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    applied_decorators,
    callers,
    error_handlers,
    exceptions,
    frameworks,
    guards,
    handlers,
    names,
    passing_layers,
    syntax,
)
from stripe_lint.analysis.control_flow import suppresses
from stripe_lint.analysis.references import ClassReference, FunctionReference, ObjectReference
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.state import Raised
from stripe_lint.analysis.verification import PAYLOAD_FAILURE, SIGNATURE_FAILURE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module

FARTHEST_CALLER: Final = 4
"""How many calls up an ``except`` is looked for."""

SIGNATURE_ERROR: Final = Raised(SIGNATURE_FAILURE)
PAYLOAD_ERROR: Final = Raised(PAYLOAD_FAILURE)

BARE: Final = frozenset({"ValueError", "RuntimeError", "Exception", "KeyError", "TypeError", "AssertionError"})
"""What a framework answers with a 500 whoever raises it."""


def reaches_framework(module: Module, node: ast.AST, raised: Raised) -> bool:
    """Whether ``raised``, raised at ``node``, leaves a handler uncaught; false where that can't be known."""
    return _leaves_handler(module, node, raised, 0)


def _leaves_handler(module: Module, node: ast.AST, raised: Raised, distance: int) -> bool:
    escaped = leaves_function(module, node, raised)
    function = module.enclosing_function(node)
    if escaped is None or not isinstance(function, NamedFunction):
        return False
    escaped = _through_decorators(module, function, escaped)
    if escaped is None or _class_may_catch(module, function):
        return False
    if handlers.registered_by(module, function) is not None:
        return not _is_answered(module, function, escaped)
    if distance >= FARTHEST_CALLER:
        return False
    sites = callers.call_sites(module, function)
    if sites:
        if not all(callers.is_direct(source, call) for source, call in sites):
            return False
        return any(_leaves_handler(source, call, escaped, distance + 1) for source, call in sites)
    is_view = sites is not None and handlers.takes_request(module, function) and bool(handlers.frameworks(module))
    return (is_view or _is_dependency(module, function)) and not _is_answered(module, function, escaped)


def leaves_function(module: Module, node: ast.AST, raised: Raised) -> Raised | None:
    """What leaves the function around ``node`` where that raises ``raised``; ``None`` where it is caught."""
    for attempt in exceptions.attempts_around(module, node):
        if not isinstance(attempt, ast.Try):
            if any(_may_swallow(module, item) for item in attempt.items):
                return None
            continue
        for handler in attempt.handlers:
            match = exceptions.catches(module, handler, raised)
            if match is False:
                continue
            passed_on = _raised_again(module, handler, raised) if match else None
            if passed_on is None:
                return None
            raised = passed_on
            break
    return raised


def _raised_again(module: Module, handler: ast.ExceptHandler, raised: Raised) -> Raised | None:
    """What an ``except`` always raises in the end; ``None`` where it does something else, or answers."""
    last = handler.body[-1]
    while isinstance(last, ast.Try) and not last.handlers:
        last = last.body[-1]
    if not isinstance(last, ast.Raise) or any(isinstance(node, ast.Return) for node in syntax.own_nodes(handler)):
        return None
    if last.exc is None or (isinstance(last.exc, ast.Name) and last.exc.id == handler.name):
        return raised
    made = last.exc.func if isinstance(last.exc, ast.Call) else last.exc
    name, reference = exceptions.class_names(module, made)
    if name in BARE and not isinstance(reference, ClassReference):
        return Raised(frozenset({name}))
    return None


def _may_swallow(module: Module, item: ast.withitem) -> bool:
    """Whether a context manager may end an exception: any but those that are known not to."""
    return suppresses(item, module) or not passing_layers.context_passes(module, item)


def _through_decorators(module: Module, function: NamedFunction, raised: Raised) -> Raised | None:
    """What is left of an exception that leaves ``function`` after its decorators; ``None`` where one may catch it."""
    for source, decorator in _decorators(module, function):
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        reference = names.resolve(source, target)
        if isinstance(reference, FunctionReference) and not isinstance(reference.node, ast.Lambda):
            left = _through_wrapper(reference.module, reference.node, raised)
            if left is None:
                return None
            raised = left
        elif not passing_layers.decorator_passes(source, decorator):
            return None
    return raised


def _decorators(module: Module, function: NamedFunction) -> Iterator[tuple[Module, ast.expr]]:
    """All that is put around a function, innermost first, each with the module that does it."""
    owner = module.enclosing_class(function)
    for decorator in [*reversed(function.decorator_list), *reversed(owner.decorator_list if owner is not None else ())]:
        for each in passing_layers.decorators_in(module, decorator):
            yield module, each
    yield from reversed(applied_decorators.applied_decorators(module, function))


def _through_wrapper(module: Module, decorator: NamedFunction, raised: Raised) -> Raised | None:
    """What passes the function that a decorator of the project puts in place of the decorated one."""
    wrapper = guards.wrapper_of(module, decorator)
    if wrapper is None:
        return None if any(isinstance(node, ast.Try) for node in syntax.descendants(decorator)) else raised
    inner = wrapper.calls()
    return leaves_function(wrapper.module, inner[0], raised) if inner else None


def _class_may_catch(module: Module, function: NamedFunction) -> bool:
    """Whether another method of the handler's class, through which the framework calls it, may catch what it raises."""
    owner = module.enclosing_class(function)
    if owner is None:
        return False
    reference = ObjectReference(module, owner)
    if any(names.find_method(reference, name) is not None for name in frameworks.all_names("error_methods")):
        return True
    dispatch = names.find_method(reference, "dispatch")
    return (
        dispatch is not None
        and dispatch[1] is not function
        and any(isinstance(node, ast.Try) for node in syntax.own_nodes(dispatch[1]))
    )


def _is_dependency(module: Module, function: NamedFunction) -> bool:
    return any(True for _ in callers.dependents(module, function))


def _is_answered(module: Module, function: NamedFunction, raised: Raised) -> bool:
    """Whether the project registers what answers ``raised`` or a base of it with the framework, or puts it around."""
    from stripe_lint.analysis import application_errors

    used = handlers.frameworks(module)
    registered = handlers.registered_by(module, function) if not used else None
    if registered is not None:
        # the application comes from another file
        used = frameworks.ALL if registered is frameworks.generic() else (registered,)
    caught = frozenset().union(*(exceptions.ancestors(name) for name in raised.names or ()))
    if any(name in caught for name in _registered_names(module, used)):
        return True
    return application_errors.is_answered(module, function, used, raised)


def _registered_names(module: Module, used: Iterable[Framework]) -> Iterator[str]:
    """The names of the exception classes for which the project registers error handlers with the frameworks here."""
    fields = ("error_handler_decorators", "error_handler_calls", "error_handler_keywords")
    words = sorted({name for framework in used for field in fields for name in getattr(framework, field)})
    paths = {path for word in words for path in module.project.files_that_mention(word, module.path) or ()}
    for path in sorted(paths):
        source = module.project.module_at(path)
        if source is not None:
            for registration in error_handlers.registrations(source):
                for node in registration.classes:
                    yield exceptions.class_names(source, node)[0]
