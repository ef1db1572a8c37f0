"""Which ``except`` clauses take the failure of work or of a verification, and what failed there."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    control_flow,
    dispatch_tables,
    exceptions,
    functions,
    names,
    stripe_calls,
    uncaught_errors,
    work,
)
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.uncaught_errors import PAYLOAD_ERROR, SIGNATURE_ERROR
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.state import Raised

_EXPECTED: Final = (
    r"DoesNotExist|NotFound|NoResult|Multiple|Integrity|Unique|Duplicate|AlreadyExists|ConditionalCheck|^KeyError$"
    r"|^IndexError$|^LookupError$|^TypeError$|^AttributeError$|^ValueError$|JSONDecode|^CardError$|^InvalidRequestError$"
    r"|SMTP|HTTP|Http|Request(?:s)?Exception|^ImportError$|^ModuleNotFoundError$|Unicode|^AssertionError$|Exit$|Interrupt$"
    r"|StopIteration|Decimal|Overflow|ZeroDivision|SignatureVerification|Mail|^InvalidOperation$"
)
"""Exceptions that tell an expected outcome, or that trying again would not change."""

_STORED_BEFORE: Final = r"Integrity|Unique|Duplicate|AlreadyExists|ConditionalCheck"
"""Exceptions that tell that a row is there already, as an earlier delivery left it."""

_FULFILS: Final = (
    r"(?i)(?:^|_)(?:orders?|fulfil|fulfill|ship|shipment|provision|licen[cs]es?|enrol|enroll|credits?|subscription)"
    r"(?:_|$)"
)
_REQUEST: Final = r"^(?:requests|httpx|aiohttp|urllib3)\..*\b(?:post|put|patch|request)$"

WRITES: Final = frozenset({Work.INSERT, Work.WRITE, Work.COMMIT, Work.MONEY, Work.TASK})
"""The kinds of work whose failure loses something of the project's own."""

FAILING: Final = WRITES | {Work.UNSEEN, Work.STRIPE, Work.LOOKUP}
"""The kinds of work whose failure may lose something."""

_DEEPEST: Final = 3
"""Through how many functions the error of a verification is followed up, and a request is looked for."""


Taking = ast.ExceptHandler | ast.With | ast.AsyncWith
"""What takes an exception: an ``except``, or a ``with suppress(…)``."""


def failure_handlers(
    module: Module,
) -> tuple[list[tuple[exceptions.Attempt, Taking]], list[tuple[ast.Try, Raised]]]:
    """The handlers of exceptions that take failures, and the ``try`` statements that verify with what fails there."""
    attempts: list[exceptions.Attempt] = [*module.tries, *_suppressing(module)]
    catching = [
        (each, handler)
        for each in attempts
        for handler in exceptions.handlers_of(each)
        if catches_failures(module, handler)
    ]
    checks = [(each, failed_check(module, each)) for each in module.tries]
    return catching, [(each, raised) for each, raised in checks if raised is not None]


def _suppressing(module: Module) -> list[ast.With | ast.AsyncWith]:
    if "suppress" not in module.text:
        return []
    entered: list[ast.With | ast.AsyncWith] = [*module.of_kind(ast.With), *module.of_kind(ast.AsyncWith)]
    return [each for each in entered if any(control_flow.suppresses(item, module) for item in each.items)]


def kinds(module: Module, calls: Iterable[ast.Call]) -> frozenset[Work]:
    """What ``calls`` do, themselves or through functions of the project; an order with another service too."""
    found: set[Work] = set()
    for call in calls:
        found |= work.of_whole_call(module, call)
        if _orders_elsewhere(module, call):
            found.add(Work.UNSEEN)
    return frozenset(found)


def kinds_through_tables(module: Module, calls: Iterable[ast.Call]) -> frozenset[Work]:
    """What the functions do that ``calls`` take out of tables, such as the one for the type of the event."""
    return frozenset(
        kind
        for call in calls
        for reference in dispatch_tables.functions_looked_up(module, call.func)
        for kind in work.of_function(reference.module, reference.node)
    )


