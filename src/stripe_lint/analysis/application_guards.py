"""What an application puts in front of handlers in other files: middleware, hooks, dependencies, default classes.

The other questions about a handler follow it from its own file; these are asked of the whole project, and only where a
handler would be reported.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from stripe_lint.analysis import assignments, conventions, functions, handlers, names, routers, verifiers
from stripe_lint.analysis.frameworks import all_names, middleware_words
from stripe_lint.analysis.references import ClassReference, FunctionReference, OfClass

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.references import Reference
    from stripe_lint.analysis.routers import Made
    from stripe_lint.analysis.scopes import NamedFunction


def guarded_by_application(module: Module, function: NamedFunction) -> bool:
    """Whether something that runs before ``function``, wherever it was registered, verifies the request."""
    key = ("guarded by application", function)
    known = module.memory.get(key)
    if not isinstance(known, bool):
        known = _guarded_by_middleware(module) or any(
            _verifies(reference)
            for framework in handlers.frameworks(module)
            for reference in put_in_front(module, function, framework)
        )
        module.memory[key] = known
    return known


def _verifies(reference: Reference | None) -> bool:
    if not isinstance(reference, FunctionReference | OfClass):
        return False
    if conventions.means_one_of(reference.module.project.conventions.verifiers, reference, None):
        return True
    return "stripe" in reference.module.lowered and verifiers.mentions_verification(reference.module, reference.node)


def put_in_front(module: Module, function: NamedFunction, framework: Framework) -> Iterator[Reference | None]:
    """Everything that is put in front of handlers of ``framework`` and that ``function`` may be among."""
    own = routers.routers_of(module, function, framework)
    for source, made in own.values():
        yield from _keyword_guards(source, made, framework)
    for source, call in routers.calls(module, framework.guard_registrations | framework.guard_calls):
        if _concerns(source, call, framework, own):
            yield from (names.resolve(source, argument) for argument in call.args)
    for source in routers.files(module, framework.guard_registrations):
        for candidate in source.functions:
            for decorator in () if isinstance(candidate, ast.Lambda) else candidate.decorator_list:
                target = decorator.func if isinstance(decorator, ast.Call) else decorator
                if functions.last_name(target) in framework.guard_registrations and routers.is_on(
                    source, target, framework, own
                ):
                    yield FunctionReference(source, candidate)
    for source, call in routers.calls(module, framework.application_calls | framework.including_calls):
        if functions.last_name(call.func) in framework.including_calls and not (
            routers.included(source, call) & own.keys()
        ):
            continue
        yield from _keyword_guards(source, call, framework)
    yield from _default_classes(module, function, framework)


def _concerns(source: Module, call: ast.Call, framework: Framework, own: Container[Made]) -> bool:
    return not isinstance(call.func, ast.Attribute) or routers.is_on(source, call.func, framework, own)


def _keyword_guards(source: Module, call: ast.Call, framework: Framework) -> Iterator[Reference | None]:
    for keyword in call.keywords:
        if keyword.arg in framework.guard_keywords:
            yield from _guards_in(source, keyword.value)


def _guards_in(source: Module, node: ast.expr) -> Iterator[Reference | None]:
    source, node = assignments.assigned_expression(source, node)
    for part in node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else [node]:
        target = names.dependency_of(source, part) or part
        yield names.resolve(source, target)
        if isinstance(target, ast.Call) and target.args:
            # ``Middleware(Class, …)``
            yield names.resolve(source, target.args[0])


# settings


def _default_classes(module: Module, function: NamedFunction, framework: Framework) -> Iterator[Reference | None]:
    """The classes that a setting names for every view that does not name its own."""
    owner = module.enclosing_class(function)
    for setting, attribute in framework.guard_settings:
        if owner is not None and _has_attribute(ClassReference(module, owner), attribute):
            continue
        if attribute in set(functions.decorator_names(function)):
            continue
        yield from named_under(module, setting)


def named_under(module: Module, setting: str) -> Iterator[Reference | None]:
    """The classes and functions whose dotted names stand under a setting."""
    for path in module.project.files_that_mention(setting) or ():
        source = module.project.module_at(path)
        for text in _texts_under(source, setting) if source is not None else ():
            yield _by_dotted_name(module, text)


def _has_attribute(reference: ClassReference, attribute: str) -> bool:
    return any(attribute in source.scopes[node].bindings for source, node in names.linearized(reference))


def _texts_under(source: Module, setting: str) -> Iterator[str]:
    """The texts that stand under ``setting`` in a dict, or that it is assigned."""
    values = [binding.value for binding in source.scope.bindings.get(setting, ())]
    for node in source.of_kind(ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == setting:
                values.append(value)
    for each in values:
        for part in ast.walk(each) if each is not None else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


def _by_dotted_name(module: Module, dotted: str) -> Reference | None:
    holder, _, name = dotted.rpartition(".")
    path = module.project.find_module(holder, module.path) if holder else None
    source = module.project.module_at(path) if path is not None else None
    return names.resolve_name(source, name, source.scope) if source is not None else None


# middleware that shows by its form what it is


def _guarded_by_middleware(module: Module) -> bool:
    """Whether a middleware of the project verifies what reaches the handlers."""
    known = module.memory.get("middleware")
    if isinstance(known, bool):
        return known
    answer = False
    for word in sorted(middleware_words()):
        for path in module.project.files_that_mention(word) or ():
            source = module.project.module_at(path)
            if source is not None and _has_verifying_middleware(source):
                answer = True
    module.memory["middleware"] = answer
    return answer


def _has_verifying_middleware(source: Module) -> bool:
    told = source.project.conventions.verifiers
    for node in source.classes:
        if conventions.means_one_of(told, ClassReference(source, node), node.name):
            return True
        scope = source.scopes[node]
        if all_names("middleware_methods").isdisjoint(scope.bindings):
            continue
        named = node.name.endswith("Middleware") or any(_is_made_as_middleware(item) for item in node.body[:1])
        verifies = named and _speaks_of_stripe(source, node) and verifiers.mentions_verification(source, node)
        if verifies and not _is_left_out(source, node):
            return True
    for function in source.functions:
        if (
            not isinstance(function, ast.Lambda)
            and not all_names("middleware_decorators").isdisjoint(functions.decorator_names(function))
            and _speaks_of_stripe(source, function)
            and verifiers.mentions_verification(source, function)
        ):
            return True
    return False


def _is_left_out(source: Module, node: ast.ClassDef) -> bool:
    """Whether nothing names a middleware, in a project that says which it has."""
    files = source.project.files_that_mention(node.name, source.path)
    if files is None or any(path != source.path for path in files):
        return False
    if len(re.findall(rf"\b{node.name}\b", source.text)) > 1:
        return False
    said = all_names("middleware_settings") | all_names("application_calls")
    return any(source.project.files_that_mention(word) for word in said)


def _is_made_as_middleware(statement: ast.stmt) -> bool:
    """Whether the first statement of a class speaks of what a framework makes a middleware with."""
    written = ast.dump(statement)
    return any(parameter in written for parameter in all_names("middleware_parameters"))


def _speaks_of_stripe(source: Module, node: ast.ClassDef | NamedFunction) -> bool:
    return any("stripe" in line.lower() for line in source.lines_of(node))
