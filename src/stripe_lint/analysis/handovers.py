"""Where the value of a parameter comes from: the calls that pass it, and the default that stands in for it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import callers, functions, names
from stripe_lint.analysis.references import OfClass
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
    if not isinstance(node, ast.Name | ast.Attribute):
        return []
    key = ("handovers", node)
    known = module.memory.get(key)
    if not isinstance(known, list):
        kept = _parameter_behind(module, node)
        known = list(_handovers(*kept, 0)) if kept is not None else []
        module.memory[key] = known
    return known


def _parameter_behind(module: Module, node: ast.expr | None) -> tuple[Module, ast.Name] | None:
    """``node`` where it is a name, or the parameter of ``__init__`` that alone is kept as the attribute ``node``."""
    if isinstance(node, ast.Name):
        return module, node
    owner = names.resolve(module, node.value) if isinstance(node, ast.Attribute) else None
    if not isinstance(node, ast.Attribute) or not isinstance(owner, OfClass):
        return None
    for source, each in names.linearized(owner):
        held = source.bindings_on_self(each, node.attr)
        if held:
            value = held[0][1].value if len(held) == 1 else None
            return (source, value) if isinstance(value, ast.Name) else None
    return None


def _handovers(module: Module, node: ast.Name, depth: int) -> Iterator[Handover]:
    function = _function_with_parameter(module, node)
    if function is None:
        return
    for source, call in _sites(module, function):
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
    kept = _parameter_behind(module, node)
    if kept is None:
        return None
    module, node = kept
    function = _function_with_parameter(module, node)
    if function is None or functions.tests(function, node.id):
        return None
    parameter = next((each for each in functions.parameters(function) if each.arg == node.id), None)
    default = functions.default_of(function, parameter) if parameter is not None else None
    if default is None:
        return None
    sites = _sites(module, function)
    passed = [functions.unpacks(call) or node.id in callers.bound(module, function, call) for _, call in sites]
    return default if not passed or not all(passed) else None


def _sites(module: Module, function: NamedFunction) -> list[tuple[Module, ast.Call]]:
    """The calls of a function, or those that make an object where it is the class's ``__init__``."""
    owner = module.enclosing_class(function)
    if owner is not None and function.name == "__init__":
        return callers.constructions(module, owner)
    return callers.call_sites(module, function) or []


def _function_with_parameter(module: Module, node: ast.Name) -> NamedFunction | None:
    """The function that has ``node`` as a parameter and leaves it as it is."""
    found = module.scope_of(node).lookup(node.id)
    if found is None or len(found[1]) != 1 or found[1][0].kind is not BindingKind.PARAMETER:
        return None
    function = found[0].node
    return function if isinstance(function, NamedFunction) else None
