"""A signature checked against something else than the raw body."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_lint.analysis import webhooks
from stripe_lint.analysis.module import Module
from stripe_lint.model import FixClass, Hit, Rule, Severity


def detect(module: Module) -> Iterator[Hit]:
    """Report each verification whose payload is not the raw body."""
    for wrong in webhooks.wrong_payloads(module):
        if wrong.base64_only:
            message = "API Gateway may deliver the body as base64: decode it when isBase64Encoded is set"
            yield Hit(module.span(wrong.place.node), message, Severity.INFO)
        else:
            message = f"payload is {wrong.reason}: genuine events are refused; pass the raw body"
            yield Hit(module.span(wrong.place.node), message)


RULE = Rule(
    code="STP105",
    name="non-raw-payload",
    summary="The payload of the verification is not the raw request body.",
    severity=Severity.ERROR,
    cwe=(347,),
    fix=FixClass.SAFE,
    detect=detect,
)
