"""Objects of the SDK in the code: which expressions are one, at least on some path.

An object of the SDK is a verified event, what a method of the API returned, an entry or attribute of either, the
argument of a function that gets nothing else. A variable that another branch gives something else, such as a parsed
body, is one where the object can still be in it, unless the function asks for its type.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    callers,
    dispatch_tables,
    functions,
    names,
    reaching_values,
    runners,
    stripe_calls,
    syntax,
    type_guards,
)
from stripe_lint.analysis.references import (
    External,
    ExternalInstance,
    ExternalList,
    FunctionReference,
    ObjectReference,
)
from stripe_lint.analysis.scopes import BindingKind, NamedFunction
from stripe_lint.data import event_types

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.references import Reference
    from stripe_lint.analysis.scopes import Binding

DEEPEST: Final = 8
"""How many steps (names, callers, entries) one question may take."""

_EVENT_MAKERS: Final = frozenset({"construct_event"})
_LISTS_OF: Final = frozenset({"auto_paging_iter"})
_NO_LISTS: Final = frozenset({"object", "metadata"})
"""Entries that are always a single object."""

_STAND_IN: Final = "an object of your own class, which has no to_dict()"
_SOMETHING_ELSE: Final = "something else, which may have no to_dict()"


_PLAIN: Final = frozenset({"last_response"})
"""Attributes of objects of the SDK that are none: what came over the wire, with its headers in a mapping.

