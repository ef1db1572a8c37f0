"""Writes that fail in a ``try`` whose ``except`` keeps that to itself, while the handler goes on with other work."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import exceptions, failure_handlers, functions, logging_calls, syntax, work
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from stripe_lint.analysis.exceptions import Attempt
    from stripe_lint.analysis.failure_handlers import Taking
    from stripe_lint.analysis.module import Module

_LOST: Final = frozenset({Work.INSERT, Work.WRITE, Work.MONEY})
"""The kinds of work that an ``except`` loses although the handler goes on with other work."""

_ASIDE: Final = work.SIDE_NAME + r"|notif|mail|receipt|activity|history|stat|event|webhook"
"""Names of side jobs, which may fail."""


def forgets_write(module: Module, attempt: Attempt, handler: Taking) -> bool:
    """Whether an ``except`` takes the failure of a write in its ``try``, and nothing but a log says so.

    A function of the project that is called there may be a side job, which may fail.
    """
    calls = [
        call
        for call in work.within(attempt.body)
        if not logging_calls.may_record(module, call) and not _is_caught_within(module, call, attempt)
    ]
    if any(_is_aside(call) for call in calls) or not any(work.of_call(module, call) in _LOST for call in calls):
        return False
    if not isinstance(handler, ast.ExceptHandler):
        return True
    if failure_handlers.kinds(module, work.within(handler.body)) & work.DOES_SOMETHING:
        return False
    return not any(
        isinstance(node, ast.Return | ast.AugAssign | ast.AnnAssign | ast.NamedExpr | ast.Continue)
        or (isinstance(node, ast.Assign) and not _is_forgotten(module, node))
        for node in syntax.own_nodes(handler)
    )


def _is_caught_within(module: Module, call: ast.Call, attempt: Attempt) -> bool:
    """Whether no error of a call gets to the handlers of ``attempt``."""
    return any(exceptions.swallows_all(module, each) for each in exceptions.attempts_around(module, call, attempt))


def _is_forgotten(module: Module, statement: ast.Assign) -> bool:
    """Whether what an ``except`` notes in a variable is only logged, or only keeps other work from being done."""
    function = module.enclosing_function(statement)
    target = statement.targets[0]
    if function is None or not isinstance(target, ast.Name) or len(statement.targets) > 1:
        return False
    outside: list[ast.Global | ast.Nonlocal] = [
        *module.own_of_kind(function, ast.Global),
        *module.own_of_kind(function, ast.Nonlocal),
    ]
    if any(target.id in each.names for each in outside):
        return False
    return all(
        _tells_nobody(module, node, target.id, statement.value)
        for node in syntax.descendants(function)
        if isinstance(node, ast.Name) and node.id == target.id and isinstance(node.ctx, ast.Load)
    )


def _tells_nobody(module: Module, node: ast.Name, name: str, noted: ast.expr) -> bool:
    """Whether a use of a variable comes to nothing that matters where the variable holds what was ``noted``."""
    for around in module.ancestors(node):
        if isinstance(around, ast.Call) and logging_calls.writes_log(module, around):
            return True
        if isinstance(around, ast.If):
            holds = _holds(around.test, name, noted)
            return not (holds is not False and _does_something(module, around.body)) and not (
                holds is not True and _does_something(module, around.orelse)
            )
        if isinstance(around, ast.stmt):
            return False
    return False


def _does_something(module: Module, statements: list[ast.stmt]) -> bool:
    if failure_handlers.kinds(module, work.within(statements)) & work.DOES_SOMETHING:
        return True
    assigning = ast.Assign | ast.AugAssign | ast.AnnAssign
    return any(isinstance(node, assigning) for each in statements for node in [each, *syntax.own_nodes(each)])


def _holds(test: ast.expr, name: str, noted: ast.expr) -> bool | None:
    """Whether a condition holds where the variable ``name`` is what was ``noted``, as far as that alone tells."""
    if isinstance(test, ast.Name) and test.id == name:
        return bool(noted.value) if isinstance(noted, ast.Constant) else None
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _holds(test.operand, name, noted)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        deciding = isinstance(test.op, ast.Or)
        return deciding if any(_holds(each, name, noted) is deciding for each in test.values) else None
    return None


def _is_aside(call: ast.Call) -> bool:
    """Whether a call says that it does a side job, which may fail: a log, a mail, a notification."""
    return any(re.search(_ASIDE, part) for part in functions.attribute_chain(call.func) or [])
