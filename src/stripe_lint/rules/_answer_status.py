"""Gives an answer that a handler returns another status, and leaves the rest of it as it is."""

from __future__ import annotations

import ast
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, handlers, names
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
        return _in_tuple(answer, status, edit)
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


def _in_tuple(answer: ast.Tuple, status: int, edit: Edit) -> bool:
    for element in answer.elts:
        if is_status(element):
            edit.replace(element, _written(element, status, edit))
            return True
    return False


def _in_call(module: Module, answer: ast.Call, framework: Framework, status: int, edit: Edit) -> bool:
    for keyword in answer.keywords:
        if keyword.arg in _KEYWORDS:
            edit.set_keyword(answer, keyword.arg, _written(keyword.value, status, edit))
            return True
    if not is_response_call(names.dotted_path(module, answer.func)):
        return False
    for argument in answer.args[1:]:
        if is_status(argument):
            edit.replace(argument, _written(argument, status, edit))
            return True
    keyword_name = _status_keyword(framework)
    if keyword_name is None or framework.status_in_tuple or len(answer.args) > 1 or _is_open(answer):
        return False
    edit.set_keyword(answer, keyword_name, str(status))
    return True


def _is_open(call: ast.Call) -> bool:
    """Whether more arguments may come than are written."""
    return any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords)


def _status_keyword(framework: Framework) -> str | None:
    """What the response classes of a framework call the status."""
    for refusal in framework.refusals:
        found = re.search(r"\b(status|status_code)=400", refusal.source)
        if found is not None and refusal.returns:
            return found.group(1)
    return None


def is_status(node: ast.expr) -> bool:
    """Whether an expression is a status, by its number or as a framework or ``http`` names it."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int) and not isinstance(node.value, bool) and node.value in set(HTTPStatus)
    return isinstance(node, ast.Attribute) and _is_named(node)


def _is_named(node: ast.Attribute) -> bool:
    return _NUMBERED_NAME.fullmatch(node.attr) is not None or functions.last_name(node.value) == "HTTPStatus"


def _written(old: ast.expr, status: int, edit: Edit) -> str:
    """``status`` as a name where ``old`` is one, else as a number."""
    if isinstance(old, ast.Attribute) and _is_named(old):
        name = HTTPStatus(status).name
        numbered = _NUMBERED_NAME.fullmatch(old.attr) is not None
        return f"{edit.source_of(old.value)}.{f'HTTP_{status}_{name}' if numbered else name}"
    return str(status)
