"""Keys that a function makes only where its caller hands it none."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import callers, conditions, functions, keys, names, syntax
from stripe_lint.analysis.handovers import Handover
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import BindingKind, NamedFunction
from stripe_lint.test_code import is_test_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request

_MOST_CALLS: Final = 2
"""Through how many calls up it is looked whether a caller's own optional parameter is left out."""


class OptionalKey(NamedTuple):
    """The parameter ``name`` of ``function``, in whose place a key is made where a caller leaves it out.

    ``calls`` are the calls of the function in the project.
    """

    module: Module
    function: NamedFunction
    name: str
    calls: list[tuple[Module, ast.Call]]

    @property
    def may_be_left_out(self) -> bool:
        """Whether a call leaves it out, or where none is found, the function lets its callers do so."""
        if self.calls:
            return bool(self.left_out())
        parameter = next(each for each in functions.parameters(self.function) if each.arg == self.name)
        return _is_empty(functions.default_of(self.function, parameter))

    @property
    def is_always_left_out(self) -> bool:
        """Whether there are calls, and none of them passes a key."""
        return bool(self.calls) and len(self.left_out()) == len(self.calls)

    def left_out(self) -> list[tuple[Module, ast.Call]]:
        """The calls that may pass no key."""
        return [(source, call) for source, call in self.calls if self._is_left_out(source, call)]

    def handovers(self) -> Iterator[Handover]:
        """The calls that pass one."""
        for source, call in self.calls:
            argument = callers.argument_for(self.module, self.function, call, self.name)
            if argument is not None and callers.is_direct(source, call):
                assigned = source.only_assignment(argument)
                is_local = assigned is not None and source.enclosing_function(assigned) is not None
                yield Handover(source, call, argument, assigned if is_local else None)

    def _is_left_out(self, source: Module, call: ast.Call, depth: int = 0) -> bool:
        if functions.unpacks(call):
            return False
        argument = callers.argument_for(self.module, self.function, call, self.name)
        if argument is None or _is_empty(argument):
            return True
        function, given = source.enclosing_function(call), _parameter(source, argument)
        if given is None or not isinstance(function, NamedFunction) or not _is_empty(given.default):
            return False
        sites = callers.call_sites(source, function)
        passed_on = OptionalKey(source, function, given.name, sites or [])
        if not sites or depth >= _MOST_CALLS:
            return True
        return any(passed_on._is_left_out(*site, depth + 1) for site in sites)


class _Parameter(NamedTuple):
    name: str
    default: ast.expr | None


def optional_key(request: Request) -> OptionalKey | None:
    """The parameter in whose place the key of ``request`` is made; ``None`` also where no call of it is found."""
    module, key = request.module, request.key_argument
    function = module.enclosing_function(request.node)
    if key is None or not isinstance(function, NamedFunction):
        return None
    made = [call for part in _written(module, key) for call in _making_calls(module, part)]
    asked = {_missing_at(module, call, function) for call in made}
    name = asked.pop() if len(asked) == 1 else None
    optional = _optional(module, function, name) if name is not None else None
    return optional if optional is not None and optional.calls else None


def optional_at(module: Module, node: ast.AST, request: ast.Call) -> OptionalKey | None:
    """The parameter that is known to be empty where ``node`` makes the key of ``request`` in the same function."""
    function = module.enclosing_function(request)
    if not isinstance(function, NamedFunction) or module.enclosing_function(node) is not function:
        return None
    name = _missing_at(module, node, function)
    return _optional(module, function, name) if name is not None else None


def optional_parameter(module: Module, key: ast.expr | None) -> OptionalKey | None:
    """The parameter that ``key`` is, where its function takes it without a look, and does not ask for it."""
    parameter = _parameter(module, key) if key is not None else None
    function = module.enclosing_function(key) if key is not None else None
    if key is None or parameter is None or not isinstance(function, NamedFunction) or not _is_empty(parameter.default):
        return None
    if len(module.bindings_of(key)) != 1 or functions.tests(function, parameter.name):
        return None
    return _optional(module, function, parameter.name)


def _optional(module: Module, function: NamedFunction, name: str) -> OptionalKey:
    sites = callers.call_sites(module, function) or ()
    calls = [(source, call) for source, call in sites if not is_test_code(source.path)]
    return OptionalKey(module, function, name, calls)


def _written(module: Module, key: ast.expr) -> list[ast.expr]:
    """The expressions that may make a key."""
    bindings = module.bindings_of(key)
    return [binding.value for binding in bindings if binding.value is not None] if bindings else [key]


def _making_calls(module: Module, node: ast.expr) -> Iterator[ast.Call]:
    """The calls in an expression that give another value each time, by functions of the project too."""
    for call in syntax.descendants(node):
        if isinstance(call, ast.Call):
            reference = names.resolve(module, call.func)
            is_maker = isinstance(reference, FunctionReference) and keys.makes_fresh_value(reference.module, reference)
            if is_maker or keys.fresh_call(module, call) is call:
                yield call


def _missing_at(module: Module, node: ast.AST, function: NamedFunction) -> str | None:
    """The parameter that is known to be empty where ``node`` is evaluated."""
    for test, holds in conditions.on_the_way(module, node, function):
        for inner in syntax.descendants(test):
            parameter = _parameter(module, inner)
            if parameter is None:
                continue
            said = conditions.says_set(
                test,
                lambda each, name=parameter.name: isinstance(each, ast.Name) and each.id == name,  # type: ignore[misc]
                holds=holds,
                missing=conditions.NO_TEXT,
            )
            if said is False and module.enclosing_function(inner) is function:
                return parameter.name
    return None


def _parameter(module: Module, node: ast.AST) -> _Parameter | None:
    """The parameter that a name is, or was until something took its place."""
    if not isinstance(node, ast.Name):
        return None
    found = module.scope_of(node).lookup(node.id)
    function = found[0].node if found is not None else None
    if found is None or not isinstance(function, NamedFunction):
        return None
    binding = next((each for each in found[1] if each.kind is BindingKind.PARAMETER), None)
    return _Parameter(node.id, binding.value) if binding is not None else None


def _is_empty(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value in conditions.NO_TEXT
