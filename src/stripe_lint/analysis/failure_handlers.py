"""Which ``except`` clauses take the failure of work or of a verification, and what failed there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import exceptions, stripe_calls, work
from stripe_lint.analysis.uncaught_errors import SIGNATURE_ERROR
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from stripe_lint.analysis.module import Module

_EXPECTED: Final = (
    r"DoesNotExist|NotFound|NoResult|Multiple|Integrity|Unique|Duplicate|AlreadyExists|ConditionalCheck|^KeyError$"
    r"|^IndexError$|^LookupError$|^TypeError$|^AttributeError$|^ValueError$|JSONDecode|^CardError$|^InvalidRequestError$"
    r"|SMTP|HTTP|Http|Request(?:s)?Exception|^ImportError$|^ModuleNotFoundError$|Unicode|^AssertionError$|Exit$|Interrupt$"
    r"|StopIteration|Decimal|Overflow|ZeroDivision|SignatureVerification|Mail|^InvalidOperation$"
)
"""Exceptions that tell an expected outcome, or that trying again would not change."""

_STORED_BEFORE: Final = r"Integrity|Unique|Duplicate|AlreadyExists|ConditionalCheck"
"""Exceptions that tell that a row is there already, as an earlier delivery left it."""

WRITES: Final = frozenset({Work.INSERT, Work.WRITE, Work.COMMIT, Work.MONEY, Work.TASK})
"""The kinds of work whose failure loses something of the project's own."""

FAILING: Final = WRITES | {Work.UNSEEN, Work.STRIPE, Work.LOOKUP}
"""The kinds of work whose failure may lose something."""


def failure_handlers(module: Module) -> tuple[list[tuple[ast.Try, ast.ExceptHandler]], list[ast.Try]]:
    """The handlers of exceptions that take failures, and the ``try`` statements that verify."""
    catching = [
        (each, handler) for each in module.tries for handler in each.handlers if catches_failures(module, handler)
    ]
    return catching, [each for each in module.tries if verifies(module, each)]


def kinds(module: Module, calls: Iterable[ast.Call]) -> frozenset[Work]:
    """What ``calls`` do, themselves or through functions of the project."""
    return frozenset(kind for call in calls for kind in work.of_whole_call(module, call))


def catches_failures(module: Module, handler: ast.ExceptHandler) -> bool:
    """Whether an ``except`` takes errors that say that work failed, not only outcomes that are expected."""
    types = exceptions.handler_types(module, handler)
    if types is None:
        return True
    names = [exceptions.class_names(module, each)[0] for each in types]
    if any(re.search(_STORED_BEFORE, name) for name in names) and not exceptions.is_broad(module, handler):
        # whatever stands beside it is another way in which storage says so
        return False
    return any(not re.search(_EXPECTED, name) for name in names)


def verifies(module: Module, attempt: ast.Try) -> bool:
    """Whether the error of a verification reaches the handlers of a ``try``."""
    return bool(attempt.handlers) and any(
        stripe_calls.call_verifies(module, call) and _innermost_catching(module, call) is attempt
        for call in work.within(attempt.body)
    )


def _innermost_catching(module: Module, call: ast.Call) -> exceptions.Attempt | None:
    for attempt in exceptions.attempts_around(module, call, within=module.tree):
        if any(exceptions.catches(module, each, SIGNATURE_ERROR) for each in exceptions.handlers_of(attempt)):
            return attempt
    return None
