"""A failed verification that leaves no trace.

## What it finds

An `except` around the SDK's verification of a webhook, or one that names its `SignatureVerificationError` around what
verifies, in which nothing is logged. Off by default, because some log in a middleware, or at the proxy.

Not reported: a logging call, `print`, `capture_exception` or the like anywhere in the `except`; an `except` that raises
the error again; a call of a function or class of the project, which may log; an `except` in a loop that goes on with
the next secret. A `contextlib.suppress` is STP103.

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

`stripe-lint fix --unsafe-fixes` puts a warning with the error at the beginning of the `except`, to the logger that the
code around it uses, else to one of the file. Anyone can then write lines into the log, one for each request. Where this
rule is on, the refusals that fixes of other rules write are logged, too.

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

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each handler of a failed verification that logs nothing."""
    from stripe_lint.analysis.verification_handlers import silent_handlers

    for handler in silent_handlers(module):
        message = "a failed verification leaves no trace: log that a delivery was refused, and why"
        yield Hit(module.span(handler), message)


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Log the error before the delivery is refused."""
    from stripe_lint.rules import _logged_refusal

    _logged_refusal.repair(module, hit, edit)


RULE = Rule(
    code="STP304",
    name="unlogged-verification-failure",
    summary="A failed verification is not logged.",
    severity=Severity.INFO,
    cwe=(778,),
    default=False,
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
