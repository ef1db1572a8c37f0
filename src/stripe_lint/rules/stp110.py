"""Stripe's signature checked by hand.

## What it finds

A comparison of the header's signature with an HMAC that the project computes itself. With `==`, `!=` or `in` it is an
`error`, with `hmac.compare_digest`, Django's `constant_time_compare` and the like a `warning`. Reported at the
comparison.

Not reported: signatures of other providers; code that makes signatures and compares none, such as a fake server or a
test client; the SDK's own functions.

Limit: a function counts as checking Stripe's signature where it, its class or its file names Stripe, or where it reads
the parts `t` and `v1` of the header.

## Why it costs money

`==` stops at the first byte that differs, so its duration tells how much of a forged signature is right already. Even
where nobody measures that, a hand-written check tends to miss what the SDK does: the age of the delivery (a captured
one stays valid for ever), several `v1` signatures while a secret is being rolled, the refusal of an empty secret, the
raw bytes instead of text that was decoded and encoded again. Each of these lets a forged event in or refuses genuine
ones, and nobody tests it against Stripe's real headers.

## Bad

```python
import hashlib
import hmac
import json
import os

from flask import Flask, abort, request

from shop.orders import mark_paid

app = Flask(__name__)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"].encode()


@app.post("/stripe/webhook")
def webhook():
    parts = dict(part.split("=", 1) for part in request.headers.get("Stripe-Signature", "").split(",") if "=" in part)
    signed = parts.get("t", "").encode() + b"." + request.get_data()
    if hmac.new(SECRET, signed, hashlib.sha256).hexdigest() != parts.get("v1"):
        abort(400)
    event = json.loads(request.get_data())
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


@app.post("/stripe/webhook")
def webhook():
    try:
        event = stripe.Webhook.construct_event(request.get_data(), request.headers.get("Stripe-Signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        abort(400)
    if event["type"] == "checkout.session.completed":
        mark_paid(event["data"]["object"]["client_reference_id"])
    return "", 200
```

## Fix

Call `stripe.Webhook.construct_event`; it checks the signature, the age and the JSON. Where the SDK can't be installed,
compare with `hmac.compare_digest`, refuse a time older than five minutes, accept any of the `v1` signatures, and refuse
to start without a secret.

`stripe-lint fix` lets `==`, `!=` and `in` compare in constant time; the rest of the check, and so the warning about it,
stays. It compares bytes, because `hmac.compare_digest` refuses text that is not ASCII, which anybody can send.

## Suppress

```python
valid = hmac.compare_digest(expected, given)  # noqa: STP110 - the gateway has no SDK; age checked above
```

## References

- Verify webhook signatures manually: https://docs.stripe.com/webhooks#verify-manually
- `hmac.compare_digest`: https://docs.python.org/3/library/hmac.html#hmac.compare_digest
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit

HANDMADE: Final = "a hand-written signature check misses what the SDK's does: use stripe.Webhook.construct_event"
"""What is said of a check that compares in constant time."""


def detect(module: Module) -> Iterator[Hit]:
    """Report each comparison that checks Stripe's signature by hand."""
    if "hmac" not in module.text:
        return
    from stripe_lint.analysis import handmade_checks

    for check in handmade_checks.handmade_checks(module):
        span = module.span(check.node)
        if check.timed:
            yield Hit(
                span,
                "this comparison's duration tells how much of a forged signature is right: "
                "use stripe.Webhook.construct_event",
                Severity.ERROR,
            )
        else:
            yield Hit(span, HANDMADE)


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Compare in constant time."""
    from stripe_lint.rules import _handmade_check

    _handmade_check.repair(module, hit, edit)


RULE = Rule(
    code="STP110",
    name="handmade-signature-check",
    summary="Stripe's signature is checked by hand.",
    severity=Severity.WARNING,
    cwe=(208, 347),
    fix=FixClass.SAFE,
    repair=fix,
    detect=detect,
)
