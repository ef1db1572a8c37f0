"""Finds the functions that a framework calls with a request, and what they start with.

A handler starts with its parameters bound (request, headers, body, results of dependencies) and with what ran before
it: decorators, guards, middleware, permission classes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from stripe_lint.analysis import functions, names, static_values, syntax, verification, verifiers
from stripe_lint.analysis.dataflow import Exhausted, Interpreter
from stripe_lint.analysis.frameworks import by_name, frameworks_of, generic, request_type
from stripe_lint.analysis.frameworks.model import Framework
from stripe_lint.analysis.module import Module
from stripe_lint.analysis.references import (
    ClassReference,
    External,
    ExternalInstance,
    FunctionReference,
    ObjectReference,
    Reference,
)
from stripe_lint.analysis.request_values import view_framework
from stripe_lint.analysis.state import START, History, Outcome
from stripe_lint.analysis.values import UNKNOWN, Mark, Value, tagged

NamedFunction = ast.FunctionDef | ast.AsyncFunctionDef

MOST_STARTS: Final = 6
"""In how many ways a handler may start; more dependencies than this are not told apart."""

_PLAIN_ANNOTATIONS: Final = frozenset({"int", "str", "float", "bool", "UUID", "datetime", "date", "Decimal"})
_MODEL_BASES: Final = ("pydantic.", "ninja.", "sqlmodel.", "msgspec.", "marshmallow.", "rest_framework.serializers.")
_DICTIONARIES: Final = frozenset({"dict", "Dict", "Mapping", "Any", "JSON", "MutableMapping"})


def frameworks(module: Module) -> tuple[Framework, ...]:
    """The frameworks that a module imports, most specific first."""
    known = module.memory.get("frameworks")
    if not isinstance(known, tuple):
        known = frameworks_of(frozenset(name.partition(".")[0] for name in module.imported_modules))
        module.memory["frameworks"] = known
    return known


def registered_by(module: Module, function: NamedFunction) -> Framework | None:
    """The framework that calls ``function`` with requests, where that can be seen in its file."""
    owner = module.enclosing_class(function)
    if owner is not None:
        framework = view_framework(ObjectReference(module, owner))
        if framework is not None and (function.name in framework.view_methods or _is_routed(framework, function)):
            return framework
    for framework in frameworks(module):
        if _is_routed(framework, function):
            return framework
    parameters = tuple(parameter.arg for parameter in functions.parameters(function))
    if owner is None:
        for name in ("aws_lambda", "wsgi", "asgi"):
            if parameters in by_name(name).entry_points:
                return by_name(name)
    return None


def _is_routed(framework: Framework, function: NamedFunction) -> bool:
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = functions.last_name(target)
        if name in framework.route_decorators and (isinstance(target, ast.Attribute) or framework.name in _BARE_ROUTES):
            return True
    return False


_BARE_ROUTES: Final = frozenset({"django_rest_framework", "litestar", "google_functions", "pyramid", "bottle", "aws_powertools"})


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
            return any(request_type(base) is not None for base in names.external_bases(instance)) or (
                parameter.arg == "request" and instance.node.name.endswith("Request")
            )
    return parameter.arg in framework.request_parameters and not framework.keyed


@dataclass(frozen=True, slots=True)
class Start:
    """One way in which a handler starts."""

    names: dict[str, Value]
    history: History


def starts(interpreter: Interpreter, module: Module, function: NamedFunction, history: History = START) -> list[Start]:
    """The ways in which ``function`` can start: its parameters and what its dependencies and guards have done."""
    framework = framework_for(module, function)
    registered = registered_by(module, function)
    bound: dict[str, Value] = {}
    found = [Start({}, history)]
    for parameter in functions.parameters(function):
        dependency = dependency_of_parameter(module, function, parameter)
        if dependency is not None:
            found = _with_dependency(interpreter, module, parameter.arg, dependency, found)
            continue
        value = _parameter_value(module, function, parameter, framework, registered)
        if value != UNKNOWN:
            bound[parameter.arg] = value
        if value.has(Mark.SIGNATURE):
            interpreter.facts.evidence.add("signature header")
    found = [Start({**start.names, **bound}, start.history) for start in found]
    for guard in _guards(module, function, framework):
        found = _after_guard(interpreter, guard, found)
    return found[:MOST_STARTS]


def dependency_of_parameter(module: Module, function: NamedFunction, parameter: ast.arg) -> Reference | None:
    """What the framework runs to get the parameter's value."""
    default = functions.default_of(function, parameter)
    if default is not None:
        source, made = names.assigned_expression(module, default)
        dependency = names.dependency_of(source, made)
        if dependency is not None:
            return names.resolve(source, dependency)
    if isinstance(parameter.annotation, ast.Subscript | ast.Name):
        return _annotated_dependency(module, parameter.annotation)
    return None


