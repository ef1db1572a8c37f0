"""The parameters of a request as they are written down, in its call or in dicts that are put together before it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, syntax
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request
    from stripe_lint.analysis.scopes import Binding

_MOST_DICTS: Final = 4
"""Through how many dicts that are part of one another the parameters are followed."""

_CHANGES: Final = frozenset({"update", "setdefault"})


def sent_parameters(module: Module, request: Request) -> Iterator[tuple[str, ast.expr]]:
    """Each value that is sent, with the name of its parameter; the name is empty where it is written nowhere.

    An entry of a nested dict comes with its own name. A dict that may have an entry has it here.
    """
    for argument in request.node.args:
        yield from written_entries(module, argument, "")
    for keyword in request.node.keywords:
        yield from written_entries(module, keyword.value, keyword.arg or "")


def written_entries(module: Module, node: ast.expr, name: str, depth: int = 0) -> Iterator[tuple[str, ast.expr]]:
    """What a dict is put together of, each with the name of its own entry; ``node`` as ``name`` if it is no dict."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield from written_entries(module, value, str(key.value) if isinstance(key, ast.Constant) else name, depth)
    elif isinstance(node, ast.Call) and functions.last_name(node.func) == "dict":
        for argument in node.args:
            yield from written_entries(module, argument, name, depth)
        for keyword in node.keywords:
            yield from written_entries(module, keyword.value, keyword.arg or name, depth)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from written_entries(module, node.left, name, depth)
        yield from written_entries(module, node.right, name, depth)
    elif isinstance(node, ast.Name) and depth < _MOST_DICTS and _is_local_dict(module, node):
        for part, value in _put_together(module, node):
            yield from written_entries(module, value, part or name, depth + 1)
    else:
        yield name, node


def _is_local_dict(module: Module, node: ast.Name) -> bool:
    """Whether a name of the function is only ever assigned dicts that are written out."""
    bindings = _bindings(module, node)
    made = [each for each in bindings if each.kind is BindingKind.ASSIGNMENT]
    changed = [each for each in bindings if each.kind is BindingKind.AUGMENTED]
    return bool(made) and len(made) + len(changed) == len(bindings) and all(_is_dict(each.value) for each in made)


def _is_dict(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Dict) or (isinstance(node, ast.Call) and functions.last_name(node.func) == "dict")


def _bindings(module: Module, node: ast.Name) -> list[Binding]:
    found = module.scope_of(node).lookup(node.id)
    return found[1] if found is not None and found[0].function is not None else []


def _put_together(module: Module, name: ast.Name) -> Iterator[tuple[str, ast.expr]]:
    """What a dict is made of, and what is put into it anywhere in the function."""
    for binding in _bindings(module, name):
        if binding.value is not None:
            yield "", binding.value
    function = module.enclosing_function(name)
    for node in syntax.own_nodes(function) if function is not None else ():
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and _holder(target) == name.id:
                    yield str(target.slice.value) if isinstance(target.slice, ast.Constant) else "", node.value
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _CHANGES
            and _holder(node.func.value) == name.id
        ):
            yield from _changed(node)


def _changed(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """What ``update`` and ``setdefault`` put into a dict."""
    if functions.last_name(call.func) == "setdefault":
        if len(call.args) > 1:
            yield str(call.args[0].value) if isinstance(call.args[0], ast.Constant) else "", call.args[1]
        return
    yield from (("", argument) for argument in call.args)
    yield from ((keyword.arg or "", keyword.value) for keyword in call.keywords)


def _holder(node: ast.expr) -> str | None:
    """The name of the dict that an entry is in, however deep."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
