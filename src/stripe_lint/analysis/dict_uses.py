"""Where an object of the SDK is used as a ``dict``, which it no longer is since stripe 15."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import names, sdk_objects, type_guards
from stripe_lint.analysis.sdk_objects import is_sdk_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

CHANGING: Final = frozenset({"pop", "popitem", "update", "setdefault", "clear"})
"""Methods that change a ``dict``."""

_METHODS: Final = ("get", "items", "keys", "values", "pop", "update", "setdefault", "copy", "popitem", "clear")
_DUMPING: Final = frozenset({"json.dumps", "simplejson.dumps", "orjson.dumps", "ujson.dumps", "json.dump"})
_ITERATING: Final = ("list", "tuple", "set", "sorted", "len")


class DictUse(NamedTuple):
    """A use that only a ``dict`` allows: ``node`` is the use, ``holder`` the object, ``words`` name the use."""

    node: ast.expr
    holder: ast.expr
    words: str

    @property
    def changes(self) -> bool:
        """Whether the use changes the object."""
        return self.words.strip(".()") in CHANGING


def dict_uses(module: Module) -> list[DictUse]:
    """Where an object of the SDK is used as a ``dict``."""
    known = module.memory.get("dict uses")
    if not isinstance(known, list):
        known = module.memory["dict uses"] = [*_of_methods(module), *_of_functions(module), *_of_syntax(module)]
    return known


def _of_methods(module: Module) -> Iterator[DictUse]:
    for method in _METHODS:
        for call in module.calls.get(method, ()):
            if isinstance(call.func, ast.Attribute) and is_sdk_object(module, call.func.value):
                yield DictUse(call, call.func.value, f".{method}()")


def _of_functions(module: Module) -> Iterator[DictUse]:
    for name, words in (("dict", "dict()"), ("dumps", "json.dumps()"), ("dump", "json.dump()")):
        for call in module.calls.get(name, ()):
            path = names.dotted_path(module, call.func)
            fits = path in _DUMPING if name != "dict" else _is_builtin(module, call, name)
            if fits and call.args and is_sdk_object(module, call.args[0]) and not _has_default(call):
                yield DictUse(call, call.args[0], words)
    for call in module.calls.get("isinstance", ()):
        is_asked = len(call.args) == 2 and _names_dict(call.args[1]) and is_sdk_object(module, call.args[0])
        if is_asked and not type_guards.has_way_for_objects(module, call):
            yield DictUse(call, call.args[0], "isinstance(…, dict)")
    for name in _ITERATING:
        for call in module.calls.get(name, ()):
            if call.args and _is_builtin(module, call, name) and sdk_objects.is_single_object(module, call.args[0]):
                yield DictUse(call, call.args[0], f"{name}()")
    for call in module.calls.get("update", ()):
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        if receiver is None or len(call.args) != 1 or is_sdk_object(module, receiver):
            continue
        if sdk_objects.is_single_object(module, call.args[0]):
            yield DictUse(call, call.args[0], "update() out")


def _of_syntax(module: Module) -> Iterator[DictUse]:
    unpacked: list[ast.expr] = []
    if "**" in module.text:
        unpacked += (keyword.value for keyword in module.of_kind(ast.keyword) if keyword.arg is None)
        for table in module.of_kind(ast.Dict):
            unpacked += (value for key, value in zip(table.keys, table.values, strict=True) if key is None)
    for node in unpacked:
        if is_sdk_object(module, node):
            yield DictUse(node, node, "unpacking")
    loops = (each.iter for each in module.of_kind(ast.For))
    for iterated in (*loops, *(each.iter for each in module.of_kind(ast.comprehension))):
        if sdk_objects.is_single_object(module, iterated):
            yield DictUse(iterated, iterated, "iteration")


def _is_builtin(module: Module, call: ast.Call, name: str) -> bool:
    return isinstance(call.func, ast.Name) and names.dotted_path(module, call.func) in {None, f"builtins.{name}"}


def _has_default(call: ast.Call) -> bool:
    return any(keyword.arg in {"default", "cls"} for keyword in call.keywords)


def _names_dict(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "dict"
