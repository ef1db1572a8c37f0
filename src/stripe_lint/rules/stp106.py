"""A verification whose errors nothing catches.

## What it finds

A call of `construct_event`, `parse_event_notification` or `verify_header` in a handler, or in a function that handlers
call, where the error of a bad signature ends as a bare 500: no `except` around the call or around the calls of its
function takes `SignatureVerificationError`, no error handler is registered with the framework for it, and no middleware
takes it (nor Django's `process_exception` or DRF's `EXCEPTION_HANDLER`). An `except` that only raises the same error
again takes nothing.

It is a `warning`. Where the signature's error is caught, as by `except stripe.StripeError`, and only the `ValueError`
of a body that is no JSON is not, it is an `info`. Reported at the call, once.

Not reported: `except Exception` around the call; a function of which a caller can't be found; an error that is raised
again as an exception of the project or of the framework; a handler behind a decorator or a context manager that
catches, or of which it is not known that it catches nothing.

Limit: what a middleware that is a class of ASGI's or WSGI's own form catches is not seen.

## Why it costs money

Whoever finds the address can cause the 500, with any body and no signature. Monitoring that counts errors rings at
night for a scanner, and is then switched off, so that nobody hears it when the secret was really changed and genuine
events fail the same way. Stripe repeats these for up to three days and then gives up. A 400 says what happened: it was
refused.

A body that is not UTF-8 raises `UnicodeDecodeError`, a `ValueError`, before anything is checked.

## Bad

```python
import os

import stripe
from fastapi import FastAPI, Request

from shop.orders import mark_paid

app = FastAPI()
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/webhook")
async def webhook(request: Request):
    event = stripe.Webhook.construct_event(await request.body(), request.headers.get("stripe-signature"), SECRET)
    if event["type"] == "checkout.session.completed":
        await mark_paid(event["data"]["object"]["client_reference_id"])
    return {"received": True}
```

## Good

```python
import os

import stripe
from fastapi import FastAPI, HTTPException, Request

from shop.orders import mark_paid

app = FastAPI()
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/webhook")
async def webhook(request: Request):
    try:
        event = stripe.Webhook.construct_event(await request.body(), request.headers.get("stripe-signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        raise HTTPException(status_code=400, detail="invalid signature") from None
    if event["type"] == "checkout.session.completed":
        await mark_paid(event["data"]["object"]["client_reference_id"])
    return {"received": True}
```

## Fix

Put the call alone into a `try` and answer both errors with a 400 and a fixed text. Log there that a delivery was
refused. One error handler for the whole application does as well:
`@app.errorhandler(stripe.SignatureVerificationError)` on Flask, `@app.exception_handler(…)` on FastAPI.

`stripe-lint fix --unsafe-fixes` does so: an `except` that only raises again answers 400, one that takes only one of the
errors takes both, and where there is none the call gets a `try` of its own. `ValueError` is not added where the `try`
holds the work too, whose own `ValueError` would be answered with 400.

## Suppress

```python
event = stripe.Webhook.construct_event(body, signature, SECRET)  # noqa: STP106 - the gateway turns errors into a 400
```

## References

- Receive Stripe events in your webhook endpoint: https://docs.stripe.com/webhooks
- Resolve webhook signature verification errors: https://docs.stripe.com/webhooks/signature
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each verification whose errors leave the handler."""
    from stripe_lint.analysis import sdk_verifications, uncaught_errors

    for verification in sdk_verifications.sdk_verifications(module):
        span = module.span(verification.node)
        if uncaught_errors.reaches_framework(module, verification.node, uncaught_errors.SIGNATURE_ERROR):
            yield Hit(span, "a bad signature ends in a 500, as nothing catches the error: catch it and answer 400")
        elif verification.parses and uncaught_errors.reaches_framework(
            module, verification.node, uncaught_errors.PAYLOAD_ERROR
        ):
            yield Hit(
                span,
                "a body that is no JSON ends in a 500: catch ValueError too and answer 400",
                Severity.INFO,
            )


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Answer 400 where the verification raises."""
    from stripe_lint.rules import _unhandled_verification

    _unhandled_verification.repair(module, hit, edit)


RULE = Rule(
    code="STP106",
    name="unhandled-verification-error",
    summary="Nothing catches the error of a failed verification.",
    severity=Severity.WARNING,
    cwe=(755,),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