def _orders_elsewhere(module: Module, call: ast.Call) -> bool:
    """Whether a function of the project, by its name, fulfils what was paid for with a request to another service."""
    name = functions.last_name(call.func) or ""
    if re.search(_FULFILS, name) is None or re.search(work.SIDE_NAME, name) or work.is_message_name(name):
        return False
    return sends_request(module, call)


def sends_request(module: Module, call: ast.Call, depth: int = 0) -> bool:
    """Whether a function of the project sends something to another service, itself or through those that it calls."""
    reference = names.resolve(module, call.func)
    if not isinstance(reference, FunctionReference) or depth >= _DEEPEST:
        return False
    return any(
        re.search(_REQUEST, names.dotted_path(reference.module, inner.func) or "")
        or sends_request(reference.module, inner, depth + 1)
        for inner in reference.module.calls_of.get(reference.node, ())
    )


def catches_failures(module: Module, handler: Taking) -> bool:
    """Whether an ``except`` takes errors that say that work failed, not only outcomes that are expected."""
    types = exceptions.handler_types(module, handler)
    if types is None:
        return True
    caught = [exceptions.class_names(module, each)[0] for each in types]
    if any(re.search(_STORED_BEFORE, name) for name in caught) and not exceptions.is_broad(module, handler):
        # whatever stands beside it is another way in which storage says so
        return False
    return any(not re.search(_EXPECTED, name) for name in caught)


def verifies(module: Module, attempt: ast.Try) -> bool:
    """Whether the error of a verification reaches the handlers of a ``try``."""
    return failed_check(module, attempt) is not None


def follows_failed_check(module: Module, node: ast.AST) -> bool:
    """Whether ``node`` stands in an ``except`` that takes what a verification in its ``try`` raises."""
    return any(
        isinstance(around, ast.ExceptHandler) and _takes_failed_check(module, around)
        for around in module.ancestors(node)
    )


def _takes_failed_check(module: Module, handler: ast.ExceptHandler) -> bool:
    attempt = module.parents.get(handler)
    raised = failed_check(module, attempt) if isinstance(attempt, ast.Try) else None
    return raised is not None and any(exceptions.catches(module, handler, each) for each in (raised, PAYLOAD_ERROR))


def failed_check(module: Module, attempt: ast.Try) -> Raised | None:
    """As what the error of a verification reaches the handlers of a ``try``; ``None`` where none does."""
    key = ("failed check", attempt)
    if key not in module.memory:
        module.memory[key] = _failed_check(module, attempt) if attempt.handlers else None
    return module.memory[key]  # type: ignore[return-value]


def _failed_check(module: Module, attempt: ast.Try) -> Raised | None:
    for call in work.within(attempt.body):
        if stripe_calls.call_verifies(module, call):
            raised = _raised_by(module, call, 0)
            if _innermost_catching(module, call, raised) is attempt:
                return raised
    return None


def _raised_by(module: Module, call: ast.Call, depth: int) -> Raised:
    """As what the error of a verification leaves a call; a function of the project may make another one of it."""
    reference = names.resolve(module, call.func)
    if isinstance(reference, FunctionReference) and depth < _DEEPEST:
        for inner in reference.module.calls_of.get(reference.node, ()):
            if stripe_calls.call_verifies(reference.module, inner):
                raised = _raised_by(reference.module, inner, depth + 1)
                escaped = uncaught_errors.leaves_function(reference.module, inner, raised)
                if escaped is not None:
                    return escaped
    return SIGNATURE_ERROR


def _innermost_catching(module: Module, call: ast.Call, raised: Raised) -> exceptions.Attempt | None:
    for attempt in exceptions.attempts_around(module, call, within=module.tree):
        if any(exceptions.catches(module, each, raised) for each in exceptions.handlers_of(attempt)):
            return attempt
    return None
