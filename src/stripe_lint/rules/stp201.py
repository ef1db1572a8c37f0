"""A payment request that a retry repeats."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_lint.analysis.module import Module
from stripe_lint.model import FixClass, Hit, Rule, Severity
from stripe_lint.rules import _idempotency


def detect(module: Module) -> Iterator[Hit]:
    """Report each critical call without a key."""
    return _idempotency.unkeyed(module, critical=True)


RULE = Rule(
    code="STP201",
    name="missing-idempotency-key",
    summary="A call that moves or commits money has no idempotency key.",
    severity=Severity.WARNING,
    cwe=(837,),
    fix=FixClass.UNSAFE,
    detect=detect,
)
