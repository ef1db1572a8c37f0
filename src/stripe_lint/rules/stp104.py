"""JSON parsed before the signature is checked."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_lint.analysis import webhooks
from stripe_lint.analysis.module import Module
from stripe_lint.model import FixClass, Hit, Rule, Severity, Step


def detect(module: Module) -> Iterator[Hit]:
    """Report each parse of the body that comes before its verification."""
    for place, verification in webhooks.parsed_early(module):
        step = Step(str(verification.module.path), verification.line, "the signature is checked here")
        yield Hit(
            module.span(place.node),
            "the body is parsed before its signature is checked: verify first and use the event",
            steps=(step,),
        )


RULE = Rule(
    code="STP104",
    name="parsed-before-verification",
    summary="The request's JSON is parsed before the verification.",
    severity=Severity.WARNING,
    cwe=(345,),
    fix=FixClass.UNSAFE,
    detect=detect,
)
