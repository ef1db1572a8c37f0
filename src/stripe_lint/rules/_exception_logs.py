"""Writes an exception into the log where it is caught, unless that is done."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import functions
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.rules import _log_statements
from stripe_lint.rules._exception_texts import Catch, records

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def log(module: Module, catch: Catch, replaced: Iterable[ast.expr], edit: Edit) -> None:
    """Log what ``catch`` caught before anything else is done with it, unless it is logged without ``replaced``."""
    if records(catch, replaced):
        return
    handled = isinstance(catch.node, ast.ExceptHandler)
    first = (catch.body if isinstance(catch.node, ast.ExceptHandler) else functions.below_docstring(catch.node))[0]
    logger = _log_statements.logger_for(module, catch.function, first, edit)
    written = _log_statements.statement(
        logger,
        "exception" if handled else "error",
        _message(catch),
        like=_spelling(module, catch),
        exception=None if handled else sorted(catch.names)[0],
    )
    edit.insert_before(first, written, above_comments=True)


def _message(catch: Catch) -> str:
    function = catch.function
    name = function.name if isinstance(function, NamedFunction) else "the request"
    if isinstance(catch.node, ast.ExceptHandler):
        return f"{name} failed"
    return "A request to Stripe failed"


def _spelling(module: Module, catch: Catch) -> str:
    return "\n".join(ast.get_source_segment(module.text, statement) or "" for statement in catch.body)
