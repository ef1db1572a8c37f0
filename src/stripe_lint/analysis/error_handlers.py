"""The functions that a framework calls with an exception of the SDK, and for which of its classes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import callers, exceptions, frameworks, functions, handlers, names
from stripe_lint.analysis.references import ClassReference, FunctionReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction

_ERROR_METHODS = frozenset({"handle_exception", "process_exception"})
"""Methods of views and middleware that get the exception as their last argument."""

_CLASSES = "registered classes"
"""Under what a module remembers for which exceptions a function is registered."""


def registered(module: Module) -> list[NamedFunction]:
    """The functions that the framework calls with an exception of the SDK."""
    found: list[NamedFunction] = []
    here = (*_decorated(module), *_handed_over(module), *_registered_by_keyword(module), *_registered_by_call(module))
    for function, classes in here:
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


def _registered_by_keyword(module: Module) -> Iterator[tuple[NamedFunction, set[str]]]:
    """The functions in ``FastAPI(exception_handlers={stripe.StripeError: function})``."""
    keywords = frozenset().union(*(framework.error_handler_keywords for framework in frameworks.ALL))
    if not any(keyword in module.text for keyword in keywords):
        return
    for calls in module.calls.values():
        for call in calls:
            for keyword in call.keywords:
                if keyword.arg not in keywords or not isinstance(keyword.value, ast.Dict):
                    continue
                for caught, function in zip(keyword.value.keys, keyword.value.values, strict=True):
                    reference = names.resolve(module, function)
                    classes = _error_names(module, [caught]) if caught is not None else set()
                    if not classes:
                        continue
                    if isinstance(reference, FunctionReference) and isinstance(
                        reference.node, ast.FunctionDef | ast.AsyncFunctionDef
                    ):
                        yield reference.node, classes


def _registered_by_call(module: Module) -> Iterator[tuple[NamedFunction, set[str]]]:
    """The functions handed to ``app.errorhandler(stripe.StripeError)(function)``."""
    registering = {name for framework in handlers.frameworks(module) for name in framework.error_handler_decorators}
    for name in sorted(registering):
        for inner in module.calls.get(name, ()):
            call = module.parents.get(inner)
            if not isinstance(call, ast.Call) or call.func is not inner:
                continue
            classes = _error_names(module, inner.args)
            if not classes:
                continue
            for argument in call.args:
                reference = names.resolve(module, argument)
                if isinstance(reference, FunctionReference) and isinstance(
                    reference.node, ast.FunctionDef | ast.AsyncFunctionDef
                ):
                    yield reference.node, classes


def telling_apart(module: Module) -> Iterator[tuple[NamedFunction, ast.If]]:
    """The functions that the framework calls with any exception, with their tests for one of the SDK."""
    if "isinstance" not in module.text:
        return
    for call in module.calls.get("isinstance", ()):
        function = module.enclosing_function(call)
        test = module.statement_of(call)
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or not isinstance(test, ast.If):
            continue
        if test.test is not call or len(call.args) != 2 or not isinstance(call.args[0], ast.Name):
            continue
        classes = call.args[1].elts if isinstance(call.args[1], ast.Tuple) else [call.args[1]]
        caught = _error_names(module, classes)
        if caught and call.args[0].id == _handled_exception(function):
            module.memory[_CLASSES, function] = caught
            yield function, test


def tells_apart(module: Module, node: ast.AST) -> bool:
    """Whether ``node`` is a function that the framework calls with any exception, and that tests for one of the SDK."""
    return any(function is node for function, _ in telling_apart(module))


def _handled_exception(function: NamedFunction) -> str | None:
    """The parameter in which a function gets whatever exception a view ended with."""
    parameters = [each.arg for each in functions.parameters(function)]
    if parameters == ["exc", "context"]:
        return "exc"
    if parameters[:1] == ["self"] and function.name in _ERROR_METHODS and len(parameters) > 1:
        return parameters[-1]
    registering = frozenset().union(*(framework.error_handler_decorators for framework in frameworks.ALL))
    decorators = (each.func for each in function.decorator_list if isinstance(each, ast.Call))
    if any(functions.last_name(each) in registering for each in decorators):
        return next((name for name in reversed(parameters) if name not in {"self", "request", "req"}), None)
    return None


def registered_for_own(module: Module) -> Iterator[tuple[NamedFunction, ClassReference]]:
    """The functions that the framework calls with an exception class of the project."""
    decorators = frozenset().union(*(framework.error_handler_decorators for framework in frameworks.ALL))
    for function in module.functions:
        if isinstance(function, ast.Lambda):
            continue
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and functions.last_name(decorator.func) in decorators:
                for argument in decorator.args:
                    reference = names.resolve(module, argument)
                    if isinstance(reference, ClassReference):
                        yield function, reference


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
