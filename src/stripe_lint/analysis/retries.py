"""Finds what repeats a request after a failure: loops, decorators, task queues, recursion, and callers that do so."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    assignments,
    callers,
    conventions,
    functions,
    guards,
    names,
    retry_loops,
    runners,
    second_attempts,
    syntax,
    task_decorators,
)
from stripe_lint.analysis.references import ClassReference, External, ExternalInstance, FunctionReference
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.state import Place

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

FARTHEST_CALLER: Final = 2
"""How many calls up a retry is looked for."""

_MOST_ENTERED: Final = 4
"""Through how many functions it is followed what becomes of a function that is handed on."""

_NOTHING: Final[frozenset[ast.AST]] = frozenset()

_RETRYING_DECORATORS: Final = frozenset(
    {"tenacity.retry", "backoff.on_exception", "backoff.on_predicate", "retry.retry", "retrying.retry", "stamina.retry"}
    | {
        "retry.api.retry",
        "tenacity.retry.retry",
        "retry2.retry",
        "opnieuw.retry",
        "opnieuw.retry_async",
        "aioretry.retry",
    }
    | {"google.api_core.retry.Retry", "urllib3.util.retry.Retry", "riprova.retry", "pyretry.retry", "redo.retriable"}
)
_RETRYING_CALLS: Final = frozenset(
    {"retry.api.retry_call", "retry.retry_call", "redo.retry", "tenacity.Retrying", "tenacity.AsyncRetrying"}
)


class Retry(NamedTuple):
    """Something that repeats a request: its place, a few words for it, and the code that runs again.

    ``repeated`` is the loop or the function whose body each attempt runs.
    """

    place: Place
    words: str
    repeated: ast.AST


def retry_around(
    module: Module,
    node: ast.AST,
    distance: int = 0,
    seen: frozenset[ast.AST] = _NOTHING,
    entered: frozenset[ast.AST] = _NOTHING,
) -> Retry | None:
    """What repeats the request sent at ``node``, in its function, around it, or in a function that calls it.

    ``seen`` are the functions from whose calls the search came here, ``entered`` those that were looked into for
    whether they repeat what they are given.
    """
    function = module.enclosing_function(node)
    for loop in retry_loops.loops_around(module, node, function):
        if retry_loops.is_retry_loop(module, loop, node):
            return Retry(Place(module, loop), "this loop repeats the request", loop)
    while isinstance(function, ast.Lambda):
        handed = handed_to_retry(module, function, entered)
        if handed is not None:
            return handed
        function = module.enclosing_function(function)
    if function is None or function in seen:
        return None
    found = _function_retry(module, function, node, entered)
    if found is not None:
        return found
    outer = module.enclosing_function(function)
    if outer is not None and isinstance(outer, NamedFunction):
        nested = _nested_use(module, function, outer, entered)
        if nested is not None:
            return nested
    if distance >= FARTHEST_CALLER:
        return None
    return _caller_retry(module, function, distance, seen | {function})


def _function_retry(
    module: Module, function: NamedFunction, node: ast.AST, entered: frozenset[ast.AST]
) -> Retry | None:
    """What repeats the whole function: a decorator, a task queue, a call of itself after a failure."""
    for decorator in function.decorator_list:
        if is_retry_decorator(module, decorator, entered):
            return Retry(Place(module, decorator), "this decorator repeats the function", function)
    owner = module.enclosing_class(function)
    option = task_decorators.retrying_option(owner) if owner is not None and function.name == "run" else None
    if option is not None:
        return Retry(Place(module, option), "the task is tried again after these errors", function)
    for call in module.calls.get("retry", ()):
        if module.enclosing_function(call) is function and second_attempts.answers_failure_of(module, call, node):
            return Retry(Place(module, call), "the task is tried again here", function)
    for call in module.calls.get(function.name, ()):
        if (
            module.enclosing_function(call) is function
            and second_attempts.answers_failure_of(module, call, node)
            and _same_function(module, call, function)
        ):
            return Retry(Place(module, call), "the function calls itself again here", function)
    return None


def _same_function(module: Module, call: ast.Call, function: NamedFunction) -> bool:
    reference = names.resolve(module, call.func)
    return isinstance(reference, FunctionReference) and reference.node is function


def is_retry_decorator(module: Module, decorator: ast.expr, entered: frozenset[ast.AST] = _NOTHING) -> bool:
    """Whether a decorator runs the function again after a failure; ``entered`` is what ``retry_around`` says."""
    if isinstance(decorator, ast.Name | ast.Attribute):
        source, made = assignments.assigned_expression(module, decorator)
        if made is not decorator and isinstance(made, ast.Call):
            return is_retry_decorator(source, made, entered)
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    reference = names.resolve(module, target)
    if conventions.is_one_of(module.project.conventions.retry_decorators, target, reference):
        return True
    if isinstance(reference, FunctionReference):
        return _wraps_in_retry(reference, entered)
    if isinstance(reference, ClassReference):
        return False
    name = task_decorators.decorator_name(module, target)
    if isinstance(reference, External) and reference.path == "dramatiq.actor" and not isinstance(decorator, ast.Call):
        return True
    if isinstance(decorator, ast.Call) and task_decorators.is_task(module, decorator):
        return task_decorators.is_tried_again(module, decorator)
    if isinstance(reference, External):
        if reference.path in _RETRYING_DECORATORS:
            return True
        return reference.path.startswith(("tenacity.", "backoff.", "retry", "stamina.")) or name == "retry"
    inner = decorator.func if isinstance(decorator, ast.Call) else None
    if isinstance(inner, ast.Attribute) and inner.attr == "wraps":
        return False
    instance = names.resolve(module, decorator)
    return isinstance(instance, ExternalInstance) and instance.path in _RETRYING_CALLS


def _wraps_in_retry(reference: FunctionReference, entered: frozenset[ast.AST]) -> bool:
    """Whether a decorator of the project, or one that a function of the project gives, repeats what it decorates."""
    if isinstance(reference.node, ast.Lambda) or not _may_enter(reference, entered):
        return False
    entered = entered | {reference.node}
    wrapper = guards.wrapper_of(reference.module, reference.node)
    if wrapper is None:
        returned = reference.module.returns.get(reference.node, ())
        return any(
            isinstance(statement.value, ast.Call) and is_retry_decorator(reference.module, statement.value, entered)
            for statement in returned
            if statement.value is not None
        )
    for inner in wrapper.calls():
        for loop in retry_loops.loops_around(wrapper.module, inner, wrapper.node):
            if retry_loops.is_retry_loop(wrapper.module, loop, inner):
                return True
        if _function_retry(wrapper.module, wrapper.node, inner, entered) is not None:
            return True
        if second_attempts.answers_failure_anywhere(wrapper.module, wrapper.node, inner):
            return True
    return False


def _may_enter(reference: FunctionReference, entered: frozenset[ast.AST]) -> bool:
    return reference.node not in entered and len(entered) < _MOST_ENTERED


def handed_to_retry(module: Module, function: ast.AST, entered: frozenset[ast.AST] = _NOTHING) -> Retry | None:
    """A function or lambda that is an argument of something that calls it again after a failure.

    ``entered`` is what ``retry_around`` says.
    """
    parent = module.parents.get(function)
    call = module.parents.get(parent) if isinstance(parent, ast.keyword) else parent
    return _retrying_call(module, call, function, entered) if isinstance(call, ast.Call) else None


def _retrying_call(module: Module, call: ast.Call, argument: ast.AST, entered: frozenset[ast.AST]) -> Retry | None:
    reference = names.resolve(module, call.func)
    place = Place(module, call)
    if conventions.is_one_of(module.project.conventions.retry_decorators, call.func, reference):
        return Retry(place, "this call repeats the function it is given", argument)
    if isinstance(reference, External):
        name = reference.path.rpartition(".")[2]
        if reference.path in _RETRYING_CALLS or reference.path in _RETRYING_DECORATORS or "retry" in name.lower():
            return Retry(place, "this call repeats the function it is given", argument)
    if isinstance(reference, ExternalInstance) and reference.path in _RETRYING_CALLS:
        return Retry(place, "this call repeats the function it is given", argument)
    if (
        isinstance(reference, FunctionReference)
        and not isinstance(reference.node, ast.Lambda)
        and (_repeats_argument(reference, call, argument, entered) or _wraps_in_retry(reference, entered))
    ):
        return Retry(place, "this call repeats the function it is given", argument)
    if reference is None and isinstance(call.func, ast.Call):
        return _retrying_call(module, call.func, argument, entered)
    return None


def _repeats_argument(
    reference: FunctionReference, call: ast.Call, argument: ast.AST, entered: frozenset[ast.AST]
) -> bool:
    """Whether a function of the project runs again, after a failure, what ``call`` gives it as ``argument``."""
    if not _may_enter(reference, entered):
        return False
    module, entered = reference.module, entered | {reference.node}
    return any(
        (_runs(module, inner, parameter, entered) and retry_around(module, inner, FARTHEST_CALLER, entered=entered))
        or any(_retrying_call(module, inner, each, entered) is not None for each in _given(inner, parameter))
        for parameter in callers.parameters_for(module, reference.node, call, argument)
        for inner in module.calls_within(reference.node)
    )


def _given(call: ast.Call, parameter: str) -> list[ast.expr]:
    """The arguments with which ``call`` hands ``parameter`` on."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    return [each for each in arguments if isinstance(each, ast.Name) and each.id == parameter]


