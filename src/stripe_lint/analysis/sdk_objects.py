"""Objects of the SDK in the code: which expressions are one whatever the flow, and where one is used as a ``dict``.

An expression is an object of the SDK where everything that its name is bound to is one: a verified event, what a method
of the API returned, an entry or attribute of either, the argument of a function that gets nothing else. One other
binding, such as a parsed body, and nothing is claimed.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import callers, functions, names, stripe_calls, syntax
from stripe_lint.analysis.references import ExternalInstance, ExternalList, FunctionReference, ObjectReference
from stripe_lint.analysis.scopes import BindingKind
from stripe_lint.data import event_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Binding, NamedFunction

DEEPEST: Final = 8
"""How many steps (names, callers, entries) one question may take."""

_EVENT_MAKERS: Final = frozenset({"construct_event"})
_DICT_METHODS: Final = ("get", "items", "keys", "values", "pop", "update", "setdefault", "copy", "popitem", "clear")
_LISTS_OF: Final = frozenset({"auto_paging_iter"})
_DUMPING: Final = frozenset({"json.dumps", "simplejson.dumps", "orjson.dumps", "ujson.dumps", "json.dump"})
_CONVERTERS: Final = frozenset({"to_dict", "to_dict_recursive"})


class DictUse(NamedTuple):
    """A use that only a ``dict`` allows: ``node`` is the use, ``holder`` the object, ``words`` name the use."""

    node: ast.Call
    holder: ast.expr
    words: str


def dict_uses(module: Module) -> Iterator[DictUse]:
    """Where an object of the SDK is used as a ``dict``."""
    for method in _DICT_METHODS:
        for call in module.calls.get(method, ()):
            if isinstance(call.func, ast.Attribute) and is_sdk_object(module, call.func.value):
                yield DictUse(call, call.func.value, f".{method}()")
    for name, words in (("dict", "dict()"), ("dumps", "json.dumps()"), ("dump", "json.dump()")):
        for call in module.calls.get(name, ()):
            path = names.dotted_path(module, call.func)
            fits = path in _DUMPING if name != "dict" else isinstance(call.func, ast.Name) and path is None
            if name == "dict" and path == "builtins.dict":
                fits = True
            if fits and call.args and is_sdk_object(module, call.args[0]) and not _has_default(call):
                yield DictUse(call, call.args[0], words)
    for call in module.calls.get("isinstance", ()):
        if len(call.args) == 2 and _names_dict(call.args[1]) and is_sdk_object(module, call.args[0]):
            yield DictUse(call, call.args[0], "isinstance(…, dict)")


def _has_default(call: ast.Call) -> bool:
    return any(keyword.arg in {"default", "cls"} for keyword in call.keywords)


def _names_dict(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "dict"


def is_sdk_object(module: Module, node: ast.expr) -> bool:
    """Whether ``node`` is an object of the SDK, whatever the flow; a branch for tests may put its own object there."""
    return _Search().asks(module, node)


def has_stand_in(module: Module, node: ast.expr) -> bool:
    """Whether some branch puts an object of the project's own where ``node`` else is one of the SDK."""
    search = _Search()
    return search.asks(module, node) and search.has_stand_in


