"""A webhook handler that trusts any sender."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from stripe_lint.analysis import webhooks
from stripe_lint.analysis.module import Module
from stripe_lint.model import FixClass, Hit, Rule, Severity, Span, Step


def detect(module: Module) -> Iterator[Hit]:
    """Report each handler in which no path verifies, where the event is built from the body."""
    for found in webhooks.unverified(module):
        message = "event is built from an unverified body: anyone can forge it; use stripe.Webhook.construct_event"
        severity = None
        if found.refetches_objects:
            message = "parts of an unverified body are used beside fetched objects: verify with construct_event"
            severity = Severity.WARNING
        step = Step(str(found.use.module.path), found.use.line, "the unverified event is used here")
        yield Hit(place_span(module, found.place.node), message, severity, steps=(step,))


def place_span(module: Module, node: ast.AST) -> Span:
    """The place of a node; of a function only its ``def`` line."""
    span = module.span(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return Span(span.line, span.column, span.line, span.column + len("def"))
    return span


RULE = Rule(
    code="STP101",
    name="unverified-webhook",
    summary="A webhook handler uses an event that nothing has verified.",
    severity=Severity.ERROR,
    cwe=(347, 345),
    fix=FixClass.UNSAFE,
    detect=detect,
)
