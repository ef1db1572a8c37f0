"""What a framework passes for each parameter of a function that it calls: the request, its body, a header, a result."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import assignments, definitions, functions, imports, names, static_values, webhook_functions
from stripe_lint.analysis.frameworks import request_type
from stripe_lint.analysis.references import ExternalInstance, ObjectReference, Reference
from stripe_lint.analysis.values import UNKNOWN, Mark, Value, tagged

if TYPE_CHECKING:
    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction

_PLAIN_ANNOTATIONS: Final = frozenset({"int", "str", "float", "bool", "UUID", "datetime", "date", "Decimal"})
_MODEL_BASES: Final = ("pydantic.", "ninja.", "sqlmodel.", "msgspec.", "marshmallow.", "rest_framework.serializers.")
_DICTIONARIES: Final = frozenset({"dict", "Dict", "Mapping", "Any", "JSON", "MutableMapping"})


def parameter_value(
    module: Module, function: NamedFunction, parameter: ast.arg, framework: Framework, registered: Framework | None
) -> Value:
    """What ``framework`` passes for ``parameter``; ``registered`` is what is seen to call ``function``."""
    owner = module.enclosing_class(function)
    if owner is not None and functions.first_parameter(function) is parameter:
        return (
            UNKNOWN
            if functions.has_decorator(function, "staticmethod")
            else Value(reference=ObjectReference(module, owner))
        )
    annotation = parameter.annotation
    instance = names.instance_of_annotation(module, annotation) if annotation is not None else None
    typed = _request_type(instance)
    if typed is not None:
        specific = framework if typed.name in framework.builds_on else typed
        return tagged(Mark.REQUEST, detail=specific.name)
    default = functions.default_of(function, parameter)
    marker = names.dotted_path(module, default.func) if isinstance(default, ast.Call) else None
    if marker in framework.header_parameter_markers or _annotated_marker(
        module, annotation, framework.header_parameter_markers
    ):
        return _header_parameter(parameter, default)
    if framework.keyed and registered is framework and parameter.arg not in framework.raw_receivers:
        if functions.parameters(function)[0] is parameter:
            return tagged(Mark.REQUEST, detail=framework.name)
        return UNKNOWN
    if parameter.arg in framework.raw_receivers and registered is not None:
        return tagged(Mark.STREAM, detail="receive")
    if parameter.arg in framework.header_parameters and registered is not None:
        return tagged(Mark.HEADERS)
    if parameter.arg in framework.raw_parameters and registered is not None:
        return tagged(Mark.RAW, detail="bytes")
    if (
        not _is_dictionary(annotation)
        and parameter.arg in framework.request_parameters
        and (annotation is None or instance is not None or framework.name != "generic")
        and (annotation is None or not isinstance(instance, ObjectReference) or instance.node.name.endswith("Request"))
    ):
        return tagged(Mark.REQUEST, detail=framework.name)
    is_body = marker in framework.body_parameter_markers or _annotated_marker(
        module, annotation, framework.body_parameter_markers
    )
    if framework.body_parameters and registered is not None:
        return _body_parameter(module, function, parameter, instance, framework, is_body=is_body)
    if default is not None and not isinstance(default, ast.Call):
        return static_values.of_default(module, default)
    return UNKNOWN


def _request_type(instance: Reference | None) -> Framework | None:
    """The framework whose request an annotation means, or a class of the project that is derived from one."""
    if isinstance(instance, ExternalInstance):
        return request_type(instance.path)
    bases = definitions.external_bases(instance) if isinstance(instance, ObjectReference) else ()
    return next((typed for base in bases for typed in [request_type(base)] if typed is not None), None)


def _is_dictionary(annotation: ast.expr | None) -> bool:
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return base is not None and functions.last_name(base) in _DICTIONARIES


def _annotated_marker(module: Module, annotation: ast.expr | None, markers: tuple[str, ...]) -> bool:
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        for extra in annotation.slice.elts[1:]:
            if isinstance(extra, ast.Call) and names.dotted_path(module, extra.func) in markers:
                return True
    return False


def _header_parameter(parameter: ast.arg, default: ast.expr | None) -> Value:
    spelled = parameter.arg
    calls = [default] if isinstance(default, ast.Call) else []
    if isinstance(parameter.annotation, ast.Subscript) and isinstance(parameter.annotation.slice, ast.Tuple):
        calls += [extra for extra in parameter.annotation.slice.elts if isinstance(extra, ast.Call)]
    for call in calls:
        for keyword in call.keywords:
            if keyword.arg == "alias" and isinstance(keyword.value, ast.Constant):
                spelled = str(keyword.value.value)
    return tagged(Mark.SIGNATURE) if webhook_functions.names_signature_header(spelled) else UNKNOWN


def _body_parameter(
    module: Module,
    function: NamedFunction,
    parameter: ast.arg,
    instance: Reference | None,
    framework: Framework,
    *,
    is_body: bool,
) -> Value:
    annotation = parameter.annotation
    name = (
        functions.last_name(annotation.value if isinstance(annotation, ast.Subscript) else annotation)
        if annotation
        else None
    )
    if isinstance(annotation, ast.Subscript) and name == "Annotated" and isinstance(annotation.slice, ast.Tuple):
        name = functions.last_name(annotation.slice.elts[0])
        instance = names.instance_of_annotation(module, annotation.slice.elts[0])
    if name == "bytes" and (is_body or parameter.arg in framework.body_parameter_names):
        return tagged(Mark.RAW, detail="bytes")
    if framework.body_parameter_names:
        is_body = is_body or parameter.arg in framework.body_parameter_names
        if not is_body:
            return UNKNOWN
    is_model = isinstance(instance, ObjectReference) and any(
        base.startswith(_MODEL_BASES) or base.rpartition(".")[2] in {"BaseModel", "Schema", "TypedDict", "Struct"}
        for base in definitions.external_bases(instance)
    )
    if is_model or name in _DICTIONARIES or (is_body and name not in _PLAIN_ANNOTATIONS):
        return tagged(Mark.PARSED, module, function)
    return UNKNOWN


def dependency_of_parameter(module: Module, function: NamedFunction, parameter: ast.arg) -> Reference | None:
    """What the framework runs to get the parameter's value."""
    default = functions.default_of(function, parameter)
    if default is not None:
        source, made = assignments.assigned_expression(module, default)
        dependency = names.dependency_of(source, made)
        if dependency is not None:
            return names.resolve(source, dependency)
    if isinstance(parameter.annotation, ast.Subscript | ast.Name):
        return _annotated_dependency(module, parameter.annotation)
    return None


def _annotated_dependency(module: Module, annotation: ast.expr) -> Reference | None:
    if isinstance(annotation, ast.Name):
        alias = imports.annotation_alias(module, annotation)
        return _annotated_dependency(*alias) if alias is not None else None
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        for extra in annotation.slice.elts[1:]:
            dependency = names.dependency_of(module, extra)
            if dependency is not None:
                return names.resolve(module, dependency)
    return None
