"""Cheap questions about a whole function: can running it verify a webhook, or read a request's body or headers?"""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import conventions, functions, names, syntax, webhook_functions
from stripe_lint.analysis.call_search import Callee, CallSearch, callees
from stripe_lint.analysis.frameworks import body_names, header_names
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.data import event_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

_VERIFYING_WORDS: Final = (
    *(*webhook_functions.VERIFYING, "notification_handler", "notificationhandler"),
    *("compare_digest", "constant_time_compare", "hmac"),
)
_VERIFIED_WORDS: Final = ("signature", "webhook", "stripe", "event")
_VERIFYING_NAME: Final = r"(verif|validat|check(?!out)|authenticat)\w*(signature|webhook|stripe|event)"


DEEPEST_MENTION: Final = 4
"""How many calls deep a verification is looked for."""


def mentions_verification(module: Module, node: ast.AST) -> bool:
    """Whether a function or class holds a verification, itself, in a nested function, or in what it calls."""
    return _VERIFIES.ask(module, node)


def call_verifies(module: Module, call: ast.Call) -> bool:
    """Whether a call is a verification of the SDK, or runs a function of the project that holds one, by hand too."""
    if functions.last_name(call.func) in webhook_functions.VERIFYING:
        return True
    reference = names.resolve(module, call.func)
    return isinstance(reference, FunctionReference) and mentions_verification(reference.module, reference.node)


@cache
def _is_verifying_name(name: str) -> bool:
    lowered = name.lower()
    if any(word in lowered for word in _VERIFYING_WORDS):
        return True
    return any(word in lowered for word in _VERIFIED_WORDS) and re.search(_VERIFYING_NAME, lowered) is not None


def _verifies_itself(module: Module, node: ast.AST) -> bool:
    told = module.project.conventions.verifiers
    for call in module.calls_within(node):
        if told and conventions.is_one_of(told, call.func, names.resolve(module, call.func)):
            return True
        name = functions.last_name(call.func)
        if name is not None and _is_verifying_name(name):
            return True
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            if isinstance(argument, ast.Attribute) and argument.attr in webhook_functions.VERIFYING:
                return True
    return False


def _callees_within(module: Module, node: ast.AST) -> Iterator[Callee]:
    yield from callees(module, node)
    for inner in module.nested.get(node, ()):
        yield from _callees_within(module, inner)


_VERIFIES: Final = CallSearch("verifies", DEEPEST_MENTION, _verifies_itself, _callees_within)


def speaks_of_events(module: Module, function: ast.AST) -> bool:
    """Whether a function names Stripe's signature header or an event type."""
    key = ("speaks of events", function)
    known = module.memory.get(key)
    if not isinstance(known, bool):
        known = any(
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (
                webhook_functions.names_signature_header(node.value)
                or ("." in node.value and event_types.is_known(node.value))
            )
            for node in syntax.descendants(function)
        )
        module.memory[key] = known
    return known


_REQUEST_PARTS: Final = frozenset({"loads", "httprequest", "POST", "form"})


def reads_body(module: Module, node: ast.AST) -> bool:
    """Whether a function, or one nested in it, names a part of a request that can hold the body or the headers."""
    key = ("reads body", node)
    known = module.memory.get(key)
    if not isinstance(known, bool):
        parts = _REQUEST_PARTS | body_names() | header_names()
        known = any(
            (isinstance(inner, ast.Attribute) and inner.attr in parts)
            or (isinstance(inner, ast.Constant) and inner.value in {"body", "headers"})
            for inner in syntax.descendants(node)
        )
        module.memory[key] = known
    return known


def concerns_request(module: Module, node: ast.AST) -> bool:
    """Whether it matters to run a function that is given the request."""
    return reads_body(module, node) or mentions_verification(module, node)
