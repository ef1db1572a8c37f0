"""The functions that a framework calls with an exception, and for which classes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.analysis import callers, exceptions, frameworks, functions, names
from stripe_lint.analysis.references import ClassReference, FunctionReference
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module


class Registration(NamedTuple):
    """A function, decorated or named, that a file registers for exceptions, and what it names as their classes.

    ``classes`` may also hold the function itself, where it is registered by a call that takes both.
    """

    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.expr
    classes: list[ast.expr]


def registrations(module: Module) -> list[Registration]:
    """What a file registers with any framework; the application may come from another file."""
    known = module.memory.get("error handlers")
    if not isinstance(known, list):
        known = [*_decorated(module), *_handed_over(module), *_registered_by_keyword(module)]
        module.memory["error handlers"] = known
    return known


def _decorated(module: Module) -> Iterator[Registration]:
    """``@app.errorhandler(Failed)``, and the same as a call: ``app.errorhandler(Failed)(function)``."""
    for name in sorted(frameworks.all_names("error_handler_decorators")):
        for call in module.calls.get(name, ()):
            around = module.parents.get(call)
            if isinstance(around, NamedFunction) and call in around.decorator_list:
                yield Registration(around, _classes(call))
            elif isinstance(around, ast.Call) and around.func is call:
                for argument in around.args:
                    yield Registration(argument, _classes(call))


def _handed_over(module: Module) -> Iterator[Registration]:
    """``app.add_exception_handler(Failed, function)``."""
    for name in sorted(frameworks.all_names("error_handler_calls")):
        for call in module.calls.get(name, ()):
            classes = _classes(call)
            for argument in classes if len(classes) > 1 else ():
                yield Registration(argument, classes)


def _registered_by_keyword(module: Module) -> Iterator[Registration]:
    """The functions in ``FastAPI(exception_handlers={Failed: function})``."""
    keywords = frameworks.all_names("error_handler_keywords")
    if not any(keyword in module.text for keyword in keywords):
        return
    for calls in module.calls.values():
        for call in calls:
            for keyword in call.keywords:
                if keyword.arg in keywords and isinstance(keyword.value, ast.Dict):
                    for caught, function in zip(keyword.value.keys, keyword.value.values, strict=True):
                        if caught is not None:
                            yield Registration(function, [caught])


def _classes(call: ast.Call) -> list[ast.expr]:
    """What a call is given and what can be a class: names, also those in a tuple or list."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    parts = [part for each in given for part in (each.elts if isinstance(each, ast.Tuple | ast.List) else (each,))]
    return [part for part in parts if isinstance(part, ast.Name | ast.Attribute)]


def _registered(module: Module) -> list[tuple[NamedFunction, Module, list[ast.expr]]]:
    """The functions of a file that are registered, with the file that does it and the classes that it names."""
    known = module.memory.get("registered")
    if not isinstance(known, list):
        known = list(_find_registered(module))
        module.memory["registered"] = known
    return known


def _find_registered(module: Module) -> Iterator[tuple[NamedFunction, Module, list[ast.expr]]]:
    for registration in registrations(module):
        named = _function(module, registration)
        if isinstance(named, FunctionReference):
            if named.module is module and not isinstance(named.node, ast.Lambda):
                yield named.node, module, registration.classes
        elif named is not None:
            yield named, module, registration.classes
    for function in module.functions:
        if not isinstance(function, ast.Lambda) and _takes_an_exception(module, function):
            for source, classes in _registered_elsewhere(module, function):
                yield function, source, classes


def _registered_elsewhere(module: Module, function: NamedFunction) -> Iterator[tuple[Module, list[ast.expr]]]:
    """The files that register a function of another file, and the classes that they name."""
    for path in module.project.files_that_mention(function.name, module.path) or ():
        source = module.project.module_at(path) if path != module.path else None
        if source is not None:
            for registration in registrations(source):
                named = _function(source, registration)
                if isinstance(named, FunctionReference) and callers.is_same(named, module, function):
                    yield source, registration.classes


