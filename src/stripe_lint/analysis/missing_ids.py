"""Whether an id is there when a request is sent: a key that is made of ``None`` would be everybody's."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import blocks, callers, functions, names, unsaved_records
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Binding, NamedFunction

_READS: Final = frozenset({"get", "pop"})


def may_be_missing(module: Module, node: ast.Call, name: str, source: str) -> bool:
    """Whether ``source``, which reads an id from ``name``, may be ``None`` where ``node`` is evaluated."""
    function = module.enclosing_function(node)
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    is_set = _is_said_to_be_set(module, node, function, name, source)
    if is_set is not None:
        return not is_set
    bindings = module.scopes[function].bindings.get(name, [])
    return any(_leaves_out(module, function, binding, name, source, node) for binding in bindings)


def _is_said_to_be_set(module: Module, node: ast.Call, function: NamedFunction, name: str, source: str) -> bool | None:
    """What the conditions on the way to ``node`` say about the id, the nearest first."""
    child: ast.AST = node
    for around in module.ancestors(node):
        for test, holds in _conditions(module, around, child):
            said = _says(test, name, source, holds=holds)
            if said is not None:
                return said
        if around is function:
            break
        child = around
    return None


def _conditions(module: Module, around: ast.AST, child: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    """The conditions that decide whether ``child`` is evaluated, each with whether it has to hold."""
    for block in blocks.blocks_of(around):
        if child in block:
            for earlier in reversed(block[: block.index(child)]):
                if isinstance(earlier, ast.Assert):
                    yield earlier.test, True
                elif isinstance(earlier, ast.If) and blocks.leaves(module, earlier.body):
                    yield earlier.test, False
    if isinstance(around, ast.If | ast.While):
        if child in around.body:
            yield around.test, True
        elif child in around.orelse and isinstance(around, ast.If):
            yield around.test, False
    elif isinstance(around, ast.IfExp) and child is not around.test:
        yield around.test, child is around.body
    elif isinstance(around, ast.BoolOp) and isinstance(child, ast.expr):
        for value in around.values[: around.values.index(child)]:
            yield value, isinstance(around.op, ast.And)


def _says(test: ast.expr, name: str, source: str, *, holds: bool) -> bool | None:
    """Whether the id is set where ``test`` holds, or fails; ``None`` where that says nothing about it."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _says(test.operand, name, source, holds=not holds)
    if isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And) is not holds:
            return None
        return next(
            (said for value in test.values if (said := _says(value, name, source, holds=holds)) is not None), None
        )
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and syntax.is_none(test.comparators[0]):
        if isinstance(test.ops[0], ast.Is | ast.Eq):
            return _says(test.left, name, source, holds=not holds)
        return _says(test.left, name, source, holds=holds)
    if isinstance(test, ast.NamedExpr):
        return _says(test.target, name, source, holds=holds)
    return holds if ast.unparse(test) in {name, source} else None


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
        return binding.annotation is not None and names.admits_none(module, binding.annotation)
    sites = callers.call_sites(module, function)
    passed = [callers.argument_for(source, function, call, name) for source, call in sites or ()]
    return not passed or any(value is None or syntax.is_none(value) for value in passed)
