"""Calls of functions that answer a failure with an error response, which the caller drops."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import answers, failure_handlers, functions, http_statuses, names, work
from stripe_lint.analysis.answers import Answer
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

DEEPEST: Final = 3
"""How many calls deep an error response is looked for that functions hand on."""


class DroppedAnswer(NamedTuple):
    """A statement that is nothing but a call which may return an error response.

    ``grave`` tells that a check, a write of the project's data or a payment is what may have failed.
    """

    call: ast.Call
    statement: ast.Expr
    reference: FunctionReference
    grave: bool


def dropped_answers(module: Module) -> list[DroppedAnswer]:
    """The calls in ``module`` whose error response is dropped."""
    key = "dropped answers"
    known = module.memory.get(key)
    if isinstance(known, list):
        return known
    found = []
    for calls in module.calls_of.values():
        for call in calls:
            dropping = _statement(module, call)
            reference = names.resolve(module, call.func) if dropping is not None else None
            if dropping is None or not isinstance(reference, FunctionReference):
                continue
            grave = _answers_failure(reference, 0)
            if grave is not None:
                found.append(DroppedAnswer(call, dropping, reference, grave))
    module.memory[key] = found
    return found


def _statement(module: Module, call: ast.Call) -> ast.Expr | None:
    parent = module.parents.get(call)
    if isinstance(parent, ast.Await):
        parent = module.parents.get(parent)
    return parent if isinstance(parent, ast.Expr) else None


def _answers_failure(reference: FunctionReference, depth: int) -> bool | None:
    """Whether what a function answers with an error response is grave; ``None`` where it answers no failure so."""
    module, function = reference.module, reference.node
    if depth > DEEPEST or isinstance(function, ast.Lambda) or function in module.yields:
        return None
    found = [
        grave
        for statement in module.returns.get(function, ())
        if statement.value is not None and (grave := _is_failure(module, statement, statement.value, depth)) is not None
    ]
    return any(found) if found else None


def _is_failure(module: Module, statement: ast.Return, returned: ast.expr, depth: int) -> bool | None:
    value = returned.value if isinstance(returned, ast.Await) else returned
    if isinstance(value, ast.Call):
        reference = names.resolve(module, value.func)
        if isinstance(reference, FunctionReference):
            return _answers_failure(reference, depth + 1)
    if answers.answer_of(module, value) is not Answer.REFUSED:
        return None
    for around in module.ancestors(statement):
        if isinstance(around, NamedFunction):
            break
        attempt = module.parents.get(around)
        if isinstance(around, ast.ExceptHandler) and isinstance(attempt, ast.Try):
            if failure_handlers.verifies(module, attempt):
                return True
            kinds = failure_handlers.kinds(module, work.within(attempt.body))
            if failure_handlers.catches_failures(module, around) and kinds & failure_handlers.FAILING:
                return bool(kinds & failure_handlers.WRITES)
            return None
    is_server_error = answers.states(module, value, http_statuses.FIRST_OF_SERVER) or (
        isinstance(value, ast.Call) and http_statuses.is_server_error_name(functions.last_name(value.func) or "")
    )
    return False if is_server_error else None
