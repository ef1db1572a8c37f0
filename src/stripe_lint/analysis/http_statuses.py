"""HTTP statuses as code writes them: numbers, status lines, and the names that ``http`` and the frameworks have."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, names, static_values

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

FIRST_ACCEPTING: Final = 200
FIRST_REFUSING: Final = 300
"""Stripe takes only a 2xx for a delivery that arrived."""

FIRST_OF_CLIENT: Final = 400
FIRST_OF_SERVER: Final = 500

_NUMBERED: Final = r"HTTP_?([1-5]\d\d)(?!\d)"
_NAMED: Final = r"(?:HTTPStatus\.|HTTP_)([A-Z][A-Z_]+)"
_LINE: Final = r"([1-5]\d\d)(?: |$)"
_REFUSING_NAME: Final = (
    r"(?i)bad_?request|forbidden|unauthori[sz]ed|not_?found|server_?error|not_?allowed|unprocessable|conflict|too_?many"
    r"|error_?response|unavailable"
)
_SERVER_ERROR_NAME: Final = r"(?i)server_?error|unavailable|bad_?gateway"
_OTHER_NAMES: Final = {
    "SERVER_ERROR": 500,
    "CONTENT_TOO_LARGE": 413,
    "URI_TOO_LONG": 414,
    "RANGE_NOT_SATISFIABLE": 416,
    "UNPROCESSABLE_CONTENT": 422,
}
"""Names that not every ``http.HTTPStatus`` has: what Python 3.13 brought (its documentation), and a project's own."""


def named_status(path: str) -> int | None:
    """The status that a dotted path names, as ``http.HTTPStatus.CONFLICT`` and ``rest_framework.status.HTTP_503_…``."""
    numbered = re.search(_NUMBERED, path)
    if numbered is not None:
        return int(numbered.group(1))
    named = re.search(_NAMED, path)
    if named is None:
        return None
    from http import HTTPStatus

    known = HTTPStatus.__members__.get(named.group(1))
    return known.value if known is not None else _OTHER_NAMES.get(named.group(1))


def stated_status(content: object) -> int | None:
    """The status that a value is, a number or a status line as ``"503 Service Unavailable"``."""
    if isinstance(content, int) and not isinstance(content, bool):
        return content if 100 <= content <= 599 else None
    found = re.match(_LINE, content) if isinstance(content, str) else None
    return int(found.group(1)) if found is not None else None


def status_of(module: Module, node: ast.AST) -> int | None:
    """The status that an expression is, by its value or its name."""
    if isinstance(node, ast.Constant):
        return stated_status(node.value)
    if not isinstance(node, ast.Name | ast.Attribute):
        return None
    path = names.dotted_path(module, node) or functions.dotted_name(node)
    named = named_status(path) if path is not None else None
    if named is not None or isinstance(node, ast.Attribute):
        return named
    constant = static_values.of(module, node).constant
    return stated_status(constant.value) if constant is not None else None


def is_refusing_name(name: str) -> bool:
    """Whether a function or class is called like one that makes an error response."""
    return re.search(_REFUSING_NAME, name) is not None


def is_server_error_name(name: str) -> bool:
    """Whether a function or class is called like one that makes a response with a status of 5xx."""
    return re.search(_SERVER_ERROR_NAME, name) is not None
