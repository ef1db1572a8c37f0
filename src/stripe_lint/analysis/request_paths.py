"""What a request is sent with, as the paths through its function reach it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import callers, control_flow, functions, keys, names, static_values, stripe_calls
from stripe_lint.analysis.dataflow import DEEPEST_CALL, Exhausted, Frame, Interpreter
from stripe_lint.analysis.evaluation import Evaluation
from stripe_lint.analysis.scopes import FunctionNode, NamedFunction
from stripe_lint.analysis.state import START, Diverged, Fork, State
from stripe_lint.analysis.values import NONE, UNKNOWN, Mark, Value

if TYPE_CHECKING:
    from stripe_lint.analysis.control_flow import FlowNode, Graph
    from stripe_lint.analysis.facts import KeyedCall, SharedKey
    from stripe_lint.analysis.module import Module

MOST_STEPS: Final = 1_000
"""How many steps may be taken to see what a function passes to Stripe."""


def keyed_calls(module: Module, node: ast.Call) -> list[KeyedCall]:
    """The call as the paths through its function reach it."""
    function = module.enclosing_function(node)
    memory = ("keyed calls", function)
    known = module.memory.get(memory)
    if not isinstance(known, dict):
        known = _run_function(module, function)
        module.memory[memory] = known
    found: list[KeyedCall] = known.get(node, [])
    return found


def _run_function(
    module: Module, function: FunctionNode | None, *, follow: bool = True
) -> dict[ast.AST, list[KeyedCall]]:
    graph = control_flow.graph_of(module, function)
    interpreter = Interpreter(
        follow_everything=follow,
        towards=None if isinstance(function, ast.Lambda) else _ways_to_requests(module, function, graph),
        deepest=DEEPEST_CALL if follow else 0,
        most_steps=MOST_STEPS,
    )
    found: dict[ast.AST, list[KeyedCall]] = {}
    try:
        if function is not None:
            bound = {} if isinstance(function, ast.Lambda) else _start_values(module, function)
            interpreter.run_function(module, function, bound, START, captured=_captured(module, function))
        else:
            interpreter.run(Frame(module, None, graph), graph.entry, State())
    except Exhausted:
        if follow:
            return _run_function(module, function, follow=False)
    for fact in interpreter.facts.keyed_calls:
        if fact.place.module is module:
            found.setdefault(fact.place.node, []).append(fact)
    return found


def _ways_to_requests(module: Module, function: NamedFunction | None, graph: Graph) -> frozenset[FlowNode]:
    """The steps of a function after which it can still send a request that changes something."""
    sending = (
        call.node
        for call in stripe_calls.stripe_calls(module)
        if call.method.mutating and module.enclosing_function(call.node) is function
    )
    return control_flow.leading_to(
        graph, {step for node in sending for step in control_flow.steps_of(module, graph, node)}
    )


def shared_through_functions(module: Module) -> list[SharedKey]:
    """The calls that hand a key to a function which sends it with a second request."""
    found: set[SharedKey] = set()
    for function in module.functions:
        if isinstance(function, ast.Lambda) or not keys.hands_fresh_value_to_stripe(module, function):
            continue
        interpreter = Interpreter(most_steps=MOST_STEPS)
        try:
            interpreter.run_function(module, function, _start_values(module, function), START)
        except Exhausted:
            continue
        found |= interpreter.facts.shared_keys
    here = [shared for shared in found if shared.call.module is module]
    return sorted(here, key=lambda shared: (shared.call.line, shared.earlier.line))


def _captured(module: Module, function: FunctionNode) -> dict[str, Value]:
    """What a nested function sees of the functions around it: names that they bind once."""
    outer = module.enclosing_function(function)
    if not isinstance(outer, NamedFunction):
        return {}
    found: dict[str, Value] = {}
    interpreter = Interpreter(follow_everything=True)
    frame = Frame(module, outer, control_flow.graph_of(module, outer))
    scope = module.scopes[outer]
    for name, bindings in scope.bindings.items():
        if len(bindings) == 1 and isinstance(bindings[0].node, ast.Assign) and bindings[0].value is not None:
            try:
                so_far = State(frozenset(found.items()))
                value = Evaluation(interpreter, frame, so_far, {}).evaluate(bindings[0].value)
            except (Fork, Diverged, Exhausted):
                continue
            if value != UNKNOWN:
                found[name] = value
    return found


def _start_values(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Value]:
    """Parameters whose default is made once, and parameters to which every caller passes the same constant."""
    found: dict[str, Value] = {}
    owner = module.enclosing_class(function)
    first = functions.first_parameter(function)
    if owner is not None and first is not None and not functions.has_decorator(function, "staticmethod"):
        reference = names.resolve_name(module, first.arg, module.scopes[function])
        found[first.arg] = Value(reference=reference)
    for call in module.calls_of.get(function, ()):
        handed = stripe_calls.handed_sdk(module, call.func) if names.resolve(module, call.func) is None else None
        if handed is not None:
            found[handed[0]] = Value(reference=handed[1])
    for parameter in functions.parameters(function):
        default = functions.default_of(function, parameter)
        value = static_values.of_default(module, default) if default is not None else UNKNOWN
        if value.has(Mark.FRESH):
            found[parameter.arg] = value
        elif _looks_like_key(parameter.arg):
            passed = _passed_by_all(module, function, parameter.arg, value)
            if passed is not None:
                found[parameter.arg] = passed
    return found


def _looks_like_key(name: str) -> bool:
    lowered = name.lower()
    return "key" in lowered or "idempot" in lowered or "token" in lowered


def _passed_by_all(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, default: Value
) -> Value | None:
    """The constant that every call of the function passes for a parameter (or leaves to its default)."""
    sites = callers.call_sites(module, function)
    if not sites:
        return default if default.constant is not None and default != NONE and sites is not None else None
    values = []
    for source, call in sites:
        if functions.unpacks(call):
            return None
        argument = callers.argument_for(module, function, call, name)
        values.append(default if argument is None else static_values.fixed(source, argument))
    first = values[0]
    if all(value.constant is not None and isinstance(value.constant.value, str) for value in values):
        return first
    return None
