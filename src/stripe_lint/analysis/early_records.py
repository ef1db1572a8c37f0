"""What a handler stores before anything has verified the delivery, and a look at a header that Stripe never sends."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import functions, names, reach, stripe_calls, syntax, verifiers, webhooks, work
from stripe_lint.analysis.references import ClassReference, FunctionReference
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

_ROUNDS: Final = 2
_BODY: Final = frozenset(
    {"body", "data", "json", "get_json", "get_data", "raw_body", "read", "text", "payload", "stream", "json_body"}
)
_HEADERS: Final = frozenset({"headers", "META", "environ", "get_header", "header"})
_REQUESTS: Final = frozenset({"request", "req", "event", "evt", "httprequest", "_request", "http_request"})
_CACHE_WRITES: Final = frozenset({"set", "add", "setnx", "setex", "sadd", "hset", "zadd"})
_LOGS: Final = r"(?i)log|audit|raw|archive|history|trace|dump|rate|limit|throttle|attempt"
_KEY_HEADER: Final = r"(?i)(?:http[-_])?idempotency[-_]key"


class EarlyRecord(NamedTuple):
    """A write of something from an unverified delivery, or a look-up of a header that Stripe never sends."""

    module: Module
    node: ast.expr
    by_header: bool


def early_records(module: Module) -> Iterator[EarlyRecord]:
    """The writes before verification in the handlers of ``module``, and their look-ups of ``Idempotency-Key``."""
    for handler in webhooks.analysed_handlers(module):
        if handler.module.path == module.path and handler.is_stripe:
            yield from _early_writes(handler.module, handler.function, verifies=handler.verifies)
            yield from _by_header(handler.module, handler.function)
    if "idempotency" in module.text.lower():
        for reached in reach.reached_in(module):
            if reached.caller is not None:
                yield from _by_header(reached.module, reached.function)


def _early_writes(module: Module, function: FunctionNode, *, verifies: bool) -> Iterator[EarlyRecord]:
    lines = [call.lineno for call in module.calls_of.get(function, ()) if _verifies(module, call)]
    if verifies and not lines:
        # a decorator, a dependency or a middleware has verified the delivery before
        return
    body, headers = _names(function, _BODY), _names(function, _HEADERS)
    for call in module.calls_of.get(function, ()):
        if lines and call.lineno >= min(lines):
            continue
        if not _stores(module, call) or _is_log(module, call) or _in_except(module, function, call):
            continue
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        arguments += _of_object(module, call)
        from_body = any(_comes_from(each, body, _BODY) for each in arguments)
        from_headers = any(_comes_from(each, headers, _HEADERS) for each in arguments)
        if from_body and (lines or from_headers):
            yield EarlyRecord(module, call, by_header=False)


def _verifies(module: Module, call: ast.Call) -> bool:
    if stripe_calls.call_verifies(module, call):
        return True
    reference = names.resolve(module, call.func)
    return isinstance(reference, FunctionReference) and verifiers.mentions_verification(
        reference.module, reference.node
    )


def _names(function: FunctionNode, parts: frozenset[str]) -> set[str]:
    """The names that hold something made of a part of the request."""
    found: set[str] = set()
    for _ in range(_ROUNDS):
        for node in syntax.own_nodes(function):
            if not isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
                continue
            if node.value is None or not _comes_from(node.value, found, parts):
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                base = target.value if isinstance(target, ast.Subscript) else target
                if isinstance(base, ast.Name):
                    found.add(base.id)
    return found


def _comes_from(node: ast.expr, known: set[str], parts: frozenset[str]) -> bool:
    for inner in syntax.descendants(node):
        if isinstance(inner, ast.Name) and inner.id in known:
            return True
        key: object = None
        if isinstance(inner, ast.Attribute):
            key = inner.attr
        elif isinstance(inner, ast.Subscript) and isinstance(inner.slice, ast.Constant):
            key = inner.slice.value
        if (
            isinstance(inner, ast.Attribute | ast.Subscript)
            and key in parts
            and functions.last_name(inner.value) in _REQUESTS
        ):
            return True
    return False


def _stores(module: Module, call: ast.Call) -> bool:
    if work.of_call(module, call) in {Work.INSERT, Work.WRITE}:
        return True
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _CACHE_WRITES:
        return False
    chain = functions.attribute_chain(call.func.value) or []
    return any(re.search(r"cache|redis", part, re.IGNORECASE) for part in chain)


def _is_log(module: Module, call: ast.Call) -> bool:
    """Whether what is written is a log of deliveries, or counts them, by the name of where it goes."""
    spoken = [node.id for node in syntax.descendants(call.func) if isinstance(node, ast.Name)]
    spoken += [node.attr for node in syntax.descendants(call.func) if isinstance(node, ast.Attribute)]
    for argument in call.args[:1]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            spoken.append(argument.value)
        reference = names.resolve(module, argument.func) if isinstance(argument, ast.Call) else None
        if isinstance(reference, ClassReference):
            spoken.append(reference.node.name)
    return any(re.search(_LOGS, name) for name in spoken)


def _of_object(module: Module, call: ast.Call) -> list[ast.expr]:
    """The arguments with which the object was made that is added or saved."""
    saved: ast.expr | None = call.args[0] if call.args else None
    if isinstance(call.func, ast.Attribute) and call.func.attr in {"save", "asave"}:
        saved = call.func.value
    made = names.assigned_expression(module, saved)[1] if saved is not None else None
    if not isinstance(made, ast.Call):
        return []
    return [*made.args, *(keyword.value for keyword in made.keywords)]


def _in_except(module: Module, function: FunctionNode, node: ast.AST) -> bool:
    for around in module.ancestors(node):
        if around is function:
            return False
        if isinstance(around, ast.ExceptHandler):
            return True
    return False


def _by_header(module: Module, function: FunctionNode) -> Iterator[EarlyRecord]:
    for node in syntax.own_nodes(function):
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            key, held = node.slice, node.value
        elif isinstance(node, ast.Call) and functions.last_name(node.func) in {"get", "get_header"} and node.args:
            key, held = node.args[0], node.func
        if (
            isinstance(node, ast.expr)
            and isinstance(key, ast.Constant)
            and isinstance(key.value, str)
            and re.fullmatch(_KEY_HEADER, key.value)
            and any(part in _HEADERS for part in functions.attribute_chain(held) or [])
        ):
            yield EarlyRecord(module, node, by_header=True)
