"""Logs that a delivery was refused, and why, before that is done."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import syntax
from stripe_lint.analysis.verification_handlers import silent_handlers
from stripe_lint.rules import _log_statements
from stripe_lint.rules._log_statements import Package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_CODE = "STP304"
_MESSAGE = "Refused a webhook that could not be verified"


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Log what the ``except`` at ``hit`` caught, before anything else is done there."""
    handler = next((each for each in silent_handlers(module) if module.span(each) == hit.span), None)
    if handler is None:
        edit.decline("the except is not found again")
    edit.unsafe("each forged delivery writes into the log then")
    first = handler.body[0]
    written = _written(module, handler, edit)
    if isinstance(first, ast.Pass) and len(handler.body) == 1:
        edit.replace_statement(first, written)
    else:
        edit.insert_before(first, written, above_comments=True)
    edit.describe("a warning in the log")


def logged(module: Module, at: ast.stmt, refusal: str, step: str, edit: Edit) -> str:
    """What a new ``except`` around ``at`` does: ``refusal``, and before it a warning in the log if STP304 is on.

    ``step`` is the indentation of the two in the ``except``.
    """
    if _CODE not in edit.guarding:
        return refusal
    logger = _log_statements.logger_for(module, module.enclosing_function(at), at, edit)
    warning = _log_statements.statement(logger, "warning", _MESSAGE, like=refusal, exception="True")
    return f"{warning}\n{step}{refusal}"


def _written(module: Module, handler: ast.ExceptHandler, edit: Edit) -> str:
    """The statement that logs: what the exception says, where the logger is sure to take a value."""
    logger = _log_statements.logger_for(module, module.enclosing_function(handler), handler.body[0], edit)
    spelling = "\n".join(edit.source_of(node) for node in _texts_in(handler))
    if logger.package is Package.LOGGING and handler.name is not None:
        value = ("error", handler.name)
        return _log_statements.statement(logger, "warning", _MESSAGE, like=spelling, value=value)
    return _log_statements.statement(logger, "warning", _MESSAGE, like=spelling, exception="True")


def _texts_in(handler: ast.ExceptHandler) -> Iterator[ast.expr]:
    for node in syntax.descendants(handler):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
