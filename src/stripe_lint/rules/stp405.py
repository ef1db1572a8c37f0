"""HTTPS is enforced nowhere.

## What it finds

A Django settings module (reported at `MIDDLEWARE`) or a Flask application (reported at `Flask(...)`) of a project that
serves a Stripe webhook and in which nothing enforces HTTPS: no `SECURE_SSL_REDIRECT` and no `SECURE_HSTS_SECONDS`, or
one that is `False` or 0, no Talisman or SSLify, no header for strict transport security. Off by default, because the
proxy in front often does it.

## Why it costs money

Checkout pages, sessions and account data of customers travel with the cookies that a page without encryption gives
away. Stripe itself delivers to HTTPS only in live mode; what is at risk is everything else that the application
serves.

## Bad

```python
import os

import stripe
from flask import Flask, abort, request

app = Flask(__name__)


@app.post("/stripe/webhook")
def webhook():
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(request.data, signature, os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, stripe.SignatureVerificationError):
        abort(400)
    return {"received": event["id"]}
```

## Good

```python
import os

import stripe
from flask import Flask, abort, request
from flask_talisman import Talisman

app = Flask(__name__)
Talisman(app)


@app.post("/stripe/webhook")
def webhook():
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(request.data, signature, os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, stripe.SignatureVerificationError):
        abort(400)
    return {"received": event["id"]}
```

## Fix

On Django set `SECURE_SSL_REDIRECT` and `SECURE_HSTS_SECONDS`, on Flask use Talisman. Where the proxy does it, switch
the rule off again.

## Suppress

```python
app = Flask(__name__)  # noqa: STP405 - the load balancer redirects
```

## References

- Integration security guide: https://docs.stripe.com/security/guide
- Clear-text transmission: https://cwe.mitre.org/data/definitions/319.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import Confidence, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module


def detect(module: Module) -> Iterator[Hit]:
    """Report each application that serves webhooks and enforces HTTPS nowhere."""
    from stripe_lint.analysis.https_enforcement import unenforced

    for node in unenforced(module):
        message = (
            "nothing here enforces HTTPS: redirect and send HSTS, or leave this to the proxy and switch the rule off"
        )
        yield Hit(module.span(node), message)


RULE = Rule(
    code="STP405",
    name="https-not-enforced",
    summary="An application that serves webhooks enforces HTTPS nowhere.",
    severity=Severity.INFO,
    cwe=(319,),
    default=False,
    confidence=Confidence.MEDIUM,
    detect=detect,
)
