"""A way around the verification.

## What it finds

A handler that verifies the signature on one path and reaches the event unverified on another:

- `if secret: verify, else: parse`, and every other switch: a debug or environment flag, a test header, "only if the
  header is there";
- an `except` that parses the body itself, or that accepts in some cases what could not be verified;
- a use of the parsed body that ends the handler before the verification;
- a helper of the project that verifies under a condition only, also in another file.

Reported once for each handler, as an `error`, at the first unverified use on such a path; where only that path makes
the event, at the line that makes it.

Not reported: a path that ends without using the event (the missing secret is refused), a choice between several
secrets, the branch of another provider's webhooks, an event that is made up in the program and not read from the
request. An `except` that merely lets the handler go on is STP103; a body that is parsed early and only used after the
verification is STP104; what is stored before the verification is STP112; a handler that never verifies is STP101.

Limit: what the configuration holds is not known, so a path that no deployment takes is reported as well.

## Why it costs money

The condition is configuration or comes with the request. One deployment without the environment variable, or one
request without the header, and everybody can mark orders as paid; nothing fails, and no log shows it. Genuine events
work the same with and without the check, so no test finds it.

It is the usual shape in examples: of the 22 Python handlers in Stripe's sample repositories that call
`construct_event`, 20 trust the raw JSON where no secret is set.

## Bad

```python
import json
import os

import stripe
from flask import Flask, request

from shop.orders import mark_paid

app = Flask(__name__)
secret = os.environ.get("STRIPE_WEBHOOK_SECRET")


@app.post("/webhook")
def webhook():
    payload = request.get_data()
    if secret:
        try:
            event = stripe.Webhook.construct_event(payload, request.headers.get("Stripe-Signature"), secret)
        except (ValueError, stripe.SignatureVerificationError):
            return "", 400
    else:
        event = json.loads(payload)
    if event["type"] == "checkout.session.completed":
        mark_paid(event["data"]["object"]["client_reference_id"])
    return "", 200
```

## Good

```python
import os

import stripe
from flask import Flask, request

from shop.orders import mark_paid

app = Flask(__name__)
secret = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/webhook")
def webhook():
    payload = request.get_data()
    try:
        event = stripe.Webhook.construct_event(payload, request.headers.get("Stripe-Signature"), secret)
    except (ValueError, stripe.SignatureVerificationError):
        return "", 400
    if event["type"] == "checkout.session.completed":
        mark_paid(event["data"]["object"]["client_reference_id"])
    return "", 200
```

## Fix

Remove the branch and let all requests take the verified path. Read the secret so that its absence stops the program
(`os.environ["STRIPE_WEBHOOK_SECRET"]`), or answer with an error where it is missing.

No environment needs the bypass. On a developer's machine `stripe listen` prints a secret of its own and signs with it;
tests sign their payloads themselves (SDK 15.5.0 and newer have `stripe.WebhookSignature.generate_signature_header`, for
older ones it is an HMAC-SHA256 over `{timestamp}.{payload}`).

## Suppress

```python
event = json.loads(payload)  # noqa: STP102 - this branch is only built into the local simulator
```

## References

- Receive Stripe events in your webhook endpoint: https://docs.stripe.com/webhooks
- The Stripe CLI: https://docs.stripe.com/stripe-cli
- Set up and deploy a webhook: https://docs.stripe.com/webhooks/quickstart
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import Hit, Rule, Severity, Step

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module


def detect(module: Module) -> Iterator[Hit]:
    """Report the first unverified use on a path that avoids the verification."""
    from stripe_lint.analysis import webhook_functions, webhooks

    stored: set[ast.expr] = set()
    if not webhook_functions.only_verify(module.calls):
        from stripe_lint.analysis import early_records

        stored = {record.node for record in early_records.early_writes(module)}
    for place, verification in webhooks.bypasses(module, stored):
        step = Step(str(verification.module.path), verification.line, "another path verifies here")
        yield Hit(
            module.span(place.node),
            "unverified event is used on a path around the verification: refuse the request instead",
            steps=(step,),
        )


RULE = Rule(
    code="STP102",
    name="verification-bypass",
    summary="A path of the handler reaches the event without verifying it.",
    severity=Severity.ERROR,
    cwe=(345,),
    detect=detect,
)