def _function(module: Module, registration: Registration) -> NamedFunction | FunctionReference | None:
    if isinstance(registration.function, NamedFunction):
        return registration.function
    reference = names.resolve(module, registration.function)
    return reference if isinstance(reference, FunctionReference) else None


def _takes_an_exception(module: Module, function: NamedFunction) -> bool:
    """Whether a parameter is annotated with an exception class of the SDK or of the project."""
    for parameter in functions.parameters(function):
        if parameter.annotation is None:
            continue
        reference = names.resolve(module, parameter.annotation)
        if isinstance(reference, ClassReference) and reference.node.name.endswith(("Error", "Exception")):
            return True
        if _error_names(module, [parameter.annotation]):
            return True
    return False


def registered(module: Module) -> dict[NamedFunction, set[str]]:
    """The functions that the framework calls with an exception of the SDK, and the names of its classes."""
    known = module.memory.get("registered for the SDK")
    if isinstance(known, dict):
        return known
    found: dict[NamedFunction, set[str]] = {}
    for function, source, classes in _registered(module):
        caught = _error_names(source, classes)
        if caught:
            found.setdefault(function, set()).update(caught)
    module.memory["registered for the SDK"] = found
    return found


def telling_apart(module: Module) -> Iterator[tuple[NamedFunction, ast.If, set[str]]]:
    """The functions that the framework calls with any exception, with their tests for one of the SDK, and its names."""
    if "isinstance" not in module.text:
        return
    for call in module.calls.get("isinstance", ()):
        function = module.enclosing_function(call)
        test = module.statement_of(call)
        if not isinstance(function, NamedFunction) or not isinstance(test, ast.If):
            continue
        if test.test is not call or len(call.args) != 2 or not isinstance(call.args[0], ast.Name):
            continue
        classes = call.args[1].elts if isinstance(call.args[1], ast.Tuple) else [call.args[1]]
        caught = _error_names(module, classes)
        if caught and call.args[0].id == _handled_exception(function):
            yield function, test, caught


def tells_apart(module: Module, node: ast.AST) -> bool:
    """Whether ``node`` is a function that the framework calls with any exception, and that tests for one of the SDK."""
    return any(function is node for function, _, _ in telling_apart(module))


def _handled_exception(function: NamedFunction) -> str | None:
    """The parameter in which a function gets whatever exception a view ended with."""
    parameters = [each.arg for each in functions.parameters(function)]
    if parameters == ["exc", "context"]:
        return "exc"
    if parameters[:1] == ["self"] and function.name in frameworks.all_names("error_methods") and len(parameters) > 1:
        return parameters[-1]
    registering = frameworks.all_names("error_handler_decorators")
    decorators = (each.func for each in function.decorator_list if isinstance(each, ast.Call))
    if any(functions.last_name(each) in registering for each in decorators):
        return next((name for name in reversed(parameters) if name not in {"self", "request", "req"}), None)
    return None


def registered_for_own(module: Module) -> Iterator[tuple[NamedFunction, ClassReference]]:
    """The functions that the framework calls with an exception class of the project."""
    for function, source, classes in _registered(module):
        for each in classes:
            reference = names.resolve(source, each)
            if isinstance(reference, ClassReference):
                yield function, reference


def classes_of(module: Module, function: NamedFunction) -> set[str]:
    """The SDK's exception classes for which a function is registered or that it tells apart, by name."""
    told_apart = [caught for each, _, caught in telling_apart(module) if each is function]
    return set().union(*told_apart) or registered(module).get(function) or {"StripeError"}


def _error_names(module: Module, nodes: list[ast.expr]) -> set[str]:
    paths = [names.dotted_path(module, node) for node in nodes]
    return {name for name in (exceptions.stripe_error(path) for path in paths if path is not None) if name is not None}
