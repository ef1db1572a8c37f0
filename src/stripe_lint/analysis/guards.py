"""What runs before a handler and can refuse its request: guards, middleware and the decorators of the project."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    applied_decorators,
    conventions,
    definitions,
    functions,
    method_decorators,
    names,
    routers,
    syntax,
    verification,
    verifiers,
)
from stripe_lint.analysis.frameworks import is_wrapper_decorator, view_base
from stripe_lint.analysis.handler_parameters import parameter_value
from stripe_lint.analysis.handlers import framework_for, is_route, registered_by
from stripe_lint.analysis.references import FunctionReference, ObjectReference, OfClass
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.values import UNKNOWN, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module


def guards_of(module: Module, function: NamedFunction, framework: Framework) -> Iterator[FunctionReference]:
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
    yield from _registered_guards(module, function, framework)


def _keyword_guards(module: Module, call: ast.Call, framework: Framework) -> Iterator[FunctionReference]:
    for keyword in call.keywords:
        if keyword.arg in framework.guard_keywords:
            yield from _guard_functions(module, keyword.value, framework)


def _router_guards(module: Module, decorator: ast.Call, framework: Framework) -> Iterator[FunctionReference]:
    """``dependencies=[…]`` of the router or application whose decorator registers the handler."""
    if not isinstance(decorator.func, ast.Attribute):
        return
    for binding in module.bindings_of(decorator.func.value):
        if isinstance(binding.value, ast.Call):
            yield from _keyword_guards(module, binding.value, framework)


def _guard_functions(module: Module, node: ast.expr, framework: Framework) -> Iterator[FunctionReference]:
    for part in _required(node):
        target = names.dependency_of(module, part) or part
        reference = names.resolve(module, target.func if isinstance(target, ast.Call) and target is part else target)
        if isinstance(reference, FunctionReference):
            yield reference
        elif isinstance(reference, OfClass):
            yield from _guard_methods(reference, framework)


def _required(node: ast.expr) -> Iterator[ast.expr]:
    """The guards in a list that all have to let a request pass: one that is made of two with ``&`` is both."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        for part in node.elts:
            yield from _required(part)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd):
        yield from _required(node.left)
        yield from _required(node.right)
    else:
        yield node


def _guard_methods(reference: OfClass, framework: Framework) -> Iterator[FunctionReference]:
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
            if (
                isinstance(decorator, ast.Call)
                and names.dotted_path(module, decorator.func) in framework.guard_decorators
            ):
                for argument in decorator.args:
                    yield from _guard_functions(module, argument, framework)
    for name in sorted(framework.guard_getters):
        getter = names.find_method(reference, name)
        for returned in getter[0].returns.get(getter[1], ()) if getter is not None else ():
            if getter is not None and returned.value is not None:
                yield from _guard_functions(getter[0], returned.value, framework)
    for name in sorted(framework.guard_methods):
        method = names.find_method(reference, name)
        if method is not None and method[1] is not function and not _is_hidden(reference, *method):
            yield FunctionReference(*method, reference)


def _is_hidden(reference: OfClass, module: Module, method: NamedFunction) -> bool:
    """Whether a method of a mixin never runs, as a framework's class of views stands before it: ``(View, Mixin)``."""
    owner = module.enclosing_class(method)
    if owner is None or owner is reference.node or _is_view(module, owner):
        return False
    for source, node in names.linearized(reference):
        if node is owner:
            return False
        for base in node.bases:
            above = names.resolve(source, base)
            if isinstance(above, OfClass) and owner in [each for _, each in names.linearized(above)]:
                break
            if view_base(names.dotted_path(source, base)) is not None:
                return True
    return False


def _is_view(module: Module, node: ast.ClassDef) -> bool:
    bases = definitions.external_bases(ObjectReference(module, node))
    return any(view_base(path) is not None for path in bases)


def _registered_guards(module: Module, function: NamedFunction, framework: Framework) -> Iterator[FunctionReference]:
    for candidate in module.functions:
        if isinstance(candidate, ast.Lambda):
            continue
        for decorator in candidate.decorator_list:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            if functions.last_name(target) in framework.guard_registrations:
                own = routers.routers_of(module, function, framework)
                if not own or routers.is_on(module, target, framework, own):
                    yield FunctionReference(module, candidate)
    for name in sorted(framework.guard_registrations):
        for call in module.calls.get(name, ()):
            for argument in call.args:
                reference = names.resolve(module, argument)
                if isinstance(reference, FunctionReference):
                    yield reference


def guard_parameters(guard: FunctionReference, node: NamedFunction) -> dict[str, Value]:
    """The parameters with which the framework calls a guard, whose definition is ``node``."""
    framework = framework_for(guard.module, node)
    bound: dict[str, Value] = {}
    for parameter in functions.parameters(node):
        value = parameter_value(guard.module, node, parameter, framework, None)
        if value != UNKNOWN:
            bound[parameter.arg] = value
    if guard.receiver is not None:
        first = functions.first_parameter(node)
        if first is not None:
            bound[first.arg] = Value(reference=guard.receiver)
    return bound