``StripeObject`` of stripe-python.
"""


def is_sdk_object(module: Module, node: ast.expr) -> bool:
    """Whether ``node`` is an object of the SDK, at least where the flow comes from one."""
    return _Search(remembers=True).asks(module, node)


def alternative(module: Module, node: ast.expr) -> str | None:
    """What ``node`` is in another branch where it is not always an object of the SDK, as words."""
    search = _Search()
    return search.alternative if search.asks(module, node) else None


def is_single_object(module: Module, node: ast.expr, depth: int = 0) -> bool:
    """Whether ``node`` is an object of the SDK, and neither a list nor a plain value in one."""
    if depth > DEEPEST or not is_sdk_object(module, node):
        return False
    if isinstance(node, ast.Await | ast.NamedExpr):
        return is_single_object(module, node.value, depth + 1)
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and node.slice.value in _NO_LISTS
    if isinstance(node, ast.Attribute):
        return node.attr in _NO_LISTS
    if isinstance(node, ast.Name):
        values = [binding.value for binding in module.bindings_of(node) if not _is_none(binding)]
        return all(value is not None and is_single_object(module, value, depth + 1) for value in values)
    return isinstance(node, ast.Call) and (
        functions.last_name(node.func) in _EVENT_MAKERS or isinstance(names.resolve(module, node), ExternalInstance)
    )


class _Search:
    """One question, with what it has asked before; or, where it ``remembers``, what any question has answered."""

    def __init__(self, *, remembers: bool = False) -> None:
        self._known: dict[ast.AST, bool] = {}
        self._remembers = remembers
        self._unsure = 0
        self.alternative: str | None = None
        """What may be there as well, as words."""

    def asks(self, module: Module, node: ast.expr, depth: int = 0) -> bool:
        if node in self._known:
            self._unsure += 1
            return self._known[node]
        key = ("object of the SDK", node)
        known = module.memory.get(key) if self._remembers else None
        if isinstance(known, bool):
            return known
        if depth > DEEPEST:
            self._unsure += 1
            return False
        # what is asked again while it is being found out is bound to itself, and tells nothing
        self._known[node] = False
        unsure = self._unsure
        answer = self._known[node] = self._finds(module, node, depth)
        if self._remembers and (unsure == self._unsure or depth == 0):
            # any other answer depends on where the question came from
            module.memory[key] = answer
            del self._known[node]
        return answer

    def _finds(self, module: Module, node: ast.expr, depth: int) -> bool:
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and type_guards.is_never_an_object(module, node):
            return False
        if isinstance(node, ast.Await | ast.Starred):
            return self.asks(module, node.value, depth + 1)
        if isinstance(node, ast.NamedExpr):
            return self.asks(module, node.value, depth + 1)
        if isinstance(node, ast.Subscript):
            return self.asks(module, node.value, depth + 1)
        if isinstance(node, ast.IfExp):
            return self._either(module, node, depth)
        if isinstance(node, ast.Name):
            return self._name(module, node, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(module, node, depth)
        return isinstance(node, ast.Call) and self._call(module, node, depth)

    def _attribute(self, module: Module, node: ast.Attribute, depth: int) -> bool:
        if node.attr in _PLAIN or (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}):
            return False
        reference = names.resolve(module, node.value)
        if reference is not None and not _is_of_object(reference):
            return False
        return self.asks(module, node.value, depth + 1)

    def _either(self, module: Module, node: ast.IfExp, depth: int) -> bool:
        arms = [arm for arm in (node.body, node.orelse) if not syntax.is_none(arm)]
        objects = [arm for arm in arms if self.asks(module, arm, depth + 1)]
        if objects and len(objects) < len(arms):
            self.alternative = self.alternative or _SOMETHING_ELSE
        return bool(objects)

    def _call(self, module: Module, node: ast.Call, depth: int) -> bool:
        if _is_resource(module, node):
            return True
        name = functions.last_name(node.func)
        if name in type_guards.CONVERTERS:
            return False
        if name in _EVENT_MAKERS:
            return _is_sdk_verification(module, node)
        if name == "construct_from":
            return (names.dotted_path(module, node.func) or "").startswith("stripe.")
        if isinstance(node.func, ast.Attribute) and name in _LISTS_OF | {"get"}:
            return self.asks(module, node.func.value, depth + 1)
        if isinstance(node.func, ast.Name) and name == "getattr" and len(node.args) > 1:
            return self.asks(module, node.args[0], depth + 1)
        return self._result(module, runners.run_by(node) or node.func, depth)

    def _result(self, module: Module, function: ast.expr, depth: int) -> bool:
        """Whether calling ``function`` gives an object of the SDK."""
        if isinstance(function, ast.Lambda):
            return self.asks(module, function.body, depth + 1)
        reference = names.resolve(module, function)
        if isinstance(reference, External):
            return stripe_calls.is_sdk_object(names.call_result(reference))
        if not isinstance(reference, FunctionReference):
            return False
        if isinstance(reference.node, ast.Lambda):
            return self._result(reference.module, reference.node, depth)
        returned = [each.value for each in reference.module.returns.get(reference.node, ()) if each.value is not None]
        given = [value for value in returned if not syntax.is_none(value)]
        objects = [value for value in given if self.asks(reference.module, value, depth + 1)]
        others = [value for value in given if value not in objects]
        if not objects or any(self._is_made_of_object(reference.module, value, depth) for value in others):
            return False
        if others:
            self.alternative = self.alternative or _SOMETHING_ELSE
        return True

    def _is_made_of_object(self, module: Module, node: ast.expr, depth: int) -> bool:
        """Whether a value that is no object of the SDK is made of one, as ``found.to_dict()`` is."""
        if depth > DEEPEST:
            return True
        for inner in syntax.descendants(node):
            if not isinstance(inner, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
                continue
            if self.asks(module, inner, depth + 1):
                return True
            if not isinstance(inner, ast.Name):
                continue
            for binding in module.bindings_of(inner):
                if binding.value is None or not reaching_values.may_reach(module, binding, inner):
                    continue
                if self._is_made_of_object(module, binding.value, depth + 1):
                    return True
        return False

    def _name(self, module: Module, node: ast.Name, depth: int) -> bool:
        bindings = [binding for binding in module.bindings_of(node) if not _is_none(binding)]
        objects = [binding for binding in bindings if self._binding(module, binding, node.id, depth)]
        others = [binding for binding in bindings if binding not in objects]
        if not objects or not others:
            return bool(objects)
        if all(self._is_stand_in(module, binding, depth) for binding in others):
            self.alternative = self.alternative or _STAND_IN
            return True
        function = module.enclosing_function(node)
        if function is None or type_guards.is_asked_for_type(module, function, node.id):
            return False
        if not any(reaching_values.may_reach(module, binding, node) for binding in objects):
            return False
        if any(reaching_values.may_reach(module, binding, node) for binding in others):
            self.alternative = self.alternative or _SOMETHING_ELSE
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
            if isinstance(owner, NamedFunction):
                return self._parameter(module, owner, binding, name, depth)
        return False

    def _parameter(self, module: Module, function: NamedFunction, binding: Binding, name: str, depth: int) -> bool:
        """Whether everything that is handed to a parameter is an object of the SDK."""
        if binding.annotation is not None:
            instance = names.instance_of_annotation(module, binding.annotation)
            if isinstance(instance, ExternalInstance):
                return stripe_calls.is_sdk_object(instance)
        sites = callers.call_sites(module, function)
        handed = [
            (source, callers.argument_for(module, function, call, name))
            for source, call in (*(sites or ()), *dispatch_tables.calls_through_tables(module, function))
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
    return binding.kind is BindingKind.ANNOTATION or syntax.is_none(binding.value)


def _is_of_object(reference: Reference) -> bool:
    """Whether a reference is an object of the SDK, a list of them, or a field of one."""
    if isinstance(reference, External):
        return reference.path.startswith("stripe.") and "()." in reference.path
    return isinstance(reference, ExternalInstance | ExternalList)


def _is_resource(module: Module, node: ast.Call) -> bool:
    reference = names.resolve(module, node)
    return isinstance(reference, ExternalInstance | ExternalList) and stripe_calls.is_sdk_object(reference)


def _is_sdk_verification(module: Module, node: ast.Call) -> bool:
    path = names.dotted_path(module, node.func)
    if path is not None:
        return path.startswith("stripe.")
    reference = names.resolve(module, node.func)
    return reference is not None and not isinstance(reference, FunctionReference)
