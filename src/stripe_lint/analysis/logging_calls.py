"""Calls that write to a log, to the terminal or to a tracker of errors."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import frameworks, functions, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

LEVELS: Final = ("debug", "info", "warning", "error", "exception", "critical")
"""The methods that loggers of all libraries have."""

_METHODS: Final = (*LEVELS, "warn", "log", "msg", "fatal")
_LOGGER: Final = r"(?i)(^|[._])_*(app\.)?(log|logs|logger|logging|_logger|loguru|structlog|console)$|logg(er|ing)"
_LOGGER_PATHS: Final = frozenset({"logging", "loguru.logger"})
_PRINTING_NAMES: Final = ("print", "pprint", "pp", "echo")
_PRINTERS: Final = frozenset({"builtins.print", "pprint.pprint", "pprint.pp", "rich.print", "click.echo"})
_STREAM: Final = r"(?i)(^|[._])(std(out|err)|\w*(log|file)|fh?|fp)$"

EXCEPTION_RECORDERS: Final = frozenset(
    {"exception", "print_exc", "print_exception", "log_exception"}
    | {"capture_exception", "captureException", "report_exc_info"}
)
"""What records the exception that is being handled without being handed it."""

RECORDERS: Final = EXCEPTION_RECORDERS | {*_METHODS, *_PRINTING_NAMES, "capture_message", "notify", "emit"}
"""What calls are named that tell the operators something."""


def log_writes(module: Module) -> Iterator[ast.Call]:
    """The calls of a logger's methods, as far as what they are called on can be told to be one."""
    for method in _METHODS:
        for call in module.calls.get(method, ()):
            if isinstance(call.func, ast.Attribute) and _is_logger(module, call.func.value):
                yield call


def logging_calls(module: Module) -> Iterator[ast.Call]:
    """The calls that certainly write to a log, or print."""
    yield from log_writes(module)
    for name in _PRINTING_NAMES:
        for call in module.calls.get(name, ()):
            if _prints(module, call):
                yield call


def writes_log(module: Module, call: ast.Call) -> bool:
    """Whether a call is one of the ``logging_calls``."""
    method = functions.last_name(call.func)
    if method in _METHODS and isinstance(call.func, ast.Attribute):
        return _is_logger(module, call.func.value)
    return method in _PRINTING_NAMES and _prints(module, call)


def may_record(module: Module, call: ast.Call) -> bool:
    """Whether a call is named like one that tells the operators something, whatever it is called on.

    What a client is sent is no record: the message of a page, or what is written into a response.
    """
    name = functions.last_name(call.func)
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name == "write":
        return holder is not None and re.search(_STREAM, functions.dotted_name(holder) or "") is not None
    if name == "send":
        # A plain ``send`` is what an ASGI application answers by.
        return holder is not None
    return name in RECORDERS and not frameworks.is_message_call(names.dotted_path(module, call.func))


def records(module: Module, call: ast.Call) -> bool:
    """As ``may_record``, but a method that is named like a logger's has to be called on one."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS:
        return _is_logger(module, call.func.value)
    return may_record(module, call)


def _prints(module: Module, call: ast.Call) -> bool:
    return names.dotted_path(module, call.func) in _PRINTERS


def _is_logger(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return functions.last_name(node.func) in {"getLogger", "get_logger", "bind"}
    spelled = functions.dotted_name(node)
    path = names.dotted_path(module, node) or ""
    return (spelled is not None and _names_a_logger(spelled)) or path in _LOGGER_PATHS


@cache
def _names_a_logger(spelled: str) -> bool:
    return re.search(_LOGGER, spelled) is not None
