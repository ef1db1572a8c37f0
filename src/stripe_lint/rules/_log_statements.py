"""The statements that repairs log with, each as the library of the logger that the code uses understands it."""

from __future__ import annotations

import ast
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.analysis import functions, imports, logging_calls, names
from stripe_lint.analysis.references import External
from stripe_lint.rules import _text_literals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode
    from stripe_lint.fixing.edit import Edit


class Package(Enum):
    """Whose logger it is, by the package that it is imported from."""

    LOGGING = "logging"
    LOGURU = "loguru"
    STRUCTLOG = "structlog"
    UNKNOWN = ""


class Logger(NamedTuple):
    """How a logger is written, and whose it is."""

    source: str
    package: Package


def logger_for(module: Module, function: FunctionNode | None, at: ast.AST, edit: Edit) -> Logger:
    """The logger to use at ``at``: one that the code around uses, or else the file's, which is made if need be."""
    used = _logger_in_use(module, function, at)
    source = used or edit.logger(at)
    if used is None and module.scope_of(at).lookup(source) is None:
        return Logger(source, Package.LOGGING)
    return Logger(source, _library(module, source, at))


def statement(
    logger: Logger,
    level: str,
    message: str,
    *,
    like: str,
    value: tuple[str, str] | None = None,
    exception: str | None = None,
) -> str:
    """The statement that logs ``message``, in the quotes that the source ``like`` has most of.

    ``value`` is the name and the source of what the message ends with. ``exception`` is the source of the exception to
    log with its traceback, ``True`` for the one that is being handled.
    """
    called, arguments = logger.source, []
    if exception is not None:
        if logger.package is Package.LOGURU:
            # its methods take `exc_info` for a value of the message, and log no exception
            called = f"{called}.opt(exception={exception})"
        else:
            arguments = [f"exc_info={exception}"]
    if value is not None and logger.package is Package.STRUCTLOG:
        arguments.insert(0, "=".join(value))
    elif value is not None:
        message += ": {}" if logger.package is Package.LOGURU else ": %s"
        arguments.insert(0, value[1])
    return f"{called}.{level}({', '.join([_text_literals.quoted(message, like), *arguments])})"


def _library(module: Module, logger: str, at: ast.AST) -> Package:
    first, *attributes = logger.split(".")
    if attributes[-1:] == ["logger"] and first in {"app", "current_app"}:
        return Package.LOGGING
    path = _origin(module, first, at)
    packages = {path.partition(".")[0]} if path else module.imported_packages
    # structlog configures the standard library's loggers, so a file that makes its own imports both
    for library in (Package.STRUCTLOG, Package.LOGURU, Package.LOGGING):
        if library.value in packages:
            return library
    return Package.UNKNOWN


def _origin(module: Module, name: str, at: ast.AST) -> str | None:
    """The path of what ``name`` is imported as, or made by."""
    found = module.scope_of(at).lookup(name)
    if found is None:
        return None
    path = names.resolve_name(module, name, found[0])
    if isinstance(path, External):
        return path.path
    definition = imports.definition_behind(module, found[1])
    source, bindings = (definition.module, definition.bindings) if definition is not None else (module, found[1])
    made = bindings[0].value if len(bindings) == 1 else None
    return names.dotted_path(source, made.func) if isinstance(made, ast.Call) else None


def _logger_in_use(module: Module, function: FunctionNode | None, at: ast.AST) -> str | None:
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
