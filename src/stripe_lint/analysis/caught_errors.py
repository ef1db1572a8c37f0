"""Which ``except`` takes what a Stripe call, or the verification of a webhook, raised."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    definitions,
    exceptions,
    names,
    stripe_calls,
    syntax,
)
from stripe_lint.analysis.call_search import CallSearch
from stripe_lint.analysis.references import ClassReference, External, FunctionReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module


_PAYLOAD_ERRORS: Final = frozenset({"ValueError", "JSONDecodeError", "UnicodeDecodeError"})


def caught_names(module: Module, handler: ast.ExceptHandler) -> set[str]:
    """The names of the classes that a handler catches."""
    types = exceptions.handler_types(module, handler)
    return {"BaseException"} if types is None else {exceptions.class_names(module, node)[0] for node in types}


def is_relevant(module: Module, handler: ast.ExceptHandler) -> bool:
    """Whether what a handler catches can be a Stripe error, or whatever else a Stripe call or a verification raised."""
    key = ("relevant", handler)
    known = module.memory.get(key)
    if not isinstance(known, bool):
        known = _is_relevant(module, handler)
        module.memory[key] = known
    return known


def _is_relevant(module: Module, handler: ast.ExceptHandler) -> bool:
    if exceptions.is_hidden(module, handler):
        return False
    types = exceptions.handler_types(module, handler)
    if types is not None:
        caught = [exceptions.class_names(module, node) for node in types]
        if any(isinstance(what, External) and exceptions.stripe_error(what.path) for _, what in caught):
            return True
        broad = any(name in exceptions.CATCHING_ALL for name, _ in caught)
        payload = any(name in _PAYLOAD_ERRORS for name, _ in caught)
        if not broad and not payload:
            broad = has_constant_text(module, handler)
            if not broad:
                return False
    else:
        broad, payload = True, False
    if not eligible(module):
        return False
    attempt = module.parents[handler]
    if not isinstance(attempt, ast.Try):
        return False
    calls = list(_calls_in(attempt))
    if any(_reaches_handler(module, attempt, call, broad=broad) for call in calls):
        return True
    return broad and any(_only_method_touches_stripe(module, call) for call in calls)


_COMMON_METHODS: Final = frozenset(
    {"get", "filter", "save", "first", "all", "create", "update", "delete", "commit", "add", "execute", "append"}
    | {"json"}
    | {"info", "error", "warning", "debug", "exception", "format", "join", "items", "values", "keys", "pop", "count"}
)


def _only_method_touches_stripe(module: Module, call: ast.Call) -> bool:
    """Whether a method on an object of unknown type is the project's only one of that name, and calls Stripe."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr in _COMMON_METHODS:
        return False
    if names.resolve(module, call.func) is not None:
        return False
    only = definitions.only_definition(module, call.func.attr, len(call.args) + len(call.keywords))
    return only is not None and stripe_calls.touches_stripe(only.module, only.node, handled=True)


def has_constant_text(module: Module, handler: ast.ExceptHandler) -> bool:
    """Whether a handler only catches exceptions of the project that are always raised with constant text."""
    key = ("constant text", handler)
    known = module.memory.get(key)
    if not isinstance(known, bool):
        types = exceptions.handler_types(module, handler) or []
        classes = [names.resolve(module, node) for node in types]
        known = bool(classes) and all(
            isinstance(caught, ClassReference) and _raised_with_constants(caught) for caught in classes
        )
        module.memory[key] = known
    return known


def _raised_with_constants(caught: ClassReference) -> bool:
    found = False
    for path in caught.module.project.files_that_mention(caught.node.name, caught.module.path) or ():
        source = caught.module.project.module_at(path)
        for call in source.calls.get(caught.node.name, ()) if source is not None else ():
            if source is None or names.resolve(source, call.func) != caught:
                continue
            arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
            if not arguments or not all(isinstance(argument, ast.Constant) for argument in arguments):
                return False
            found = True
    return found


def _calls_in(attempt: ast.Try) -> Iterator[ast.Call]:
    for statement in attempt.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for node in syntax.own_nodes(statement):
            if isinstance(node, ast.Call):
                yield node


def _reaches_handler(module: Module, attempt: ast.Try, call: ast.Call, *, broad: bool) -> bool:
    """Whether an error of ``call`` can come from Stripe and get as far as the handlers of ``attempt``."""
    if broad:
        touches = stripe_calls.call_touches_stripe(module, call, handled=True) or _checks_by_hand(module, call)
    else:
        touches = stripe_calls.call_verifies(module, call)
    if not touches:
        return False
    inner = exceptions.attempts_around(module, call, within=attempt)
    return not any(exceptions.swallows_all(module, each) for each in inner)


def _checks_by_hand(module: Module, call: ast.Call) -> bool:
    """Whether a call runs a function of the project that checks Stripe's signature itself."""
    reference = names.resolve(module, call.func)
    return isinstance(reference, FunctionReference) and _BY_HAND.ask(reference.module, reference.node)


def _makes_digest(module: Module, function: ast.AST) -> bool:
    if "hmac" not in module.text:
        return False
    from stripe_lint.analysis import handmade_checks

    return handmade_checks.checks_by_hand(module, function)


_BY_HAND: Final = CallSearch("checks by hand", 1, _makes_digest)
"""Whether a function, or one that it calls, checks Stripe's signature by hand."""


def eligible(module: Module) -> bool:
    """Whether a file imports the SDK, reaches it through the project, catches its errors or handles its webhooks."""
    return "stripe" in module.lowered
