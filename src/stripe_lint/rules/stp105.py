"""A signature checked against something else than the raw body.

## What it finds

A verification whose payload is not the body as it was sent: a parsed object, `json.dumps` of one, `str()` of bytes,
form data, DRF's `request.data`, a Pydantic model or `dict` parameter, text decoded with another codec than UTF-8, or
another framework's attribute (`request.body` on Flask, `request.data` on Starlette). Where a helper verifies, the call
that hands it the wrong thing is reported.

It is an `error`, with one exception. On AWS Lambda `event["body"]` without regard to `isBase64Encoded` is an `info`:
the gateway may deliver the body as base64 and sets that flag, for API Gateway's REST APIs where `binaryMediaTypes`
covers the content type. Whether it does is configuration, which the code does not show.

Not reported: `.decode()` and `.decode("utf-8")` of the raw bytes, `get_data(as_text=True)`, a raw body that was stored
and is verified later, signing in tests, a payload whose origin can't be seen.

Limit: where the framework of a request can't be told, names that mean the raw body on one framework and something else
on another (`data`, `body`) are not judged.

## Why it costs money

Stripe signs bytes. JSON that was parsed and written again differs in blanks, escapes or order, so genuine events are
refused, all or some of them; a dict never verifies. It fails on the safe side, and that is still expensive: Stripe
repeats each event for up to three days in live mode, then gives up, and paid orders stay open. The error ("No
signatures found matching the expected signature for payload") reads like a wrong secret, and the next step is often to
take the check out.

The base64 case fails the same way, but only once the gateway's configuration or the content type changes.

## Bad

```python
import json

import stripe
from django.conf import settings
from rest_framework.decorators import api_view
from rest_framework.response import Response

from orders.models import Order


@api_view(["POST"])
def stripe_webhook(request):
    payload = json.dumps(request.data)
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(payload, signature, settings.STRIPE_WEBHOOK_SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        return Response(status=400)
    if event["type"] == "checkout.session.completed":
        Order.objects.filter(session_id=event["data"]["object"]["id"]).update(paid=True)
    return Response(status=200)
```

An `info`, because the gateway's settings decide whether it works:

```python
import os

import stripe

from tickets.store import mark_paid


def lambda_handler(event, context):
    headers = {name.lower(): value for name, value in event["headers"].items()}
    signature = headers.get("stripe-signature")
    try:
        message = stripe.Webhook.construct_event(event["body"], signature, os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, stripe.SignatureVerificationError):
        return {"statusCode": 400}
    if message["type"] == "checkout.session.completed":
        mark_paid(message["data"]["object"]["client_reference_id"])
    return {"statusCode": 200}
```

## Good

```python
import stripe
from django.conf import settings
from rest_framework.decorators import api_view
from rest_framework.response import Response

from orders.models import Order


@api_view(["POST"])
def stripe_webhook(request):
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(request.body, signature, settings.STRIPE_WEBHOOK_SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        return Response(status=400)
    if event["type"] == "checkout.session.completed":
        Order.objects.filter(session_id=event["data"]["object"]["id"]).update(paid=True)
    return Response(status=200)
```

```python
import base64
import os

import stripe

from tickets.store import mark_paid


def lambda_handler(event, context):
    headers = {name.lower(): value for name, value in event["headers"].items()}
    signature = headers.get("stripe-signature")
    payload = base64.b64decode(event["body"]) if event.get("isBase64Encoded") else event["body"]
    try:
        message = stripe.Webhook.construct_event(payload, signature, os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, stripe.SignatureVerificationError):
        return {"statusCode": 400}
    if message["type"] == "checkout.session.completed":
        mark_paid(message["data"]["object"]["client_reference_id"])
    return {"statusCode": 200}
```

## Fix

Pass the raw body, as bytes or as UTF-8 text (`construct_event` takes both since SDK 1.65.1, `verify_header` bytes only
since 15.6.0):

| Framework | Raw body |
| --- | --- |
| Flask, Quart | `request.get_data()`, awaited on Quart |
| Django, django-ninja | `request.body` |
| Django REST framework | `request.body`, before anything reads `request.data` |
| FastAPI, Starlette, Litestar | `await request.body()` |
| aiohttp | `await request.read()` |
| Sanic, Tornado, Pyramid | `request.body` |
| Bottle, Falcon | `request.body.read()`, `req.bounded_stream.read()` |
| `http.server` | what `self.rfile.read(length)` gave; it can be read once |
| Chalice | `app.current_request.raw_body` |
| Lambda | `event["body"]`, decoded from base64 if `event["isBase64Encoded"]` |

On FastAPI take `request: Request` as the parameter instead of a model or a `dict`.

`stripe-lint fix` passes the raw body as the table says. A parse whose value is still used moves behind the check; one
that is not goes. On Lambda the body is decoded where `isBase64Encoded` is set, for a later parse too. With
`--unsafe-fixes` a FastAPI handler that has no request gets one as a parameter.

## Suppress

```python
message = stripe.Webhook.construct_event(event["body"], signature, secret)  # noqa: STP105 - never base64 here
```

## References

- Resolve webhook signature verification errors: https://docs.stripe.com/webhooks/signature
- Binary media types: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each verification whose payload is not the raw body."""
    from stripe_lint.analysis import webhooks

    for wrong in webhooks.wrong_payloads(module):
        if wrong.base64_flag:
            message = f"API Gateway may deliver the body as base64: decode it when {wrong.base64_flag} is set"
            yield Hit(module.span(wrong.place.node), message, Severity.INFO)
        else:
            message = f"payload is {wrong.reason}: genuine events are refused; pass the raw body"
            yield Hit(module.span(wrong.place.node), message)


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Verify the body as it was sent."""
    from stripe_lint.rules import _raw_payload

    _raw_payload.repair(module, hit, edit)


RULE = Rule(
    code="STP105",
    name="non-raw-payload",
    summary="The payload of the verification is not the raw request body.",
    severity=Severity.ERROR,
    cwe=(347,),
    fix=FixClass.SAFE,
    repair=fix,
    detect=detect,
)
