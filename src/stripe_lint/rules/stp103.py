"""A failed verification that lets the handler go on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from stripe_lint.analysis import webhooks
from stripe_lint.analysis.module import Module
from stripe_lint.model import FixClass, Hit, Rule, Severity, Span, Step


def detect(module: Module) -> Iterator[Hit]:
    """Report each ``except`` that does not leave after a failed verification."""
    for handler, verification in webhooks.swallowed(module):
        steps = ()
        if verification is not None:
            steps = (Step(str(verification.module.path), verification.line, "this verification fails"),)
        yield Hit(
            _head(module, handler.node),
            "the handler goes on after a failed verification: answer 400 and leave",
            steps=steps,
        )


def _head(module: Module, node: ast.AST) -> Span:
    span = module.span(node)
    line = span.line
    if isinstance(node, ast.Try):
        line = webhooks.finally_line(module, node)
    return Span(line, span.column, line, span.column + len("except"))


RULE = Rule(
    code="STP103",
    name="swallowed-verification-error",
    summary="The error of a failed verification is swallowed.",
    severity=Severity.ERROR,
    cwe=(390, 347),
    fix=FixClass.UNSAFE,
    detect=detect,
)