def _annotated_dependency(module: Module, annotation: ast.expr) -> Reference | None:
    if isinstance(annotation, ast.Name):
        alias = names.annotation_alias(module, annotation)
        return _annotated_dependency(*alias) if alias is not None else None
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        for extra in annotation.slice.elts[1:]:
            dependency = names.dependency_of(module, extra)
            if dependency is not None:
                return names.resolve(module, dependency)
    return None


def _with_dependency(
    interpreter: Interpreter, module: Module, name: str, dependency: Reference, found: list[Start]
) -> list[Start]:
    result = []
    for start in found:
        outcomes = run_dependency(interpreter, dependency, start.history)
        if outcomes is None:
            value = UNKNOWN
            history = start.history
            if isinstance(dependency, External) and verification.names_a_verifier(dependency.path.rpartition(".")[2]):
                history = replace(history, verified=True)
            result.append(Start({**start.names, name: value}, history))
            continue
        for outcome in outcomes:
            if outcome.raised is None:
                value = outcome.value if outcome.value is not None else UNKNOWN
                result.append(Start({**start.names, name: value}, outcome.history))
    return result[:MOST_STARTS] or [Start({**start.names, name: UNKNOWN}, start.history) for start in found]


def run_dependency(interpreter: Interpreter, dependency: Reference, history: History) -> list[Outcome] | None:
    """The outcomes of a function or callable object that the framework runs with parameters of its own."""
    if isinstance(dependency, ObjectReference | ClassReference):
        method = names.find_method(dependency, "__call__" if isinstance(dependency, ObjectReference) else "__init__")
        if method is None:
            return None
        dependency = FunctionReference(*method, dependency)
    if not isinstance(dependency, FunctionReference) or isinstance(dependency.node, ast.Lambda):
        return None
    if len(interpreter.active) > MOST_STARTS or dependency.node in interpreter.active:
        return None
    result: list[Outcome] = []
    for start in starts(interpreter, dependency.module, dependency.node, history):
        bound = dict(start.names)
        first = functions.first_parameter(dependency.node)
        if dependency.receiver is not None and first is not None:
            bound[first.arg] = Value(reference=dependency.receiver)
        outcomes = interpreter.run_function(dependency.module, dependency.node, bound, start.history)
        yielded = dependency.module.yields.get(dependency.node)
        if yielded:
            outcomes = [replace(outcome, value=UNKNOWN) for outcome in outcomes]
        result.extend(outcomes)
    return list(dict.fromkeys(result))


