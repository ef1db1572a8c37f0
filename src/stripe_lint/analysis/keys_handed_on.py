"""Keys that one function hands to several others, each of which sends its own request with it.

A key that is random is followed from the call that makes it (``request_paths.shared_through_functions``); what is
looked for here has a name in the function: text with an id in it, or a parameter.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.analysis import callers, control_flow, handed_keys, names, requests
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import BindingKind, NamedFunction
from stripe_lint.analysis.state import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module


class SecondUse(NamedTuple):
    """A call that hands on the key ``name``, with which the call ``earlier`` has had another request sent."""

    call: ast.Call
    earlier: ast.Call
    name: str


class _Use(NamedTuple):
    call: ast.Call
    is_request: bool


def second_uses(module: Module) -> Iterator[SecondUse]:
    """The calls that hand a key to a second function which sends a request with it."""
    sent = {request.node: request.key_argument for request in requests.keyed(module)}
    for function in module.functions:
        if not isinstance(function, NamedFunction):
            continue
        for name, calls in _handed(module, function).items():
            uses = [_Use(call, call in sent) for call in calls if call in sent or _sends(module, call, name)]
            for number, use in enumerate(uses):
                found = next((each for each in uses[:number] if _shares(module, function, each, use)), None)
                if found is not None:
                    yield SecondUse(use.call, found.call, name)


def _handed(module: Module, function: NamedFunction) -> dict[str, list[ast.Call]]:
    """The calls of a function in order, by the names of keys that they pass and that nothing assigns anew."""
    found: dict[str, list[ast.Call]] = {}
    for call in sorted(module.calls_of.get(function, ()), key=lambda each: (each.lineno, each.col_offset)):
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            if isinstance(argument, ast.Name) and _is_key(argument.id):
                binding = module.only_binding(argument)
                is_kept = binding is not None and binding.kind in {BindingKind.ASSIGNMENT, BindingKind.PARAMETER}
                if is_kept and module.scope_of(argument).node is function:
                    found.setdefault(argument.id, []).append(call)
    return {name: calls for name, calls in found.items() if len(calls) > 1}


def _is_key(name: str) -> bool:
    lowered = name.lower()
    return "key" in lowered or "idem" in lowered


def _sends(module: Module, call: ast.Call, name: str) -> bool:
    """Whether a function of the project that is called sends a request with the key ``name`` as it is."""
    reference = names.resolve(module, call.func)
    if not isinstance(reference, FunctionReference) or isinstance(reference.node, ast.Lambda):
        return False
    source, function = reference.module, reference.node
    given = callers.bound(source, function, call)
    taken = {parameter for parameter, value in given.items() if isinstance(value, ast.Name) and value.id == name}
    return any(
        isinstance(request.key_argument, ast.Name)
        and request.key_argument.id in taken
        and source.enclosing_function(request.node) is function
        and source.only_binding(request.key_argument) is not None
        for request in (requests.keyed(source) if taken else ())
    )


def _shares(module: Module, function: NamedFunction, earlier: _Use, later: _Use) -> bool:
    """Whether both run one after the other and send something else, and not both of them send it here."""
    if earlier.call is later.call or (earlier.is_request and later.is_request):
        return False
    if handed_keys.same_request(Place(module, earlier.call), later.call):
        return False
    graph = control_flow.graph_of(module, function)
    ends = set(control_flow.steps_of(module, graph, later.call))
    starts = control_flow.steps_of(module, graph, earlier.call)
    return any(not ends.isdisjoint(control_flow.reachable(step, exceptions=False)) for step in starts)