class _Search:
    """One question, with what it has asked before."""

    def __init__(self) -> None:
        self._known: dict[ast.AST, bool] = {}
        self.has_stand_in = False
        """Whether an object of the project's own class may be there as well."""

    def asks(self, module: Module, node: ast.expr, depth: int = 0) -> bool:
        if depth > DEEPEST:
            return False
        if node not in self._known:
            # what is asked again while it is being found out is bound to itself, and tells nothing
            self._known[node] = False
            self._known[node] = self._finds(module, node, depth)
        return self._known[node]

    def _finds(self, module: Module, node: ast.expr, depth: int) -> bool:
        if isinstance(node, ast.Await | ast.Starred):
            return self.asks(module, node.value, depth + 1)
        if isinstance(node, ast.NamedExpr):
            return self.asks(module, node.value, depth + 1)
        if isinstance(node, ast.Subscript):
            return self.asks(module, node.value, depth + 1)
        if isinstance(node, ast.Name):
            return self._name(module, node, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(module, node, depth)
        return isinstance(node, ast.Call) and self._call(module, node, depth)

    def _attribute(self, module: Module, node: ast.Attribute, depth: int) -> bool:
        if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
            return False
        reference = names.resolve(module, node.value)
        if reference is not None and not isinstance(reference, ExternalInstance | ExternalList):
            return False
        return self.asks(module, node.value, depth + 1)

    def _call(self, module: Module, node: ast.Call, depth: int) -> bool:
        if _is_resource(module, node):
            return True
        name = functions.last_name(node.func)
        if name in _CONVERTERS:
            return False
        if name in _EVENT_MAKERS:
            return _is_sdk_verification(module, node)
        if isinstance(node.func, ast.Attribute) and name in _LISTS_OF | {"get"}:
            return self.asks(module, node.func.value, depth + 1)
        if isinstance(node.func, ast.Name) and name == "getattr" and len(node.args) > 1:
            return self.asks(module, node.args[0], depth + 1)
        reference = names.resolve(module, node.func)
        if isinstance(reference, FunctionReference) and not isinstance(reference.node, ast.Lambda):
            returned = [
                each.value for each in reference.module.returns.get(reference.node, ()) if each.value is not None
            ]
            given = [value for value in returned if not syntax.is_none(value)]
            return bool(given) and all(self.asks(reference.module, value, depth + 1) for value in given)
        return False

    def _name(self, module: Module, node: ast.Name, depth: int) -> bool:
        bindings = [binding for binding in module.bindings_of(node) if not _is_none(binding)]
        stand_ins = [binding for binding in bindings if self._is_stand_in(module, binding, depth)]
        others = [binding for binding in bindings if binding not in stand_ins]
        if not others or not all(self._binding(module, binding, node.id, depth) for binding in others):
            return False
        self.has_stand_in = self.has_stand_in or bool(stand_ins)
        return True

    def _is_stand_in(self, module: Module, binding: Binding, depth: int) -> bool:
        """Whether a branch puts an object of the project's own class there, which is not made of one of the SDK."""
        call = binding.value
        if binding.kind is not BindingKind.ASSIGNMENT or not isinstance(call, ast.Call):
            return False
        if not isinstance(names.resolve(module, call), ObjectReference):
            return False
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        return not any(self.asks(module, each, depth + 1) for each in given)

    def _binding(self, module: Module, binding: Binding, name: str, depth: int) -> bool:
        if binding.kind in {BindingKind.ASSIGNMENT, BindingKind.ITERATION} and binding.value is not None:
            return self.asks(module, binding.value, depth + 1)
        if binding.kind is BindingKind.PARAMETER:
            owner = next(iter(module.ancestors(binding.node)[1:]), None)
            if isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef):
                return self._parameter(module, owner, binding, name, depth)
        return False

    def _parameter(self, module: Module, function: NamedFunction, binding: Binding, name: str, depth: int) -> bool:
        """Whether everything that is handed to a parameter is an object of the SDK."""
        if binding.annotation is not None:
            instance = names.instance_of_annotation(module, binding.annotation)
            if isinstance(instance, ExternalInstance):
                return stripe_calls.is_sdk_object(instance)
            if "dict" in ast.dump(binding.annotation).lower():
                return False
        sites = callers.call_sites(module, function)
        handed = [
            (source, argument)
            for source, call in sites or ()
            for argument in [callers.argument_for(module, function, call, name)]
        ]
        if handed:
            return all(argument is not None and self.asks(source, argument, depth + 1) for source, argument in handed)
        return self._is_dispatched(module, function, name)

    def _is_dispatched(self, module: Module, function: NamedFunction, name: str) -> bool:
        """Whether a table of event types leads to the function, in a file that verifies with the SDK."""
        positional = [each.arg for each in functions.positional_parameters(function) if each.arg not in {"self", "cls"}]
        if positional[:1] != [name]:
            return False
        return function.name in dispatched_names(module)


def dispatched_names(module: Module) -> frozenset[str]:
    """The functions and methods that a table leads to by the event's type, where the file verifies its events."""
    known = module.memory.get("dispatched by type")
    if not isinstance(known, frozenset):
        known = frozenset(
            functions.last_name(value) or ""
            for node in (module.of_kind(ast.Dict) if _verifies_only(module) else ())
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and event_types.is_known(str(key.value))
            if isinstance(value, ast.Name | ast.Attribute)
        )
        module.memory["dispatched by type"] = known
    return known


def _verifies_only(module: Module) -> bool:
    """Whether the file makes its events by verifying them, and never from a parsed body."""
    made = [call for call in module.calls.get("construct_event", ()) if _is_sdk_verification(module, call)]
    parsed = [
        *module.calls.get("loads", ()),
        *module.calls.get("get_json", ()),
        *module.calls.get("construct_from", ()),
    ]
    return bool(made) and not parsed


def _is_none(binding: Binding) -> bool:
    if binding.kind is BindingKind.ANNOTATION:
        return True
    return syntax.is_none(binding.value)


def _is_resource(module: Module, node: ast.Call) -> bool:
    reference = names.resolve(module, node)
    return isinstance(reference, ExternalInstance | ExternalList) and stripe_calls.is_sdk_object(reference)


def _is_sdk_verification(module: Module, node: ast.Call) -> bool:
    path = names.dotted_path(module, node.func)
    if path is not None:
        return path.startswith("stripe.")
    reference = names.resolve(module, node.func)
    return reference is not None and not isinstance(reference, FunctionReference)
