"""Writes an exception into the log where it is caught, unless that is done."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import functions, logging_calls
from stripe_lint.rules import _text_literals
from stripe_lint.rules._exception_texts import Catch, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode
    from stripe_lint.fixing.edit import Edit


def log(module: Module, catch: Catch, replaced: Iterable[ast.expr], edit: Edit) -> None:
    """Log what ``catch`` caught before anything else is done with it, unless it is logged without ``replaced``."""
    if records(catch, replaced):
        return
    first = catch.body[0]
    if isinstance(catch.node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(catch.node) is not None:
        first = catch.body[1]
    logger = logger_in_use(module, catch.function, first) or edit.logger(first)
    message = _text_literals.quoted(_message(catch), _spelling(module, catch))
    if isinstance(catch.node, ast.ExceptHandler):
        edit.insert_before(first, f"{logger}.exception({message})", above_comments=True)
    else:
        edit.insert_before(first, f"{logger}.error({message}, exc_info={sorted(catch.names)[0]})", above_comments=True)


def _message(catch: Catch) -> str:
    function = catch.function
    name = function.name if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) else "the request"
    if isinstance(catch.node, ast.ExceptHandler):
        return f"{name} failed"
    return "A request to Stripe failed"


def _spelling(module: Module, catch: Catch) -> str:
    return "\n".join(ast.get_source_segment(module.text, statement) or "" for statement in catch.body)


def logger_in_use(module: Module, function: FunctionNode | None, at: ast.AST) -> str | None:
    """The logger that the code around ``at`` uses: in the same ``function``, or one of the file's own names."""
    for call in _log_writes(module):
        around = module.enclosing_function(call)
        chain = functions.attribute_chain(call.func) or []
        if around is not None and around is function:
            return ".".join(chain[:-1])
    for call in _log_writes(module):
        chain = functions.attribute_chain(call.func) or []
        found = module.scope_of(at).lookup(chain[0])
        if found is not None and found[0] is module.scope:
            return ".".join(chain[:-1])
    return None


def _log_writes(module: Module) -> Iterator[ast.Call]:
    """The calls of loggers that have a name, and all methods of the standard library's."""
    for call in logging_calls.log_writes(module):
        chain = functions.attribute_chain(call.func)
        if chain is not None and chain[-1] in logging_calls.LEVELS:
            yield call
