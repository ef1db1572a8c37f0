"""The functions that a framework calls with an exception of the SDK, and for which of its classes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import callers, exceptions, frameworks, functions, handlers, names
from stripe_lint.analysis.references import FunctionReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction

_CLASSES = "registered classes"
"""Under what a module remembers for which exceptions a function is registered."""


def registered(module: Module) -> list[NamedFunction]:
    """The functions that the framework calls with an exception of the SDK."""
    found: list[NamedFunction] = []
    for function, classes in (*_decorated(module), *_handed_over(module)):
        found.append(function)
        module.memory[_CLASSES, function] = classes
    for function, classes in _registered_elsewhere(module):
        if function not in found:
            found.append(function)
            module.memory[_CLASSES, function] = classes
    return found


def _decorated(module: Module) -> Iterator[tuple[NamedFunction, set[str]]]:
    """``@app.errorhandler(stripe.StripeError)``."""
    registering = {name for framework in handlers.frameworks(module) for name in framework.error_handler_decorators}
    for function in module.functions:
        if isinstance(function, ast.Lambda):
            continue
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and functions.last_name(decorator.func) in registering:
                classes = _error_names(module, decorator.args)
                if classes:
                    yield function, classes


def _handed_over(module: Module) -> Iterator[tuple[NamedFunction, set[str]]]:
    """``app.add_exception_handler(stripe.StripeError, function)``."""
    registering = {name for framework in handlers.frameworks(module) for name in framework.error_handler_calls}
    for name in sorted(registering):
        for call in module.calls.get(name, ()):
            classes = _error_names(module, call.args)
            for argument in call.args if classes else ():
                reference = names.resolve(module, argument)
                if not isinstance(reference, FunctionReference) or isinstance(reference.node, ast.Lambda):
                    continue
                if reference.module is module:
                    yield reference.node, classes


def _all_registering() -> frozenset[str]:
    return frozenset().union(*(framework.error_handler_calls for framework in frameworks.ALL))


def classes_of(module: Module, function: NamedFunction) -> set[str]:
    """The SDK's exception classes for which a function is registered, by name."""
    known = module.memory.get((_CLASSES, function))
    return known if isinstance(known, set) else {"StripeError"}


def _error_names(module: Module, nodes: list[ast.expr]) -> set[str]:
    paths = [names.dotted_path(module, node) for node in nodes]
    return {name for name in (exceptions.stripe_error(path) for path in paths if path is not None) if name is not None}


def _registered_elsewhere(module: Module) -> Iterator[tuple[NamedFunction, set[str]]]:
    """Functions that take an exception of the SDK and that another file registers for it."""
    for function in module.functions:
        if isinstance(function, ast.Lambda):
            continue
        annotations = [parameter.annotation for parameter in functions.parameters(function) if parameter.annotation]
        if not _error_names(module, annotations):
            continue
        for source, reference in callers.handed_references(module, function):
            call = source.parents.get(reference)
            if isinstance(call, ast.Call) and functions.last_name(call.func) in _all_registering():
                yield function, _error_names(source, call.args)
