"""Exception text that reaches the client."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_lint.analysis import error_responses
from stripe_lint.analysis.error_responses import Leak
from stripe_lint.analysis.module import Module
from stripe_lint.model import FixClass, Hit, Rule, Severity, Step


def detect(module: Module) -> Iterator[Hit]:
    """Report each response that carries the text of an exception caught around Stripe."""
    for leak in error_responses.leaks(module):
        step = Step(str(leak.caught.module.path), leak.caught.line, "the exception is caught here")
        yield Hit(module.span(leak.place.node), _message(leak), _severity(leak), steps=(step,))


def _message(leak: Leak) -> str:
    if leak.whole_exception:
        return "the exception itself is returned: answer a fixed text and log the exception"
    return "exception text is sent to the client: it can name keys, ids and paths; answer a fixed text and log it"


def _severity(leak: Leak) -> Severity | None:
    return Severity.INFO if leak.card_error or leak.only_user_message or leak.fixed_text else None


RULE = Rule(
    code="STP301",
    name="exception-text-in-response",
    summary="The text of a caught exception is sent to the client.",
    severity=Severity.WARNING,
    cwe=(209,),
    fix=FixClass.UNSAFE,
    detect=detect,
)
