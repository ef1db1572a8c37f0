"""What a handler stores before anything has verified the delivery, and a look at a header that Stripe never sends."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    callers,
    control_flow,
    exceptions,
    functions,
    logging_calls,
    names,
    reach,
    syntax,
    verifiers,
    webhook_handlers,
    work,
)
from stripe_lint.analysis.frameworks import body_names, header_names, keyed_request_names, request_names
from stripe_lint.analysis.references import ClassReference, FunctionReference
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode
    from stripe_lint.analysis.webhook_handlers import Handler

DEEPEST: Final = 2
"""How many calls deep a write is looked for."""

_ROUNDS: Final = 2
_CACHE_WRITES: Final = frozenset({"set", "add", "setnx", "setex", "sadd", "hset", "zadd"})
_LOGS: Final = r"(?i)log|audit|raw|archive|history|trace|dump|rate|limit|throttle|attempt"
_KEY_HEADER: Final = r"(?i)(?:http[-_])?idempotency[-_]key"
_QUOTED_KEY_HEADER: Final = rf"{_KEY_HEADER}[\"']"


class EarlyRecord(NamedTuple):
    """A write of something from an unverified delivery, or a look-up of a header that Stripe never sends."""

    module: Module
    node: ast.expr


def early_writes(module: Module) -> Iterator[EarlyRecord]:
    """The writes before verification in the handlers of ``module``."""
    for handler in _handlers(module):
        yield from _written_by(handler.module, handler.function, verifies=handler.verifies)


def key_headers(module: Module) -> Iterator[EarlyRecord]:
    """The look-ups of ``Idempotency-Key`` in the handlers of ``module``, and in what runs for a delivery."""
    for handler in _handlers(module):
        yield from _by_header(handler.module, handler.function)
    # most files speak of keys no more than of headers, and words are found ten times as fast as patterns
    speaks_of_both = "idempotency" in module.lowered and any(word in module.text for word in header_names())
    if speaks_of_both and re.search(_QUOTED_KEY_HEADER, module.text):
        for reached in reach.reached_in(module):
            if reached.caller is not None:
                yield from _by_header(reached.module, reached.function)


def _handlers(module: Module) -> list[Handler]:
    return [
        each
        for each in webhook_handlers.analysed_handlers(module)
        if each.module.path == module.path and each.is_stripe
    ]


def _written_by(module: Module, function: FunctionNode, *, verifies: bool) -> Iterator[EarlyRecord]:
    calls = module.calls_of.get(function, ())
    verifications = [call for call in calls if verifiers.call_verifies(module, call)]
    if verifies and not verifications:
        # a decorator, a dependency or a middleware has verified the delivery before
        return
    body, headers = _names(module, function, body_names()), _names(module, function, header_names())
    for call in calls:
        if exceptions.is_in_except(module, call, function) or not _stores_some_of(module, call, body, body_names()):
            continue
        if verifications:
            found = _is_followed_by(module, function, call, verifications)
        else:
            # with the headers, so that something else can verify it
            found = any(_comes_from(module, each, headers, header_names()) for each in _arguments(module, call))
        if found:
            yield EarlyRecord(module, call)


def _is_followed_by(module: Module, function: FunctionNode, call: ast.Call, verifications: list[ast.Call]) -> bool:
    """Whether some path runs ``call`` first and one of ``verifications`` after it."""
    graph = control_flow.graph_of(module, function)
    verifying = frozenset(step for each in verifications for step in control_flow.steps_of(module, graph, each))
    unverified = {graph.entry} | control_flow.reachable(graph.entry, without=verifying)
    return any(
        step in unverified and step not in verifying and verifying & control_flow.reachable(step)
        for step in control_flow.steps_of(module, graph, call)
    )


def _stores_some_of(
    module: Module, call: ast.Call, known: set[str], parts: frozenset[str], depth: int = DEEPEST
) -> bool:
    """Whether a call, or what it calls, writes something made of ``known`` names or of ``parts`` of the request."""
    if _stores(module, call):
        return not _is_log(module, call) and any(
            _comes_from(module, each, known, parts) for each in _arguments(module, call)
        )
    reference = names.resolve(module, call.func) if depth else None
    if not isinstance(reference, FunctionReference) or verifiers.mentions_verification(
        reference.module, reference.node
    ):
        return False
    given = {
        parameter
        for parameter, argument in callers.bound(reference.module, reference.node, call).items()
        if _comes_from(module, argument, known, parts)
    }
    return bool(given) and any(
        _stores_some_of(reference.module, inner, given, frozenset(), depth - 1)
        for inner in reference.module.calls_of.get(reference.node, ())
        if not exceptions.is_in_except(reference.module, inner, reference.node)
    )


def _arguments(module: Module, call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords), *_of_object(module, call)]


def _names(module: Module, function: FunctionNode, parts: frozenset[str]) -> set[str]:
    """The names that hold something made of a part of the request."""
    found: set[str] = set()
    assignments: list[ast.Assign | ast.AnnAssign | ast.NamedExpr] = [
        *module.own_of_kind(function, ast.Assign),
        *module.own_of_kind(function, ast.AnnAssign),
        *module.own_of_kind(function, ast.NamedExpr),
    ]
    for _ in range(_ROUNDS):
        for node in assignments:
            if node.value is None or not _comes_from(module, node.value, found, parts):
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                base = target.value if isinstance(target, ast.Subscript) else target
                if isinstance(base, ast.Name):
                    found.add(base.id)
    return found


def _comes_from(module: Module, node: ast.expr, known: set[str], parts: frozenset[str]) -> bool:
    for inner in syntax.descendants(node):
        if isinstance(inner, ast.Name) and inner.id in known:
            return True
        key: object = None
        if isinstance(inner, ast.Attribute):
            key = inner.attr
        elif isinstance(inner, ast.Subscript) and isinstance(inner.slice, ast.Constant):
            key = inner.slice.value
        if isinstance(inner, ast.Attribute | ast.Subscript) and key in parts and _is_request(module, inner.value):
            return True
    return False


def _is_request(module: Module, node: ast.expr) -> bool:
    imported = (names.dotted_path(module, node) or "").rpartition(".")[2]
    known = request_names() | keyed_request_names()
    return imported in known or functions.last_name(node) in known


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
    stored = work.stored_object(module, call)
    if stored is not None:
        source, made = stored
        reference = names.resolve(source, made.func)
        if isinstance(reference, ClassReference):
            spoken.append(reference.node.name)
        else:
            imported = (names.dotted_path(source, made.func) or "").rpartition(".")[2]
            spoken.append(imported or functions.last_name(made.func) or "")
    return any(re.search(_LOGS, name) for name in spoken)


def _of_object(module: Module, call: ast.Call) -> list[ast.expr]:
    """The arguments with which the object was made that is added or saved."""
    stored = work.stored_object(module, call)
    return [] if stored is None else [*stored[1].args, *(keyword.value for keyword in stored[1].keywords)]


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
            and any(part in header_names() for part in functions.attribute_chain(held) or [])
            and not _is_only_logged(module, function, node)
        ):
            yield EarlyRecord(module, node)


def _is_only_logged(module: Module, function: FunctionNode, node: ast.expr) -> bool:
    logging = set(logging_calls.logging_calls(module))
    statement = module.statement_of(node)
    uses: list[ast.AST] = [node]
    if isinstance(statement, ast.Assign) and statement.value is node and isinstance(statement.targets[0], ast.Name):
        name = statement.targets[0].id
        uses = [
            each
            for each in syntax.own_nodes(function)
            if isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Load)
        ]
    return all(any(around in logging for around in module.ancestors(use)) for use in uses)