def _parameter_value(
    module: Module, function: NamedFunction, parameter: ast.arg, framework: Framework, registered: Framework | None
) -> Value:
    owner = module.enclosing_class(function)
    if owner is not None and functions.first_parameter(function) is parameter:
        return UNKNOWN if functions.has_decorator(function, "staticmethod") else Value(
            reference=ObjectReference(module, owner)
        )
    annotation = parameter.annotation
    instance = names.instance_of_annotation(module, annotation) if annotation is not None else None
    if isinstance(instance, ExternalInstance):
        typed = request_type(instance.path)
        if typed is not None:
            specific = framework if typed.name in framework.builds_on else typed
            return tagged(Mark.REQUEST, detail=specific.name)
    default = functions.default_of(function, parameter)
    marker = names.dotted_path(module, default.func) if isinstance(default, ast.Call) else None
    if marker in framework.header_parameter_markers or _annotated_marker(module, annotation, framework.header_parameter_markers):
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
    if parameter.arg in framework.request_parameters and (annotation is None or instance is not None or framework.name != "generic"):
        if annotation is None or not isinstance(instance, ObjectReference) or instance.node.name.endswith("Request"):
            return tagged(Mark.REQUEST, detail=framework.name)
    is_body = marker in framework.body_parameter_markers or _annotated_marker(module, annotation, framework.body_parameter_markers)
    if framework.body_parameters and registered is not None:
        return _body_parameter(module, function, parameter, instance, framework, is_body=is_body)
    if default is not None and not isinstance(default, ast.Call):
        return static_values.of_default(module, default)
    return UNKNOWN


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
    plain = spelled.lower().replace("_", "-")
    return tagged(Mark.SIGNATURE) if plain == "stripe-signature" else UNKNOWN


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
    name = functions.last_name(annotation.value if isinstance(annotation, ast.Subscript) else annotation) if annotation else None
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
        for base in names.external_bases(instance)
    )
    if is_model or name in _DICTIONARIES or (is_body and name not in _PLAIN_ANNOTATIONS):
        return tagged(Mark.PARSED, module, function)
    return UNKNOWN


