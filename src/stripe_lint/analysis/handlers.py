"""Tells which functions a framework calls with a request, and which framework that is."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import definitions, functions, names
from stripe_lint.analysis.frameworks import (
    all_names,
    entry_point,
    frameworks_of,
    generic,
    is_usual_route,
    request_type,
    response_type,
)
from stripe_lint.analysis.references import ExternalInstance, ObjectReference
from stripe_lint.analysis.request_reads import view_framework
from stripe_lint.analysis.scopes import BindingKind, NamedFunction

if TYPE_CHECKING:
    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module


def frameworks(module: Module) -> tuple[Framework, ...]:
    """The frameworks that a module imports, most specific first."""
    known = module.memory.get("frameworks")
    if not isinstance(known, tuple):
        known = frameworks_of(frozenset(module.imported_packages))
        module.memory["frameworks"] = known
    return known


def registered_by(module: Module, function: NamedFunction) -> Framework | None:
    """The framework that calls ``function`` with requests, where that can be seen in its file."""
    owner = module.enclosing_class(function)
    if owner is not None:
        framework = view_framework(ObjectReference(module, owner))
        if framework is not None and (_is_view(framework, function) or _is_routed(module, framework, function)):
            return framework
    for framework in frameworks(module):
        if _is_routed(module, framework, function):
            return framework
    imported = _routed_by_imported(module, function)
    if imported is not None:
        return imported
    if _names_a_route(function):
        return generic()
    parameters = tuple(parameter.arg for parameter in functions.parameters(function))
    return entry_point(parameters) if owner is None else None


def _is_view(framework: Framework, function: NamedFunction) -> bool:
    """Whether a method of one of the framework's classes of views is a handler."""
    if function.name in framework.view_methods:
        return True
    return not function.name.startswith("_") and len(functions.parameters(function)) == framework.view_parameter_count


def answering_object(module: Module, node: ast.expr) -> Framework | None:
    """The framework that hands its handlers the object ``node``, by which they answer."""
    if not isinstance(node, ast.Name):
        return None
    found = module.scope_of(node).lookup(node.id)
    function = found[0].node if found is not None and found[1][0].kind is BindingKind.PARAMETER else None
    if isinstance(function, NamedFunction):
        answering = answering_parameter(module, function)
        if answering is not None and answering[0] == node.id:
            return answering[1]
    return _framework_by_name(module, node.id)


def answering_parameter(module: Module, function: NamedFunction) -> tuple[str, Framework] | None:
    """The parameter that is the object by which a framework's handlers answer, and that framework."""
    key = ("answering parameter", function)
    if key not in module.memory:
        module.memory[key] = _answering_parameter(module, function)
    return module.memory[key]  # type: ignore[return-value]


def _answering_parameter(module: Module, function: NamedFunction) -> tuple[str, Framework] | None:
    parameters = functions.parameters(function)
    owner = module.enclosing_class(function)
    framework = view_framework(ObjectReference(module, owner)) if owner is not None else None
    if framework is not None and framework.response_place and _is_view(framework, function):
        return parameters[framework.response_place].arg, framework
    for parameter in parameters:
        annotated = names.instance_of_annotation(module, parameter.annotation) if parameter.annotation else None
        found = response_type(annotated.path) if isinstance(annotated, ExternalInstance) else None
        found = found or _framework_by_name(module, parameter.arg)
        if found is not None:
            return parameter.arg, found
    return None


def _framework_by_name(module: Module, name: str) -> Framework | None:
    return next((framework for framework in frameworks(module) if name in framework.response_parameters), None)


_PATH_NAME: Final = r"(?i)(?:^|_)(?:path|route|endpoint|url|uri)s?$"


def is_route(module: Module, decorator: ast.expr) -> bool:
    """Whether a decorator registers what it stands on as a handler."""
    return _has_path(decorator) or any(_routes(module, framework, decorator) for framework in frameworks(module))


def _names_a_route(function: NamedFunction) -> bool:
    """Whether a decorator gives the function a path, on an application that comes from another file."""
    return any(_has_path(decorator) for decorator in function.decorator_list)


def _has_path(decorator: ast.expr) -> bool:
    if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.args:
        return is_usual_route(decorator.func.attr) and _is_path(decorator.args[0])
    return False


def _is_path(node: ast.expr) -> bool:
    """Whether an expression is the path of a route: by what it is, or where it is kept elsewhere, by its name."""
    if isinstance(node, ast.Constant):
        return str(node.value).startswith("/")
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.Constant) and "/" in str(part.value) for part in node.values)
    return re.search(_PATH_NAME, functions.last_name(node) or "") is not None


def _is_routed(module: Module, framework: Framework, function: NamedFunction) -> bool:
    return any(_routes(module, framework, decorator) for decorator in function.decorator_list)


def _routes(module: Module, framework: Framework, decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    path = names.dotted_path(module, target) if isinstance(target, ast.Name) else None
    name = path.rpartition(".")[2] if path is not None else functions.last_name(target)
    is_reached = isinstance(target, ast.Attribute) or framework.bare_routes
    return is_reached and name in framework.route_decorators


def _routed_by_imported(module: Module, function: NamedFunction) -> Framework | None:
    """The framework of an object that another file made and that registers the function here."""
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else None
        if isinstance(target, ast.Attribute) and target.attr in all_names("route_decorators"):
            registry = names.resolve(module, target.value)
            package = registry.path.partition(".")[0] if isinstance(registry, ExternalInstance) else ""
            for framework in frameworks_of(frozenset({package})):
                if target.attr in framework.route_decorators:
                    return framework
    return None


def framework_for(module: Module, function: NamedFunction) -> Framework:
    """The framework whose request ``function`` takes: the one that calls it, or the one that its file imports."""
    registered = registered_by(module, function)
    if registered is not None:
        return registered
    strong = [framework for framework in frameworks(module) if not framework.weak_import]
    if strong:
        # where the request is a global, it is no parameter
        by_parameter = [framework for framework in strong if not framework.request_globals]
        takes = any(parameter.arg in {"request", "req"} for parameter in functions.parameters(function))
        return by_parameter[0] if takes and by_parameter else strong[0]
    weak = frameworks(module)
    return weak[0] if weak else generic()


def takes_request(module: Module, function: NamedFunction) -> bool:
    """Whether a framework calls ``function``, or it has a parameter that is the request."""
    if registered_by(module, function) is not None:
        return True
    framework = framework_for(module, function)
    return any(_is_request(module, framework, parameter) for parameter in functions.parameters(function))


def is_request_parameter(module: Module, function: NamedFunction, parameter: ast.arg) -> bool:
    """Whether ``parameter`` is the request."""
    return _is_request(module, framework_for(module, function), parameter)


def _is_request(module: Module, framework: Framework, parameter: ast.arg) -> bool:
    if parameter.annotation is not None:
        instance = names.instance_of_annotation(module, parameter.annotation)
        if isinstance(instance, ExternalInstance):
            return request_type(instance.path) is not None
        if isinstance(instance, ObjectReference):
            return any(request_type(base) is not None for base in definitions.external_bases(instance)) or (
                parameter.arg == "request" and instance.node.name.endswith("Request")
            )
    return parameter.arg in framework.request_parameters and not framework.keyed
