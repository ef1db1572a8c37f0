"""One key for two requests."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_lint.analysis import key_choices
from stripe_lint.analysis.module import Module
from stripe_lint.model import FixClass, Hit, Rule, Severity, Step


def detect(module: Module) -> Iterator[Hit]:
    """Report each second request that one key value reaches."""
    for reuse in key_choices.reused_keys(module):
        step = Step(str(reuse.source.module.path), reuse.source.line, reuse.words)
        yield Hit(
            module.span(reuse.node),
            "one idempotency key is sent with different requests: Stripe refuses the second; make one key per request",
            steps=(step,),
        )


RULE = Rule(
    code="STP204",
    name="reused-idempotency-key",
    summary="One idempotency key reaches two different requests.",
    severity=Severity.ERROR,
    cwe=(837,),
    fix=FixClass.UNSAFE,
    detect=detect,
)
