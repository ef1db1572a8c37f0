"""A way around the verification."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_lint.analysis import webhooks
from stripe_lint.analysis.module import Module
from stripe_lint.model import Hit, Rule, Severity, Step


def detect(module: Module) -> Iterator[Hit]:
    """Report the first unverified use on a path that avoids the verification."""
    for place, verification in webhooks.bypasses(module):
        step = Step(str(verification.module.path), verification.line, "another path verifies here")
        yield Hit(
            module.span(place.node),
            "unverified event is used on a path around the verification: refuse the request instead",
            steps=(step,),
        )


RULE = Rule(
    code="STP102",
    name="verification-bypass",
    summary="A path of the handler reaches the event without verifying it.",
    severity=Severity.ERROR,
    cwe=(345,),
    detect=detect,
)
