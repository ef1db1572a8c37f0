"""Whether an id is there when a request is sent: a key that is made of ``None`` would be everybody's."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import callers, conditions, functions, optional_types, syntax, unsaved_records
from stripe_lint.analysis.scopes import BindingKind, NamedFunction

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Binding

_READS: Final = frozenset({"get", "pop"})


def may_be_missing(module: Module, node: ast.Call, name: str, source: str) -> bool:
    """Whether ``source``, which reads an id from ``name``, may be ``None`` where ``node`` is evaluated."""
    function = module.enclosing_function(node)
    if not isinstance(function, NamedFunction):
        return False
    is_set = _is_said_to_be_set(module, node, function, name, source)
    if is_set is not None:
        return not is_set
    bindings = module.scopes[function].bindings.get(name, [])
    return any(_leaves_out(module, function, binding, name, source, node) for binding in bindings)


def _is_said_to_be_set(module: Module, node: ast.Call, function: NamedFunction, name: str, source: str) -> bool | None:
    """What the conditions on the way to ``node`` say about the id, the nearest first."""
    for test, holds in conditions.on_the_way(module, node, function):
        said = conditions.says_set(test, lambda each: ast.unparse(each) in {name, source}, holds=holds)
        if said is not None:
            return said
    return None


def _leaves_out(
    module: Module, function: NamedFunction, binding: Binding, name: str, source: str, node: ast.Call
) -> bool:
    """Whether what a binding gives the name may have no id."""
    if binding.kind is BindingKind.PARAMETER:
        # an id that is read from the parameter needs it; who asks for it first knows that it may be missing
        return (name == source or functions.tests(function, name)) and _is_left_out(module, function, binding, name)
    if name != source:
        attribute = source.rpartition(".")[2] if source.startswith(f"{name}.") else None
        return unsaved_records.is_unsaved(module, function, binding, name, attribute, node)
    value = binding.value.value if isinstance(binding.value, ast.Await) else binding.value
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr in _READS
        and isinstance(value.args[0] if value.args else None, ast.Constant)
        and not value.keywords
        and (len(value.args) == 1 or syntax.is_none(value.args[1]))
    )


def _is_left_out(module: Module, function: NamedFunction, binding: Binding, name: str) -> bool:
    """Whether a caller may give nothing for a parameter."""
    if not syntax.is_none(binding.value):
        return binding.annotation is not None and optional_types.admits_none(module, binding.annotation)
    sites = callers.call_sites(module, function)
    passed = [callers.argument_for(source, function, call, name) for source, call in sites or ()]
    return not passed or any(value is None or syntax.is_none(value) for value in passed)
