"""Requests that make something anew where what there was is gone: deleted, cancelled or of another account."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import callers, control_flow, names, stripe_calls
from stripe_lint.analysis.call_search import CallSearch
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.data import request_methods

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request
    from stripe_lint.data.surface import Method

_FARTHEST_CALLER: Final = 2
"""How many calls up it is looked whether something was there."""

_DEEPEST: Final = 2
"""How many calls deep a function is searched for a request that looks."""


def makes_anew(module: Module, request: Request) -> bool:
    """Whether a request for something that was made before may have come first, and told that it is gone.

    A key of the program's record would be the one that it was made with: for a day Stripe would answer with what is
    gone.
    """
    resource = _resource(request.method)

    def looks(source: Module, function: ast.AST) -> bool:
        return any(_is_of_what_is_there(source, call, resource) for call in source.calls_of.get(function, ()))

    search = CallSearch(f"looks whether there is one of {resource}", _DEEPEST, looks)
    return _comes_after(module, request.node, resource, search.ask, 0)


def _resource(method: Method) -> str:
    """``checkout.session`` for all methods of a resource, whatever they are called on."""
    path = method.path.removeprefix("stripe.").removeprefix("v1.").rpartition(".")[0]
    return path.lower().replace("_", "").removesuffix("s")


def _is_of_what_is_there(module: Module, call: ast.Call, resource: str) -> bool:
    method = stripe_calls.method_of(names.resolve(module, call.func))
    if method is None or _resource(method) != resource:
        return False
    return method.path.rpartition(".")[2].removesuffix("_async") in request_methods.OF_WHAT_IS_THERE


def _comes_after(
    module: Module, node: ast.Call, resource: str, ask: Callable[[Module, ast.AST], bool], distance: int
) -> bool:
    function = module.enclosing_function(node)
    if not isinstance(function, NamedFunction):
        return False
    graph = control_flow.graph_of(module, function)
    target = set(control_flow.steps_of(module, graph, node))
    # another turn of a loop is for another item
    turns = frozenset(
        step
        for around in module.ancestors(node)
        if isinstance(around, ast.For | ast.AsyncFor)
        for step in graph.at.get(around, ())
    )
    for call in module.calls_of.get(function, ()):
        if call is node or not _looks(module, call, resource, ask):
            continue
        if any(target & control_flow.reachable(step, turns) for step in control_flow.steps_of(module, graph, call)):
            return True
    if distance >= _FARTHEST_CALLER:
        return False
    return any(
        callers.is_direct(source, call) and _comes_after(source, call, resource, ask, distance + 1)
        for source, call in callers.call_sites(module, function) or ()
    )


def _looks(module: Module, call: ast.Call, resource: str, ask: Callable[[Module, ast.AST], bool]) -> bool:
    if _is_of_what_is_there(module, call, resource):
        return True
    reference = names.resolve(module, call.func)
    return isinstance(reference, FunctionReference) and ask(reference.module, reference.node)
