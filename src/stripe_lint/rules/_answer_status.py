"""Gives an answer that a handler returns another status, and leaves the rest of it as it is."""

from __future__ import annotations

import ast
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, handlers, http_statuses, names
from stripe_lint.analysis.frameworks import is_response_call

if TYPE_CHECKING:
    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction
    from stripe_lint.fixing.edit import Edit

_KEYWORDS: Final = ("status", "status_code")
_ENTRIES: Final = frozenset({"statusCode"})
_NUMBERED_NAME: Final = re.compile(r"HTTP_\d{3}_\w+")


def restate(module: Module, function: NamedFunction, answer: ast.expr, status: int, edit: Edit) -> bool:
    """Give ``answer``, which ``function`` returns, the status ``status``. False, and nothing done, if the form of the
    answer has no place for one."""
    framework = handlers.framework_for(module, function)
    if isinstance(answer, ast.Tuple):
        return _in_tuple(module, answer, status, edit)
    if isinstance(answer, ast.Dict):
        for key in answer.keys:
            if isinstance(key, ast.Constant) and key.value in _ENTRIES:
                edit.set_entry(answer, str(key.value), str(status))
                return True
    if isinstance(answer, ast.Call) and _in_call(module, answer, framework, status, edit):
        return True
    if framework.status_in_tuple and not isinstance(answer, ast.Await):
        edit.replace(answer, f"{edit.source_of(answer)}, {status}")
        return True
    return False


def _in_tuple(module: Module, answer: ast.Tuple, status: int, edit: Edit) -> bool:
    for element in answer.elts:
        if is_status(module, element):
            edit.replace(element, _written(module, element, status, edit))
            return True
    return False


def _in_call(module: Module, answer: ast.Call, framework: Framework, status: int, edit: Edit) -> bool:
    for keyword in answer.keywords:
        if keyword.arg in _KEYWORDS:
            edit.set_keyword(answer, keyword.arg, _written(module, keyword.value, status, edit))
            return True
    if not is_response_call(names.dotted_path(module, answer.func)):
        return False
    for argument in answer.args[1:]:
        if is_status(module, argument):
            edit.replace(argument, _written(module, argument, status, edit))
            return True
    keyword_name = _status_keyword(framework)
    if keyword_name is None or framework.status_in_tuple or len(answer.args) > 1 or functions.unpacks(answer):
        return False
    edit.set_keyword(answer, keyword_name, str(status))
    return True


def _status_keyword(framework: Framework) -> str | None:
    """What the response classes of a framework call the status."""
    for refusal in framework.refusals:
        found = re.search(r"\b(status|status_code)=400", refusal.source)
        if found is not None and refusal.returns:
            return found.group(1)
    return None


def is_status(module: Module, node: ast.expr) -> bool:
    """Whether an expression is a status, by its number or as a framework or ``http`` names it."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int) and not isinstance(node.value, bool) and node.value in set(HTTPStatus)
    return isinstance(node, ast.Attribute) and http_statuses.status_of(module, node) is not None


def _written(module: Module, old: ast.expr, status: int, edit: Edit) -> str:
    """``status`` as a name where ``old`` is one, else as a number."""
    if isinstance(old, ast.Attribute):
        name = HTTPStatus(status).name
        if _NUMBERED_NAME.fullmatch(old.attr) is not None:
            return f"{edit.source_of(old.value)}.HTTP_{status}_{name}"
        if names.dotted_path(module, old.value) == "http.HTTPStatus":
            return f"{edit.source_of(old.value)}.{name}"
    return str(status)
