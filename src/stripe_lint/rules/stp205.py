"""A new key on each attempt."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_lint.analysis import key_choices
from stripe_lint.analysis.module import Module
from stripe_lint.model import FixClass, Hit, Rule, Severity, Step


def detect(module: Module) -> Iterator[Hit]:
    """Report each retried call whose key is made anew on each attempt."""
    for found in key_choices.regenerated_keys(module):
        steps = (
            Step(str(found.source.module.path), found.source.line, "the key is made here, on each attempt"),
            Step(str(found.retry.place.module.path), found.retry.place.line, found.retry.words),
        )
        yield Hit(
            module.span(found.node),
            "each attempt sends a new idempotency key, so a retry can charge twice: make the key before the retry",
            steps=steps,
        )


RULE = Rule(
    code="STP205",
    name="regenerated-idempotency-key",
    summary="The idempotency key is made anew on each attempt.",
    severity=Severity.ERROR,
    cwe=(837,),
    fix=FixClass.UNSAFE,
    detect=detect,
)
