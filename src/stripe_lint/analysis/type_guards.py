"""Conditions that ask for the type of a value, and so tell an object of the SDK from a ``dict``.

``event if isinstance(event, dict) else event.to_dict()`` is right on every release: up to stripe 14 an object of the
SDK takes one arm, from 15 on the other.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, logging_calls, names, syntax
from stripe_lint.analysis.scopes import Comprehension, FunctionNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

CONVERTERS: Final = frozenset({"to_dict", "to_dict_recursive"})
"""Methods that make a plain ``dict`` of an object of the SDK."""

_ONLY_OF_DICTS: Final = frozenset({"get", "keys", "values", "pop", "update", "setdefault", "copy"})
"""Methods that objects of the SDK have lost. ``items`` is also the name of a field."""

_TELLING: Final = ("isinstance", "hasattr")
_ASKING: Final = ("isinstance", "hasattr", "type", "callable", "issubclass")
_MAPPINGS: Final = frozenset({"dict", "Mapping", "MutableMapping"})
_TELLING_NOTHING: Final = frozenset({*_ASKING, "str", "repr", "id"})
_LEAVING: Final = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_BLOCKS: Final = ("body", "orelse", "finalbody")


def is_never_an_object(module: Module, node: ast.expr) -> bool:
    """Whether a condition on the way to ``node`` keeps objects of the SDK away from it, with stripe 15 and newer."""
    if module.enclosing_function(node) not in _telling_functions(module):
        return False
    told = [
        ast.dump(call.args[0])
        for test, holds in _conditions_at(module, node)
        for call, is_true in _said(test, holds)
        if _rejects_objects(module, call, is_true)
    ]
    return bool(told) and any(ast.dump(each) in told for each in _with_holders(node))


def _telling_functions(module: Module) -> set[FunctionNode | None]:
    """The functions, or the module itself, that ask for the type or the methods of something."""
    known = module.memory.get("functions that tell types")
    if not isinstance(known, set):
        calls = (call for name in _TELLING for call in module.calls.get(name, ()))
        known = module.memory["functions that tell types"] = {module.enclosing_function(call) for call in calls}
    return known


def is_asked_for_type(module: Module, function: FunctionNode, name: str) -> bool:
    """Whether a condition in the function asks what the variable ``name`` is."""
    return any(
        isinstance(call.args[0], ast.Name) and call.args[0].id == name and module.enclosing_function(call) is function
        for asking in _ASKING
        for call in module.calls.get(asking, ())
        if call.args
    )


def has_way_for_objects(module: Module, call: ast.Call) -> bool:
    """Whether the code beside ``isinstance(value, dict)`` also does something with a value that is no ``dict``."""
    asked = ast.dump(call.args[0])
    statement = module.statement_of(call)
    parts: list[ast.AST] = [statement, *_after_leaving(module, statement)]
    return any(
        isinstance(inner, ast.Name | ast.Attribute | ast.Subscript)
        and isinstance(inner.ctx, ast.Load)
        and ast.dump(inner) == asked
        and not _tells_nothing(module, inner)
        and not _is_asked_beside(module, inner, call)
        and not _is_behind(module, inner, call)
        for part in parts
        for inner in syntax.descendants(part)
    )


def _is_behind(module: Module, node: ast.AST, call: ast.Call) -> bool:
    """Whether ``node`` runs only where ``call`` was true."""
    return any(
        each is call and is_true for test, holds in _conditions_at(module, node) for each, is_true in _said(test, holds)
    )


def _is_asked_beside(module: Module, node: ast.expr, call: ast.Call) -> bool:
    """Whether a value is tested for truth, or for ``None``, in the condition that asks for its type."""
    for around in module.ancestors(node):
        if isinstance(around, ast.BoolOp) and call in syntax.descendants(around):
            return isinstance(around.op, ast.And)
        is_for_none = isinstance(around, ast.Compare) and any(syntax.is_none(each) for each in around.comparators)
        if not is_for_none and not (isinstance(around, ast.UnaryOp) and isinstance(around.op, ast.Not)):
            return False
    return False


def _tells_nothing(module: Module, node: ast.AST) -> bool:
    """Whether a value is only named: in a log, in an exception, in the question for its type."""
    child = node
    for around in module.ancestors(node):
        if isinstance(around, ast.Raise):
            return True
        if isinstance(around, ast.Call) and child is not around.func and _only_names(module, around):
            return True
        if isinstance(around, ast.stmt):
            return False
        child = around
    return False


def _only_names(module: Module, call: ast.Call) -> bool:
    return functions.last_name(call.func) in _TELLING_NOTHING or logging_calls.writes_log(module, call)


def _after_leaving(module: Module, statement: ast.stmt) -> list[ast.stmt]:
    """What runs after an ``if`` whose body leaves, which is then its other arm."""
    if not isinstance(statement, ast.If) or not isinstance(statement.body[-1], _LEAVING):
        return []
    block = _block_of(module, statement)
    return block[block.index(statement) + 1 :]


def _block_of(module: Module, statement: ast.stmt) -> list[ast.stmt]:
    parent = module.parents[statement]
    for name in _BLOCKS:
        block = getattr(parent, name, None)
        if isinstance(block, list) and statement in block:
            return block
    return [statement]


def _with_holders(node: ast.expr) -> Iterator[ast.expr]:
    """``node`` and what it is taken out of: a part of a plain ``dict`` is plain too."""
    current = node
    while True:
        yield current
        if not isinstance(current, ast.Attribute | ast.Subscript):
            return
        current = current.value


def _rejects_objects(module: Module, call: ast.Call, is_true: bool) -> bool:
    """Whether the answer of ``isinstance`` or ``hasattr`` means that the value is no object of the SDK."""
    name = functions.last_name(call.func)
    if len(call.args) != 2 or name not in _TELLING:
        return False
    said = call.args[1]
    if name == "hasattr":
        attribute = said.value if isinstance(said, ast.Constant) else None
        return attribute in (_ONLY_OF_DICTS if is_true else CONVERTERS)
    kinds = said.elts if isinstance(said, ast.Tuple) else [said]
    if is_true:
        return all(functions.last_name(kind) in _MAPPINGS for kind in kinds)
    return any((names.dotted_path(module, kind) or "").startswith("stripe.") for kind in kinds)


def _said(test: ast.expr, holds: bool) -> Iterator[tuple[ast.Call, bool]]:
    """The calls of which is known what they answered where a condition holds, or does not."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _said(test.operand, not holds)
    elif isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And if holds else ast.Or):
        for value in test.values:
            yield from _said(value, holds)
    elif isinstance(test, ast.Call) and test.args:
        yield test, holds


def _conditions_at(module: Module, node: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    """The conditions within the function that hold, or do not, where ``node`` is evaluated."""
    child = node
    for around in module.ancestors(node):
        if isinstance(around, ast.If | ast.While) and child is not around.test:
            yield around.test, child in around.body
        elif isinstance(around, ast.IfExp) and child is not around.test:
            yield around.test, child is around.body
        elif isinstance(around, ast.BoolOp):
            place = next(i for i, value in enumerate(around.values) if value is child)
            for value in around.values[:place]:
                yield value, isinstance(around.op, ast.And)
        elif isinstance(around, Comprehension) and not isinstance(child, ast.comprehension):
            yield from ((test, True) for generator in around.generators for test in generator.ifs)
        if isinstance(child, ast.stmt):
            yield from _passed_before(module, child)
        if isinstance(around, FunctionNode):
            return
        child = around


def _passed_before(module: Module, statement: ast.stmt) -> Iterator[tuple[ast.expr, bool]]:
    """What the statements before it in its block made sure of."""
    for before in _block_of(module, statement):
        if before is statement:
            return
        if isinstance(before, ast.Assert):
            yield before.test, True
        elif isinstance(before, ast.If) and isinstance(before.body[-1], _LEAVING):
            yield before.test, False
