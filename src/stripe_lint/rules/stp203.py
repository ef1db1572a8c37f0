"""A key that never changes."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_lint.analysis import key_choices
from stripe_lint.analysis.module import Module
from stripe_lint.model import FixClass, Hit, Rule, Severity


def detect(module: Module) -> Iterator[Hit]:
    """Report each call whose key is the same for every request."""
    for request in key_choices.constant_keys(module):
        yield Hit(
            module.span(request.node),
            "this idempotency key never changes: later requests are answered with the first one's result; derive it per operation",
        )


RULE = Rule(
    code="STP203",
    name="constant-idempotency-key",
    summary="The idempotency key is the same for every request.",
    severity=Severity.ERROR,
    cwe=(837,),
    fix=FixClass.UNSAFE,
    detect=detect,
)