def _guards(module: Module, function: NamedFunction, framework: Framework) -> Iterator[FunctionReference]:
    """The functions that the framework runs before ``function`` and that can refuse the request."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call):
            yield from _keyword_guards(module, decorator, framework)
            yield from _router_guards(module, decorator, framework)
            if names.dotted_path(module, decorator.func) in framework.guard_decorators:
                for argument in decorator.args:
                    yield from _guard_functions(module, argument, framework)
    owner = module.enclosing_class(function)
    if owner is not None:
        yield from _class_guards(ObjectReference(module, owner), function, framework)
    yield from _registered_guards(module, framework)


def _keyword_guards(module: Module, call: ast.Call, framework: Framework) -> Iterator[FunctionReference]:
    for keyword in call.keywords:
        if keyword.arg in framework.guard_keywords:
            yield from _guard_functions(module, keyword.value, framework)


def _router_guards(module: Module, decorator: ast.Call, framework: Framework) -> Iterator[FunctionReference]:
    """``dependencies=[…]`` of the router or application whose decorator registers the handler."""
    if not isinstance(decorator.func, ast.Attribute) or not isinstance(decorator.func.value, ast.Name):
        return
    found = module.scope_of(decorator).lookup(decorator.func.value.id)
    for binding in found[1] if found is not None else ():
        if isinstance(binding.value, ast.Call):
            yield from _keyword_guards(module, binding.value, framework)


def _guard_functions(module: Module, node: ast.expr, framework: Framework) -> Iterator[FunctionReference]:
    for part in node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else [node]:
        target = names.dependency_of(module, part) or part
        reference = names.resolve(module, target.func if isinstance(target, ast.Call) and target is part else target)
        if isinstance(reference, FunctionReference):
            yield reference
        elif isinstance(reference, ClassReference | ObjectReference):
            yield from _guard_methods(reference, framework)


def _guard_methods(reference: ClassReference | ObjectReference, framework: Framework) -> Iterator[FunctionReference]:
    receiver = ObjectReference(reference.module, reference.node)
    for name in sorted(framework.guard_methods | {"__call__"}):
        method = names.find_method(reference, name)
        if method is not None:
            yield FunctionReference(*method, receiver)


def _class_guards(
    reference: ObjectReference, function: NamedFunction, framework: Framework
) -> Iterator[FunctionReference]:
    for module, node in names.linearized(reference):
        scope = module.scopes.get(node)
        if scope is None:
            continue
        for name in sorted(framework.guard_attributes):
            for binding in scope.bindings.get(name, ()):
                if binding.value is not None:
                    yield from _guard_functions(module, binding.value, framework)
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and names.dotted_path(module, decorator.func) in framework.guard_decorators:
                for argument in decorator.args:
                    yield from _guard_functions(module, argument, framework)
    for name in sorted(framework.guard_methods):
        method = names.find_method(reference, name)
        if method is not None and method[1] is not function:
            yield FunctionReference(*method, reference)


def _registered_guards(module: Module, framework: Framework) -> Iterator[FunctionReference]:
    for candidate in module.functions:
        if isinstance(candidate, ast.Lambda):
            continue
        if any(name in framework.guard_registrations for name in functions.decorator_names(candidate)):
            yield FunctionReference(module, candidate)


def _after_guard(interpreter: Interpreter, guard: FunctionReference, found: list[Start]) -> list[Start]:
    """The starts that are left after a guard has run; only a guard that verifies is looked at."""
    if isinstance(guard.node, ast.Lambda) or not verifiers.mentions_verification(guard.module, guard.node):
        return found
    result = []
    for start in found:
        bound = {**dict(starts_of_guard(guard)), **{}}
        interpreter.facts.handed_on.clear()
        outcomes = interpreter.run_function(guard.module, guard.node, bound, start.history)
        passing = [outcome.history for outcome in outcomes if outcome.raised is None and not _refuses(guard, outcome)]
        if interpreter.facts.handed_on:
            passing = list(interpreter.facts.handed_on)
        for history in passing:
            result.append(Start(start.names, history))
        if not passing:
            result.append(Start(start.names, replace(start.history, verified=True)))
    return list({(frozenset(s.names.items()), s.history): s for s in result}.values())[:MOST_STARTS]


def starts_of_guard(guard: FunctionReference) -> dict[str, Value]:
    """The parameters with which the framework calls a guard."""
    node = guard.node
    assert not isinstance(node, ast.Lambda)
    framework = framework_for(guard.module, node)
    bound: dict[str, Value] = {}
    for parameter in functions.parameters(node):
        value = _parameter_value(guard.module, node, parameter, framework, None)
        if value != UNKNOWN:
            bound[parameter.arg] = value
    if guard.receiver is not None:
        first = functions.first_parameter(node)
        if first is not None:
            bound[first.arg] = Value(reference=guard.receiver)
    return bound


def _refuses(guard: FunctionReference, outcome: Outcome) -> bool:
    """Whether a guard that ended like this has answered the request itself."""
    value = outcome.value if outcome.value is not None else UNKNOWN
    name = guard.node.name if not isinstance(guard.node, ast.Lambda) else ""
    if name in {"has_permission", "test_func"}:
        return value.known_truth is False
    if name in {"authenticate"}:
        return False
    if value.constant is not None and value.constant.value is None:
        return False
    # dispatch and middleware end in a response of the view, or in one of their own before anything was verified
    return not outcome.history.verified


@dataclass(frozen=True, slots=True)
class Wrapper:
    """The inner function of a decorator of the project, and the names it knows the decorated function by."""

    module: Module
    node: NamedFunction
    wrapped: str


def wrappers(module: Module, function: NamedFunction) -> list[Wrapper]:
    """The inner functions of the decorators on ``function`` that verify, outermost first."""
    found = []
    owner = module.enclosing_class(function)
    for decorator in [*(owner.decorator_list if owner is not None else ()), *function.decorator_list]:
        expression = decorator
        if decorator not in function.decorator_list and not _decorates_methods(decorator):
            continue
        if isinstance(decorator, ast.Call) and functions.last_name(decorator.func) == "method_decorator" and decorator.args:
            expression = decorator.args[0]
        target = expression.func if isinstance(expression, ast.Call) else expression
        reference = names.resolve(module, target)
        if isinstance(reference, FunctionReference) and not isinstance(reference.node, ast.Lambda):
            if verifiers.mentions_verification(reference.module, reference.node) or verifiers.reads_body(reference.module, reference.node):
                wrapper = wrapper_of(reference.module, reference.node)
                if wrapper is not None:
                    found.append(wrapper)
    return found


def guarded_by_middleware(module: Module) -> bool:
    """Whether a middleware of the project verifies what reaches the handlers."""
    known = module.memory.get("middleware")
    if isinstance(known, bool):
        return known
    answer = False
    for word in ("get_response", "BaseHTTPMiddleware", "middleware"):
        for path in module.project.files_that_mention(word) or ():
            source = module.project.module_at(path)
            if source is not None and _has_verifying_middleware(source):
                answer = True
    module.memory["middleware"] = answer
    return answer


def _has_verifying_middleware(source: Module) -> bool:
    for node in source.classes:
        scope = source.scopes[node]
        if not {"__call__", "process_request", "process_view", "dispatch"} & scope.bindings.keys():
            continue
        named = node.name.endswith("Middleware") or any("get_response" in ast.dump(item) for item in node.body[:1])
        if named and _speaks_of_stripe(source, node) and verifiers.mentions_verification(source, node):
            return True
    for function in source.functions:
        if not isinstance(function, ast.Lambda) and "middleware" in set(functions.decorator_names(function)):
            if _speaks_of_stripe(source, function) and verifiers.mentions_verification(source, function):
                return True
    return False


def _speaks_of_stripe(source: Module, node: ast.ClassDef | NamedFunction) -> bool:
    lines = source.text.splitlines()[node.lineno - 1 : node.end_lineno]
    return any("stripe" in line.lower() for line in lines)


def _decorates_methods(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and functions.last_name(decorator.func) == "method_decorator"


def wrapper_of(module: Module, decorator: NamedFunction) -> Wrapper | None:
    """The inner function that a decorator puts in place of the decorated one."""
    nested = [
        node
        for node in syntax.descendants(decorator)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node is not decorator
    ]
    for inner in nested:
        outer = module.enclosing_function(inner)
        if not isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        wrapped = functions.first_parameter(outer)
        if wrapped is None:
            continue
        for node in syntax.own_nodes(inner):
            if isinstance(node, ast.Call) and functions.last_name(node.func) == wrapped.arg:
                return Wrapper(module, inner, wrapped.arg)
    return None


def verified_by_unseen_decorator(module: Module, function: NamedFunction) -> bool:
    """Whether a decorator that can't be seen says by its name that it verifies."""
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        reference = names.resolve(module, target)
        name = functions.last_name(target)
        if name is None or isinstance(reference, FunctionReference | ClassReference | ObjectReference):
            continue
        if verification.names_a_verifier(name) and "exempt" not in name:
            return True
    return False


