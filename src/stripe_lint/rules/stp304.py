"""A failed verification that leaves no trace.

## What it finds

An `except` (or `contextlib.suppress`) around the SDK's verification of a webhook in which nothing is logged. Off by
default, because some log in a middleware, or at the proxy.

Not reported: a logging call, `print`, `capture_exception` or the like anywhere in the `except`; a bare `raise`, or an
exception that the framework logs; a call of a function of the project, which may log.

## Why it costs money

Forged deliveries are how an attack on a webhook looks from your side, and a wrong secret after a deployment looks the
same. Without a line in the log, nobody sees either until customers ask for their orders.

## Bad

```python
import os

import stripe
from flask import Flask, request

app = Flask(__name__)


@app.post("/stripe/webhook")
def webhook():
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(request.data, signature, os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, stripe.SignatureVerificationError):
        return "", 400
    return {"received": event["id"]}
```

## Good

```python
import os

import stripe
from flask import Flask, request

app = Flask(__name__)


@app.post("/stripe/webhook")
def webhook():
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(request.data, signature, os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, stripe.SignatureVerificationError) as error:
        app.logger.warning("refused a webhook from %s: %s", request.remote_addr, error)
        return "", 400
    return {"received": event["id"]}
```

## Fix

Log that a delivery was refused and why; the text of `SignatureVerificationError` holds neither secret nor body. Do not
log the body or the signature (STP302).

## Suppress

```python
except stripe.SignatureVerificationError:  # noqa: STP304 - the gateway logs every 400
```

## References

- Verify webhook signatures: https://docs.stripe.com/webhooks#verify-official-libraries
- Omission of security-relevant information: https://cwe.mitre.org/data/definitions/778.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module


def detect(module: Module) -> Iterator[Hit]:
    """Report each handler of a failed verification that logs nothing."""
    from stripe_lint.analysis.verification_handlers import silent_handlers

    for handler in silent_handlers(module):
        message = "a failed verification leaves no trace: log that a delivery was refused, and why"
        yield Hit(module.span(handler), message)


RULE = Rule(
    code="STP304",
    name="unlogged-verification-failure",
    summary="A failed verification is not logged.",
    severity=Severity.INFO,
    cwe=(778,),
    default=False,
    detect=detect,
)