def _runs(module: Module, call: ast.Call, parameter: str, entered: frozenset[ast.AST]) -> bool:
    """Whether ``call`` calls the function that ``parameter`` holds, in a thread or through functions of the project."""
    if functions.last_name(call.func) == parameter:
        return True
    given = _given(call, parameter)
    if not given:
        return False
    if functions.last_name(call.func) in runners.AT_ONCE:
        return True
    reference = names.resolve(module, call.func)
    if not isinstance(reference, FunctionReference) or not _may_enter(reference, entered):
        return False
    source, entered = reference.module, entered | {reference.node}
    return any(
        _runs(source, inner, handed, entered)
        for handed in callers.parameters_for(source, reference.node, call, given[0])
        for inner in source.calls_of.get(reference.node, ())
    )


def _nested_use(
    module: Module, function: NamedFunction, outer: NamedFunction, entered: frozenset[ast.AST]
) -> Retry | None:
    for node in syntax.own_nodes(outer):
        if isinstance(node, ast.Name) and node.id == function.name and isinstance(node.ctx, ast.Load):
            parent = module.parents.get(node)
            if isinstance(parent, ast.Call) and parent.func is not node:
                found = _retrying_call(module, parent, node, entered)
                if found is not None:
                    return Retry(found.place, found.words, function)
            if isinstance(parent, ast.Call) and parent.func is node:
                found = _loop_retry(module, parent, function)
                if found is not None:
                    return found
    return None


def _loop_retry(module: Module, call: ast.Call, function: NamedFunction) -> Retry | None:
    for loop in retry_loops.loops_around(module, call, module.enclosing_function(call)):
        if retry_loops.is_retry_loop(module, loop, call):
            return Retry(Place(module, loop), "this loop repeats the call", function)
    return None


def _caller_retry(module: Module, function: NamedFunction, distance: int, seen: frozenset[ast.AST]) -> Retry | None:
    for source, call in callers.call_sites(module, function) or ():
        if not callers.is_direct(source, call):
            continue
        found = retry_around(source, call, distance + 1, seen)
        if found is not None:
            return Retry(found.place, found.words, function)
    for source, reference in callers.handed_references(module, function):
        found = handed_to_retry(source, reference)
        if found is not None:
            return Retry(found.place, found.words, function)
    return None
