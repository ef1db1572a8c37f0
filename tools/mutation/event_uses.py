"""What a handler does with an event, by the text alone: nothing, a look at it, or something that lasts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from mutation.repositories import NamedFunction, last_name

if TYPE_CHECKING:
    from mutation.repositories import File

DEEPEST: Final = 3

_LOGGING: Final = frozenset(
    {"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print", "pprint", "set_tag", "bind"}
    | {"set_context", "set_extra", "capture_message", "type", "str", "repr", "format"}
)
_ANSWERING: Final = frozenset(
    {"jsonify", "JSONResponse", "HttpResponse", "JsonResponse", "Response", "HTTPException", "make_response"}
    | {"json_response", "render", "response"}
)
_READING: Final = frozenset(
    {
        "len",
        "isinstance",
        "bool",
        "hasattr",
        "get",
        "getattr",
        "dict",
        "dumps",
        "int",
        "float",
        "lower",
        "items",
        "retrieve",
    }
    | {"construct_from", "to_dict", "to_dict_recursive", "construct_event", "verify_header"}
    | {"parse_event_notification", "parse_thin_event"}
)
_HARMLESS: Final = _LOGGING | _ANSWERING | _READING
_IDENTIFIERS: Final = frozenset({"id", "account", "livemode", "created", "api_version"})


def is_used(function: NamedFunction, name: str) -> bool:
    """Whether anything of an event is read but what only identifies it, and not only to log it."""
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Load)
        and not _only_identifies(node, parents)
        and not _is_logged(node, parents)
        for node in ast.walk(function)
    )


def _only_identifies(node: ast.Name, parents: dict[ast.AST, ast.AST]) -> bool:
    part = parents[node]
    if isinstance(part, ast.Subscript):
        return isinstance(part.slice, ast.Constant) and part.slice.value in _IDENTIFIERS
    if not isinstance(part, ast.Attribute):
        return False
    call = parents[part]
    if part.attr == "get" and isinstance(call, ast.Call) and call.args:
        return isinstance(call.args[0], ast.Constant) and call.args[0].value in _IDENTIFIERS
    return part.attr in _IDENTIFIERS


def _is_logged(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether what is made of ``node`` within its statement ends in a log or a print."""
    current = node
    while not isinstance(current, ast.stmt):
        outer = parents[current]
        if isinstance(outer, ast.Call) and current is not outer.func and last_name(outer.func) in _LOGGING:
            statement = parents[outer]
            if isinstance(statement, ast.Expr):
                return True
        current = outer
    return False


def has_effect(file: File, function: NamedFunction, names: set[str], distance: int = 0) -> bool:
    """Whether what is in the variables, or comes from them, is handed on or stored, logging and answering left out."""
    tainted = _tainted(function, names)
    return any(_is_effect(file, node, tainted, distance) for node in ast.walk(function))


def _tainted(function: NamedFunction, names: set[str]) -> set[str]:
    tainted = set(names)
    while True:
        before = len(tainted)
        for node in ast.walk(function):
            for target, value in flows(node):
                if _mentions(value, tainted):
                    tainted |= {inner.id for inner in ast.walk(target) if isinstance(inner, ast.Name)}
        if len(tainted) == before:
            return tainted


def _is_effect(file: File, node: ast.AST, tainted: set[str], distance: int) -> bool:
    if isinstance(node, ast.Call) and last_name(node.func) not in _HARMLESS:
        handed = [*node.args, *(keyword.value for keyword in node.keywords)]
        return any(_mentions(value, tainted) for value in handed) and _lasts(file, node, tainted, distance)
    return any(
        isinstance(target, ast.Attribute | ast.Subscript) and _mentions(value, tainted) for target, value in flows(node)
    )


def _lasts(file: File, call: ast.Call, tainted: set[str], distance: int) -> bool:
    """Whether a call does more with its arguments than look at them, as far as its function stands in the same file."""
    name = last_name(call.func)
    definitions = [node for node in file.nodes if isinstance(node, NamedFunction) and node.name == name]
    if len(definitions) != 1 or distance >= DEEPEST:
        return True
    function = definitions[0]
    parameters = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    if parameters[:1] in (["self"], ["cls"]):
        parameters = parameters[1:]
    handed = {parameter for parameter, value in zip(parameters, call.args, strict=False) if _mentions(value, tainted)}
    handed |= {keyword.arg for keyword in call.keywords if keyword.arg and _mentions(keyword.value, tainted)}
    return has_effect(file, function, handed, distance + 1)


def flows(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """What a node assigns, with the values."""
    if isinstance(node, ast.Assign):
        return [(target, node.value) for target in node.targets]
    if isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign) and node.value is not None:
        return [(node.target, node.value)]
    if isinstance(node, ast.With | ast.AsyncWith):
        return [(item.optional_vars, item.context_expr) for item in node.items if item.optional_vars is not None]
    return [(node.target, node.iter)] if isinstance(node, ast.For | ast.AsyncFor) else []


def _mentions(expression: ast.expr, names: set[str]) -> bool:
    """Whether a value is made of a variable; what Stripe gives for an id is Stripe's word."""
    pending: list[ast.AST] = [expression]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name) and node.id in names:
            return True
        if not (isinstance(node, ast.Call) and last_name(node.func) == "retrieve"):
            pending += ast.iter_child_nodes(node)
    return False