class Wrapper(NamedTuple):
    """The inner function of a decorator of the project, and the names it knows the decorated function by."""

    module: Module
    node: NamedFunction
    wrapped: str

    def calls(self) -> list[ast.Call]:
        """Its calls of the decorated function."""
        return [
            each for each in self.module.calls_of.get(self.node, ()) if functions.last_name(each.func) == self.wrapped
        ]


def wrappers(module: Module, function: NamedFunction) -> list[Wrapper]:
    """The inner functions of the decorators on ``function`` that verify, outermost first."""
    found = []
    owner = module.enclosing_class(function)
    unregistered = _above_registration(module, function)
    for decorator in [*(owner.decorator_list if owner is not None else ()), *function.decorator_list]:
        if decorator in unregistered:
            continue
        if decorator not in function.decorator_list and not method_decorators.is_for_methods(module, decorator):
            continue
        for each in method_decorators.put_on_methods(module, decorator) or [decorator]:
            wrapper = _verifying_wrapper(module, each)
            if wrapper is not None:
                found.append(wrapper)
    return found


def passed_over(module: Module, function: NamedFunction) -> list[ast.expr]:
    """The decorators of the project that verify, and that the route which ``function`` is registered for passes over.

    A route is registered with the function as it is at that decorator; what stands above wraps only the name.
    """
    return [each for each in _above_registration(module, function) if _verifying_wrapper(module, each) is not None]


def _above_registration(module: Module, function: NamedFunction) -> list[ast.expr]:
    """The decorators above the lowest one by which the framework registers ``function`` as it is there."""
    framework = registered_by(module, function)
    if framework is None or not framework.registers_at_once:
        return []
    routes = [index for index, each in enumerate(function.decorator_list) if is_route(module, each)]
    return function.decorator_list[: routes[-1]] if routes else []


def applied_wrappers(module: Module, function: NamedFunction) -> list[Wrapper]:
    """The inner functions of the verifying decorators with which ``function`` is registered, outermost first."""
    found = [_verifying_wrapper(*applied) for applied in applied_decorators.applied_decorators(module, function)]
    return [wrapper for wrapper in found if wrapper is not None]


def _verifying_wrapper(module: Module, decorator: ast.expr) -> Wrapper | None:
    """What the decorator of the project that ``decorator`` names puts in place, where it looks at the request."""
    reference = names.resolve(module, decorator.func if isinstance(decorator, ast.Call) else decorator)
    if (
        isinstance(reference, FunctionReference)
        and not isinstance(reference.node, ast.Lambda)
        and (
            verifiers.mentions_verification(reference.module, reference.node)
            or verifiers.reads_body(reference.module, reference.node)
        )
    ):
        return wrapper_of(reference.module, reference.node)
    return None


def wrapper_of(module: Module, decorator: NamedFunction) -> Wrapper | None:
    """The inner function that a decorator puts in place of the decorated one."""
    if any(is_wrapper_decorator(names.dotted_path(module, each)) for each in decorator.decorator_list):
        first = functions.first_parameter(decorator)
        return Wrapper(module, decorator, first.arg) if first is not None else None
    nested = [
        node for node in syntax.descendants(decorator) if isinstance(node, NamedFunction) and node is not decorator
    ]
    for inner in nested:
        outer = module.enclosing_function(inner)
        if not isinstance(outer, NamedFunction):
            continue
        wrapped = functions.first_parameter(outer)
        if wrapped is None:
            continue
        for node in syntax.own_nodes(inner):
            if isinstance(node, ast.Call) and functions.last_name(node.func) == wrapped.arg and _hands_on(inner, node):
                return Wrapper(module, inner, wrapped.arg)
    return None


def _hands_on(inner: NamedFunction, call: ast.Call) -> bool:
    """Whether a call is one of the decorated function: a call without the request is of what a factory was given."""
    return bool(call.args or call.keywords) or not functions.positional_parameters(inner)


def verified_by_unseen_decorator(module: Module, function: NamedFunction) -> bool:
    """Whether a decorator verifies by its name: one that can't be seen, or one that the project told."""
    unregistered = _above_registration(module, function)
    own = [(module, decorator) for decorator in function.decorator_list if decorator not in unregistered]
    return any(_verifies_unseen(*each) for each in [*own, *applied_decorators.applied_decorators(module, function)])


def _verifies_unseen(module: Module, decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    reference = names.resolve(module, target)
    if conventions.is_one_of(module.project.conventions.verifiers, target, reference):
        return True
    name = functions.last_name(target)
    if name is None or isinstance(reference, FunctionReference | OfClass):
        return False
    return verification.names_a_verifier(name) and "exempt" not in name


_PATHS: Final = frozenset(
    {"path", "endpoint", "full_path", "url", "url_rule", "resolver_match", "blueprint", "path_info"}
)


def asks_for_path(node: ast.AST) -> bool:
    """Whether a guard looks at which address is asked for."""
    return any(isinstance(inner, ast.Attribute) and inner.attr in _PATHS for inner in syntax.own_nodes(node))
