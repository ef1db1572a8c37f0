"""A failed verification that lets the handler go on.

## What it finds

An `except` (or `contextlib.suppress`) around the verification that does not leave on every path: it passes, logs, sets
`event = None` or an empty dict that is then used, or builds an error response and does not return it. A helper that
catches the error and tells its caller only by a result that the caller ignores is the same. So is an event that is used
in the `finally` of the `try` that verifies.

Reported as an `error` at the `except`, the `with` or the `finally`.

Not reported: a handler of exceptions that returns, raises or aborts on every path; one after which nothing of the event
is used before the refusal; a flag or a `None` that is tested before the event is used; an `except` around something
else than the verification, such as a receipt mail. An `except` that parses the body itself is STP102.

Limit: a call that can't be seen is taken to return, so an error function of another package that always raises is not
recognised as a way out.

## Why it costs money

`construct_event` says "forged" by raising, and in no other way. Where that is swallowed, what follows runs on a body
that anybody can have sent: with `verify_header` and a body that is parsed separately the forged event is handled as if
it were genuine. At best the missing event ends in an `AttributeError` or `TypeError` and a 500; if the handler reaches
its 200 instead, Stripe takes the event for delivered and does not send it again.

## Bad

```python
import json
import os

import stripe
from flask import Flask, request

from shop.orders import mark_paid

app = Flask(__name__)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/webhook")
def webhook():
    payload = request.get_data(as_text=True)
    try:
        stripe.WebhookSignature.verify_header(payload, request.headers.get("Stripe-Signature"), SECRET, 300)
    except stripe.SignatureVerificationError:
        app.logger.warning("bad signature")

    event = json.loads(payload)
    if event["type"] == "checkout.session.completed":
        mark_paid(event["data"]["object"]["client_reference_id"])
    return "", 200
```

## Good

```python
import os

import stripe
from flask import Flask, abort, request

from shop.orders import mark_paid

app = Flask(__name__)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/webhook")
def webhook():
    payload = request.get_data()
    try:
        event = stripe.Webhook.construct_event(payload, request.headers.get("Stripe-Signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        app.logger.warning("bad signature")
        abort(400)
    if event["type"] == "checkout.session.completed":
        mark_paid(event["data"]["object"]["client_reference_id"])
    return "", 200
```

## Fix

Leave at the end of the `except`: return a 400 with a fixed text, or raise the framework's exception for it. Log before
that, not instead. Let the `try` hold the verification alone, so that the `except` can't be meant for something else. In
a helper, raise; if it has to return `None`, test for it before anything else.

Stripe counts every answer but 2xx as a failure and repeats the delivery for up to three days in live mode, so a genuine
event that failed because of a wrong secret is not lost by refusing it.

`stripe-lint fix --unsafe-fixes` lets the `except` end with the framework's answer 400, or with an exception that the
framework answers so where the function is a helper. A `suppress` becomes such an `except`. In a loop over secrets the
refusal stands behind the loop, where a variable tells that no secret fitted. In a task of a queue, in an `except*`, and
for a `finally`, nothing is changed.

## Suppress

```python
except stripe.SignatureVerificationError:  # noqa: STP103 - counted only, the next middleware refuses
```

## References

- Receive Stripe events in your webhook endpoint: https://docs.stripe.com/webhooks
- Process undelivered webhook events: https://docs.stripe.com/webhooks/process-undelivered-events
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity, Span, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each ``except`` that does not leave after a failed verification."""
    from stripe_lint.analysis import webhooks

    for found in webhooks.swallowed(module):
        verification = found.verification
        steps: tuple[Step, ...] = ()
        if verification is not None:
            steps = (Step(str(verification.module.path), verification.line, "this verification fails"),)
        yield Hit(
            head(module, found.place.node),
            "the handler goes on after a failed verification: answer 400 and leave",
            steps=steps,
        )


def head(module: Module, node: ast.AST) -> Span:
    """The place of the ``except``, ``with`` or ``finally`` that is reported."""
    from stripe_lint.analysis import webhooks

    span = module.span(node)
    line = span.line
    if isinstance(node, ast.Try):
        line = webhooks.finally_line(module, node)
    return Span(line, span.column, line, span.column + len("except"))


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Answer 400 where the verification failed, and leave."""
    from stripe_lint.rules import _swallowed_error

    _swallowed_error.repair(module, hit, edit)


RULE = Rule(
    code="STP103",
    name="swallowed-verification-error",
    summary="The error of a failed verification is swallowed.",
    severity=Severity.ERROR,
    cwe=(390, 347),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
