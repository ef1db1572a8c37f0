"""The ``except`` clauses that stand around a verification: of the SDK, or of the project by what they catch."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import exceptions, functions, logging_calls, names, syntax, webhook_functions
from stripe_lint.analysis.references import FunctionReference, OfClass
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

_CAUGHT: Final = frozenset({exceptions.SIGNATURE_ERROR, "StripeError", "Exception", "BaseException", "ValueError"})


def silent_handlers(module: Module) -> Iterator[ast.ExceptHandler]:
    """The clauses for a failed verification in which nothing is logged and nothing is raised."""
    for node in module.tries:
        around_sdk = any(_verifies(module, call) for statement in node.body for call in _calls_in(statement))
        for handler in node.handlers:
            caught = _catches_failure(module, handler) if around_sdk else _names_failure(module, handler)
            if caught and not _tells(module, handler) and not _is_one_of_several(module, handler):
                yield handler


def _calls_in(statement: ast.stmt) -> Iterator[ast.Call]:
    return (node for node in syntax.own_nodes(statement) if isinstance(node, ast.Call))


def _verifies(module: Module, call: ast.Call) -> bool:
    if functions.last_name(call.func) not in webhook_functions.NAMES:
        return False
    path = names.dotted_path(module, call.func)
    return path is None or path.startswith("stripe.")


def _catches_failure(module: Module, handler: ast.ExceptHandler) -> bool:
    types = exceptions.handler_types(module, handler)
    return types is None or any(functions.last_name(each) in _CAUGHT for each in types)


def _names_failure(module: Module, handler: ast.ExceptHandler) -> bool:
    """Whether a clause is there for the SDK's signature error, whatever verifies."""
    types = exceptions.handler_types(module, handler) or ()
    return any(
        functions.last_name(each) == exceptions.SIGNATURE_ERROR
        and (names.dotted_path(module, each) or "stripe.").startswith("stripe.")
        for each in types
    )


def _is_one_of_several(module: Module, handler: ast.ExceptHandler) -> bool:
    """Whether the loop goes on after a clause, as with the next of several secrets."""
    last = handler.body[-1]
    while isinstance(last, ast.Try):
        last = last.body[-1]
    if not isinstance(last, ast.Continue | ast.Pass | ast.Assign):
        return False
    for around in module.ancestors(handler):
        if isinstance(around, ast.For | ast.AsyncFor | ast.While):
            return True
        if isinstance(around, NamedFunction):
            return False
    return False


def _tells(module: Module, handler: ast.ExceptHandler) -> bool:
    """Whether a clause logs, raises, or calls code of the project that may."""
    for node in syntax.own_nodes(handler):
        if isinstance(node, ast.Raise) and _raises_again(node, handler):
            return True
        if isinstance(node, ast.Call):
            if logging_calls.may_record(module, node):
                return True
            if isinstance(names.resolve(module, node.func), FunctionReference | OfClass):
                return True
    return False


def _raises_again(node: ast.Raise, handler: ast.ExceptHandler) -> bool:
    return node.exc is None or (isinstance(node.exc, ast.Name) and node.exc.id == handler.name)
