"""Logs that a delivery was refused, and why, before that is done."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import syntax
from stripe_lint.analysis.verification_handlers import silent_handlers
from stripe_lint.rules import _text_literals
from stripe_lint.rules._exception_logs import logger_in_use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_MESSAGE = "Refused a webhook that could not be verified"


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Log what the ``except`` at ``hit`` caught, before anything else is done there."""
    handler = next((each for each in silent_handlers(module) if module.span(each) == hit.span), None)
    if handler is None:
        edit.decline("the except is not found again")
    edit.unsafe("each forged delivery writes into the log then")
    first = handler.body[0]
    logger = logger_in_use(module, module.enclosing_function(handler), first) or edit.logger(first)
    written = _written(module, handler, logger, edit)
    if isinstance(first, ast.Pass) and len(handler.body) == 1:
        edit.replace_statement(first, written)
    else:
        edit.insert_before(first, written, above_comments=True)
    edit.describe("a warning in the log")


def _written(module: Module, handler: ast.ExceptHandler, logger: str, edit: Edit) -> str:
    """The statement that logs. Only the standard library's loggers are sure to take ``%s``."""
    spelling = "\n".join(edit.source_of(node) for node in _texts_in(handler))
    packages = {name.partition(".")[0] for name in module.imported_modules}
    if "loguru" in packages:
        return f"{logger}.opt(exception=True).warning({_text_literals.quoted(_MESSAGE, spelling)})"
    is_standard = "logging" in packages or logger.endswith("app.logger") or not _has_logger(module, handler)
    if handler.name is not None and is_standard and "structlog" not in packages:
        return f"{logger}.warning({_text_literals.quoted(_MESSAGE + ': %s', spelling)}, {handler.name})"
    return f"{logger}.warning({_text_literals.quoted(_MESSAGE, spelling)}, exc_info=True)"


def _has_logger(module: Module, handler: ast.ExceptHandler) -> bool:
    """Whether the logger comes from the code as it is, and is not a new one."""
    return logger_in_use(module, module.enclosing_function(handler), handler.body[0]) is not None


def _texts_in(handler: ast.ExceptHandler) -> Iterator[ast.expr]:
    for node in syntax.descendants(handler):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
