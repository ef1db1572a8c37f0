"""A request without a key that does not move money."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_lint.analysis.module import Module
from stripe_lint.model import FixClass, Hit, Rule, Severity
from stripe_lint.rules import _idempotency


def detect(module: Module) -> Iterator[Hit]:
    """Report each other mutating call without a key."""
    return _idempotency.unkeyed(module, critical=False)


RULE = Rule(
    code="STP202",
    name="missing-idempotency-key-other",
    summary="A mutating call that moves no money has no idempotency key.",
    severity=Severity.INFO,
    cwe=(837,),
    fix=FixClass.UNSAFE,
    default=False,
    detect=detect,
)
