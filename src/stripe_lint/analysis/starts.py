"""Runs handlers, in each way in which one can start: parameters bound, its guards and dependencies run before it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    conventions,
    functions,
    guards,
    handler_parameters,
    handlers,
    names,
    verification,
    verifiers,
)
from stripe_lint.analysis.dataflow import Exhausted, Interpreter
from stripe_lint.analysis.references import (
    External,
    FunctionReference,
    ObjectReference,
    OfClass,
    Reference,
)
from stripe_lint.analysis.state import START, History, Outcome
from stripe_lint.analysis.values import UNKNOWN, Mark, Value, tagged

if TYPE_CHECKING:
    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction

MOST_STARTS: Final = 6
"""In how many ways a handler may start; more dependencies than this are not told apart."""


class Start(NamedTuple):
    """One way in which a handler starts."""

    names: dict[str, Value]
    history: History


def starts(interpreter: Interpreter, module: Module, function: NamedFunction, history: History = START) -> list[Start]:
    """The ways in which ``function`` can start: its parameters and what its dependencies and guards have done."""
    framework = handlers.framework_for(module, function)
    registered = handlers.registered_by(module, function)
    bound: dict[str, Value] = {}
    found = [Start({}, history)]
    for parameter in functions.parameters(function):
        dependency = handler_parameters.dependency_of_parameter(module, function, parameter)
        if dependency is not None:
            found = _with_dependency(interpreter, module, parameter.arg, dependency, found)
            continue
        value = handler_parameters.parameter_value(module, function, parameter, framework, registered)
        if value != UNKNOWN:
            bound[parameter.arg] = value
        if value.has(Mark.SIGNATURE):
            interpreter.facts.evidence.add("signature header")
    found = [Start({**start.names, **bound}, start.history) for start in found]
    for guard in guards.guards_of(module, function, framework):
        found = _after_guard(interpreter, guard, framework, found)
    return found[:MOST_STARTS]


def _with_dependency(
    interpreter: Interpreter, module: Module, name: str, dependency: Reference, found: list[Start]
) -> list[Start]:
    result: list[Start] = []
    told = module.project.conventions.verifiers
    verifies = conventions.means_one_of(told, dependency, None)
    for start in found:
        if verifies:
            result.append(Start({**start.names, name: UNKNOWN}, start.history._replace(verified=True)))
            continue
        outcomes = run_dependency(interpreter, dependency, start.history)
        if outcomes is None:
            value = UNKNOWN
            history = start.history
            if isinstance(dependency, External) and verification.names_a_verifier(dependency.path.rpartition(".")[2]):
                history = history._replace(verified=True)
            result.append(Start({**start.names, name: value}, history))
            continue
        for outcome in outcomes:
            if outcome.raised is None:
                value = outcome.value if outcome.value is not None else UNKNOWN
                result.append(Start({**start.names, name: value}, outcome.history))
    return result[:MOST_STARTS] or [Start({**start.names, name: UNKNOWN}, start.history) for start in found]


def run_dependency(interpreter: Interpreter, dependency: Reference, history: History) -> list[Outcome] | None:
    """The outcomes of a function or callable object that the framework runs with parameters of its own."""
    if isinstance(dependency, OfClass):
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
            outcomes = [outcome._replace(value=UNKNOWN) for outcome in outcomes]
        result.extend(outcomes)
    return list(dict.fromkeys(result))


def _after_guard(
    interpreter: Interpreter, guard: FunctionReference, framework: Framework, found: list[Start]
) -> list[Start]:
    """The starts that are left after a guard has run; only a guard that verifies is looked at."""
    told = guard.module.project.conventions.verifiers
    if conventions.means_one_of(told, guard, None) or conventions.means_one_of(told, guard.receiver, None):
        return [Start(start.names, start.history._replace(verified=True)) for start in found]
    if isinstance(guard.node, ast.Lambda) or not verifiers.mentions_verification(guard.module, guard.node):
        return found
    bound = guards.guard_parameters(guard, guard.node)
    result: list[Start] = []
    for start in found:
        interpreter.facts.handed_on.clear()
        outcomes = interpreter.run_function(guard.module, guard.node, bound, start.history)
        passing = [outcome.history for outcome in outcomes if outcome.raised is None and not _refuses(guard, outcome)]
        if guard.node.name in framework.dispatching_methods:
            passing = list(interpreter.facts.handed_on) or passing
        if any(passed.verified for passed in passing) and guards.asks_for_path(guard.node):
            # the paths that it lets through unverified are those of other handlers
            passing = [passed for passed in passing if passed.verified]
        result.extend(Start(start.names, passed) for passed in passing)
        if not passing:
            result.append(Start(start.names, start.history._replace(verified=True)))
    return list({(frozenset(s.names.items()), s.history): s for s in result}.values())[:MOST_STARTS]


def _refuses(guard: FunctionReference, outcome: Outcome) -> bool:
    """Whether a guard that ended like this has answered the request itself."""
    value = outcome.value if outcome.value is not None else UNKNOWN
    name = guard.node.name if not isinstance(guard.node, ast.Lambda) else ""
    if name in {"has_permission", "test_func"}:
        return value.known_truth is False
    if name == "authenticate":
        return False
    if value.constant is not None and value.constant.value is None:
        return False
    # dispatch and middleware end in a response of the view, or in one of their own before anything was verified
    return not outcome.history.verified


def run_handler(interpreter: Interpreter, module: Module, function: NamedFunction) -> None:
    """Run a handler in all ways in which it can start, through the decorators that verify."""
    history = START
    if guards.verified_by_unseen_decorator(module, function):
        history = START._replace(verified=True)
    try:
        for start in starts(interpreter, module, function, history):
            _run_start(interpreter, module, function, start)
    except Exhausted:
        interpreter.facts.exhausted = True


def _run_start(interpreter: Interpreter, module: Module, function: NamedFunction, start: Start) -> None:
    layers = [*guards.applied_wrappers(module, function), *guards.wrappers(module, function)]
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
    framework = handlers.framework_for(module, function)
    positional = [each for each in functions.positional_parameters(outer) if each.arg != layers[0].wrapped]
    own = functions.positional_parameters(function)
    for mine, theirs in zip(positional, own, strict=False):
        if theirs.arg in start.names:
            bound[mine.arg] = start.names[theirs.arg]
        elif mine.arg in framework.request_parameters and not framework.keyed:
            bound[mine.arg] = tagged(Mark.REQUEST, detail=framework.name)
    interpreter.run_function(outer_module, outer, bound, start.history, answers=True, captured=captured)
