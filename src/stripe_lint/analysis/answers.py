"""Whether what a handler returns, or a statement does, tells Stripe that the delivery was taken or that it failed."""

from __future__ import annotations

import ast
import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, inlining, names, static_values, syntax
from stripe_lint.analysis.frameworks import is_abort_call
from stripe_lint.analysis.references import External, FunctionReference
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stripe_lint.analysis.module import Module

_DEEPEST: Final = 3

_REFUSING_NAME: Final = (
    r"(?i)bad_?request|forbidden|unauthori[sz]ed|not_?found|server_?error|not_?allowed|unprocessable|conflict|too_?many"
    r"|error_?response|unavailable"
)
_REFUSING_STATUS: Final = r"(?:HTTP_?|HTTPStatus\.)(?:[345]\d\d|[A-Z_]*(?:BAD|ERROR|FORBID|FOUND|UNAUTH))"
_ACCEPTING_NAME: Final = (
    r"HTTP(?:Ok|OK|Created|Accepted|NonAuthoritativeInformation|NoContent|ResetContent|PartialContent)"
)
_FIRST_ACCEPTING: Final = 200
_FIRST_REFUSING: Final = 300
_STATUS_NAMES: Final = frozenset({"status", "status_code", "statusCode", "set_status", "send_error", "start_response"})


class Answer(Enum):
    """What Stripe is told."""

    TAKEN = auto()
    REFUSED = auto()
    UNKNOWN = auto()


def combined(found: Iterable[Answer]) -> Answer:
    """What is told on all of several paths; ``UNKNOWN`` where they differ."""
    distinct = set(found)
    return distinct.pop() if len(distinct) == 1 else Answer.UNKNOWN


def answer_of(module: Module, node: ast.expr | None, depth: int = 0) -> Answer:
    """What a returned value tells; a value that says nothing else is taken for a 200."""
    if node is None:
        return Answer.TAKEN
    if depth > _DEEPEST:
        return Answer.UNKNOWN
    if isinstance(node, ast.Await):
        return answer_of(module, node.value, depth)
    if isinstance(node, ast.IfExp):
        return combined(answer_of(module, part, depth + 1) for part in (node.body, node.orelse))
    if isinstance(node, ast.Name):
        return _named(module, node, depth)
    if isinstance(node, ast.Call):
        return _called(module, node, depth)
    return Answer.REFUSED if _names_refusal(module, node) else Answer.TAKEN


def _named(module: Module, node: ast.Name, depth: int) -> Answer:
    bindings = module.bindings_of(node)
    if not bindings or any(each.kind is not BindingKind.ASSIGNMENT or each.value is None for each in bindings):
        return Answer.UNKNOWN
    return combined(answer_of(module, each.value, depth + 1) for each in bindings)


def _called(module: Module, node: ast.Call, depth: int) -> Answer:
    name = functions.last_name(node.func) or ""
    if re.search(_REFUSING_NAME, name) or _names_refusal(module, node):
        return Answer.REFUSED
    reference = names.resolve(module, node.func)
    if not isinstance(reference, FunctionReference):
        known = isinstance(reference, External) or name[:1].isupper() or "response" in name.lower()
        return Answer.TAKEN if known else Answer.UNKNOWN
    if isinstance(reference.node, ast.Lambda) or reference.node in reference.module.yields:
        return Answer.UNKNOWN
    returned = reference.module.returns.get(reference.node, [])
    if not returned:
        return Answer.TAKEN
    return combined(answer_of(reference.module, each.value, depth + 1) for each in returned)


def _names_refusal(module: Module, node: ast.expr) -> bool:
    """Whether an expression holds a status other than 2xx."""
    for inner in syntax.descendants(node):
        if isinstance(inner, ast.Constant) and _is_refusing(inner.value) and not _is_plain_data(module, inner, node):
            return True
        if isinstance(inner, ast.Attribute) and re.search(_REFUSING_STATUS, functions.dotted_name(inner) or ""):
            return True
        if isinstance(inner, ast.Name):
            path = names.dotted_path(module, inner)
            if path is not None and re.search(_REFUSING_STATUS, path):
                return True
            constant = static_values.of(module, inner).constant
            if constant is not None and _is_refusing(constant.value):
                return True
    return False


def _is_refusing(content: object) -> bool:
    if isinstance(content, int) and not isinstance(content, bool):
        return 300 <= content <= 599
    return isinstance(content, str) and re.match(r"[345]\d\d(?: |$)", content) is not None


def _is_plain_data(module: Module, constant: ast.Constant, within: ast.expr) -> bool:
    """Whether a number stands in a dict under a key that is no status."""
    parent = module.parents.get(constant)
    if not isinstance(parent, ast.Dict) or constant is within:
        return False
    for key, value in zip(parent.keys, parent.values, strict=True):
        if value is constant and isinstance(key, ast.Constant):
            return key.value not in {"status", "statusCode", "status_code", "code"}
    return False


def is_refusing_name(name: str) -> bool:
    """Whether a function or class is called like one that makes an error response."""
    return re.search(_REFUSING_NAME, name) is not None


def _is_acceptance(node: ast.expr) -> bool:
    """Whether what is raised, or given to ``abort``, is made with a status of 2xx, as ``web.HTTPNoContent()`` is."""
    made = node.func if isinstance(node, ast.Call) else node
    if re.fullmatch(_ACCEPTING_NAME, functions.last_name(made) or ""):
        return True
    if not isinstance(node, ast.Call):
        return False
    given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in _STATUS_NAMES | {"code"})]
    return any(
        isinstance(each, ast.Constant) and type(each.value) is int and _FIRST_ACCEPTING <= each.value < _FIRST_REFUSING
        for each in given
    )


def refuses(module: Module, statement: ast.AST) -> bool:
    """Whether a statement ends in a refusal, or sets one as the response's status."""
    if isinstance(statement, ast.Raise):
        return statement.exc is None or not _is_acceptance(statement.exc)
    if isinstance(statement, ast.Assign):
        target = statement.targets[0]
        return (
            isinstance(target, ast.Attribute)
            and target.attr in _STATUS_NAMES
            and _names_refusal(module, statement.value)
        )
    if not isinstance(statement, ast.Expr):
        return False
    call = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    if not isinstance(call, ast.Call):
        return False
    reference = names.resolve(module, call.func)
    if isinstance(reference, External) and is_abort_call(reference.path):
        return not _is_acceptance(call)
    if isinstance(reference, FunctionReference) and inlining.never_returns(reference):
        return True
    return functions.last_name(call.func) in _STATUS_NAMES and _names_refusal(module, call)
