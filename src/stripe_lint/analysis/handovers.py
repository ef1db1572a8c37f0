"""Where the value of a parameter comes from: the calls that pass it, and the default that stands in for it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import callers, functions
from stripe_lint.analysis.scopes import BindingKind, NamedFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

_MOST_CALLS: Final = 2
"""Through how many calls a value is followed back to what makes it."""


class Handover(NamedTuple):
    """A call that passes ``argument`` for a parameter; ``assigned`` is what that is assigned, if it is a variable."""

    module: Module
    call: ast.Call
    argument: ast.expr
    assigned: ast.expr | None

    @property
    def written(self) -> ast.expr:
        """The expression that makes the value."""
        return self.assigned if self.assigned is not None else self.argument


def handovers(module: Module, node: ast.expr | None) -> list[Handover]:
    """The calls in the project that pass what ``node`` is, where it is a parameter that its function leaves as it is.

    Where a caller was given it too, it is the caller's caller that passes it.
    """
    if not isinstance(node, ast.Name):
        return []
    key = ("handovers", node)
    known = module.memory.get(key)
    if not isinstance(known, list):
        known = list(_handovers(module, node, 0))
        module.memory[key] = known
    return known


def _handovers(module: Module, node: ast.Name, depth: int) -> Iterator[Handover]:
    function = _function_with_parameter(module, node)
    if function is None:
        return
    for source, call in callers.call_sites(module, function) or ():
        argument = callers.argument_for(module, function, call, node.id)
        if argument is None or not callers.is_direct(source, call) or source.enclosing_function(call) is function:
            continue
        if isinstance(argument, ast.Name) and depth < _MOST_CALLS:
            passed_on = list(_handovers(source, argument, depth + 1))
            if passed_on:
                yield from passed_on
                continue
        assigned = source.only_assignment(argument)
        is_local = assigned is not None and source.enclosing_function(assigned) is not None
        yield Handover(source, call, argument, assigned if is_local else None)


def default_in_force(module: Module, node: ast.expr | None) -> ast.expr | None:
    """The default of the parameter that ``node`` is, unless every call that was found passes something else.

    ``None`` also where the function tests the parameter, since it then knows what to do about the default.
    """
    function = _function_with_parameter(module, node) if isinstance(node, ast.Name) else None
    if function is None or not isinstance(node, ast.Name) or functions.tests(function, node.id):
        return None
    parameter = next((each for each in functions.parameters(function) if each.arg == node.id), None)
    default = functions.default_of(function, parameter) if parameter is not None else None
    if default is None:
        return None
    sites = callers.call_sites(module, function) or ()
    passed = [functions.unpacks(call) or node.id in callers.bound(module, function, call) for _, call in sites]
    return default if not passed or not all(passed) else None


def _function_with_parameter(module: Module, node: ast.Name) -> NamedFunction | None:
    """The function that has ``node`` as a parameter and leaves it as it is."""
    found = module.scope_of(node).lookup(node.id)
    if found is None or len(found[1]) != 1 or found[1][0].kind is not BindingKind.PARAMETER:
        return None
    function = found[0].node
    return function if isinstance(function, NamedFunction) else None
