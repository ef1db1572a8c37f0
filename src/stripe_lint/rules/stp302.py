"""A secret, a signature or a raw webhook body that is logged.

## What it finds

A logging call or `print` that gets a webhook secret, an API key, the `access_token` of OAuth, a `client_secret`, the
signature header, all request headers of a webhook, or its raw body.

- `warning`: the thing itself, also in an f-string, decoded, in a dict, by way of a variable, bound to the logger, or
  handed to a function of the project that logs its argument; `http_body` and `sig_header` of a
  `SignatureVerificationError` are the body and the header.
- `info`: a whole payment or setup intent, which holds a `client_secret` among much else.

Not reported: a parsed event, its id or its type; the length, presence or digest of a secret; a few first characters;
what is answered to the client that needs it.

Limit: values are followed within a function and one call further, not through attributes of your own objects.

## Why it costs money

Logs are copied to places that the secret was never meant for: the log service, its search, tickets, laptops. Whoever
reads the webhook secret there can sign events that your handler believes; with an API key they can move money. A raw
body holds names, addresses and e-mail addresses of customers, and before the verification anyone can write into your
log what they like.

## Bad

```python
import logging
import os

import stripe
from flask import Flask, abort, request

app = Flask(__name__)
logger = logging.getLogger(__name__)


@app.post("/stripe/webhook")
def webhook():
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(request.data, signature, os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, stripe.SignatureVerificationError):
        logger.warning("refused %s with %s", request.data, signature)
        abort(400)
    return {"received": event["id"]}
```

## Good

```python
import logging
import os

import stripe
from flask import Flask, abort, request

app = Flask(__name__)
logger = logging.getLogger(__name__)


@app.post("/stripe/webhook")
def webhook():
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(request.data, signature, os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, stripe.SignatureVerificationError):
        logger.warning("refused a webhook of %s bytes from %s", len(request.data), request.remote_addr)
        abort(400)
    logger.info("event %s of type %s", event["id"], event["type"])
    return {"received": event["id"]}
```

## Fix

Log what identifies the event: its id and type after the verification, and before it the length of the body. Of a secret
log at most whether it is set. If one was logged, roll it.

## Suppress

```python
logger.debug("body %s", request.data)  # noqa: STP302 - only on the recorder, which has test data
```

## References

- Best practices for secret keys: https://docs.stripe.com/keys-best-practices
- Insertion of sensitive information into a log: https://cwe.mitre.org/data/definitions/532.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module


def detect(module: Module) -> Iterator[Hit]:
    """Report each call that logs a secret or what a webhook brought."""
    from stripe_lint.analysis.logged_secrets import logged_secrets

    for logged in logged_secrets(module):
        message = f"{logged.words} is written to the log, where others read it: log the event's id or a length instead"
        yield Hit(module.span(logged.node), message, Severity.INFO if logged.whole_object else None)


RULE = Rule(
    code="STP302",
    name="secret-or-payload-logged",
    summary="A secret, the signature or the raw body of a webhook is logged.",
    severity=Severity.WARNING,
    cwe=(532,),
    detect=detect,
)