def run_handler(interpreter: Interpreter, module: Module, function: NamedFunction) -> None:
    """Run a handler in all ways in which it can start, through the decorators that verify."""
    history = START
    if verified_by_unseen_decorator(module, function):
        history = replace(START, verified=True)
    try:
        for start in starts(interpreter, module, function, history):
            _run_start(interpreter, module, function, start)
    except Exhausted:
        interpreter.facts.exhausted = True


def _run_start(interpreter: Interpreter, module: Module, function: NamedFunction, start: Start) -> None:
    layers = wrappers(module, function)
    interpreter.defaults[function] = start.names
    captured: dict[str, Value] = {}
    inner: tuple[Module, NamedFunction] = (module, function)
    for wrapper in reversed(layers):
        captured = {**captured, wrapper.wrapped: Value(reference=FunctionReference(*inner))}
        inner = (wrapper.module, wrapper.node)
    if not layers:
        interpreter.run_function(module, function, start.names, start.history, answers=True)
        return
    outer_module, outer = inner
    bound = dict(start.names)
    framework = framework_for(module, function)
    positional = functions.positional_parameters(outer)
    own = functions.positional_parameters(function)
    for mine, theirs in zip(positional, own, strict=False):
        if theirs.arg in start.names:
            bound[mine.arg] = start.names[theirs.arg]
        elif mine.arg in framework.request_parameters and not framework.keyed:
            bound[mine.arg] = tagged(Mark.REQUEST, detail=framework.name)
    interpreter.run_function(outer_module, outer, bound, start.history, answers=True, captured=captured)
