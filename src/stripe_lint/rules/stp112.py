"""Something stored before the delivery is verified.

## What it finds

- A row, a document or a cache entry that a webhook's handler writes with data from the body before it verifies the
  signature, or before it hands the delivery to what does.
- A look at the request header `Idempotency-Key` in such a handler.

Reported as an `error` at the write, or at the look-up of the header. What a function of the project writes of the body
that it is handed is reported at the handler's call of it.

Not reported: a write after the verification; a log of raw deliveries, and a counter for a rate limit, by their names;
what an `except` writes; a look-up that writes nothing; a header that is only logged; the `idempotency_key` inside the
event.

Limit: writes more than two calls away from the handler are not seen.

## Why it costs money

Whatever is written before the check is written for anybody. Where it is a table of events that were handled, a forged
delivery with the id of an event to come marks that event as done: Stripe's own delivery is then taken for a duplicate
and answered with 200, and the order is never paid. Where it is a queue that another process reads, the forged row waits
there for a process that trusts it. At the least, anybody can fill the table.

Stripe sends no `Idempotency-Key` with a webhook. Who keys on it refuses every real delivery, or takes all of them for
one; and a forger can send any.

## Bad

```python
import stripe
from django.conf import settings
from django.http import HttpResponse, HttpResponseBadRequest

from shop.models import Order, PendingEvent


def stripe_webhook(request):
    pending = PendingEvent.objects.create(body=request.body.decode())
    try:
        event = stripe.Webhook.construct_event(
            request.body, request.headers.get("Stripe-Signature"), settings.STRIPE_WEBHOOK_SECRET
        )
    except (ValueError, stripe.SignatureVerificationError):
        return HttpResponseBadRequest()
    if event["type"] == "checkout.session.completed":
        Order.objects.filter(session=event["data"]["object"]["id"]).update(paid=True, event=pending)
    return HttpResponse(status=200)
```

## Good

```python
import stripe
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse, HttpResponseBadRequest

from shop.models import Order


def stripe_webhook(request):
    try:
        event = stripe.Webhook.construct_event(
            request.body, request.headers.get("Stripe-Signature"), settings.STRIPE_WEBHOOK_SECRET
        )
    except (ValueError, stripe.SignatureVerificationError):
        return HttpResponseBadRequest()
    if not cache.add(f"stripe-{event['id']}", True, 86400):
        return HttpResponse(status=200)
    if event["type"] == "checkout.session.completed":
        Order.objects.filter(session=event["data"]["object"]["id"]).update(paid=True)
    return HttpResponse(status=200)
```

## Fix

Verify first; it takes microseconds and no network. Store the verified event, and key on its `id`. Where raw deliveries
are kept for later, verify when they arrive too and keep only what passed.

## Suppress

```python
Inbox.objects.create(body=request.body, headers=dict(request.headers))  # noqa: STP112 - verified by the worker
```

## References

- Receive Stripe events in your webhook endpoint: https://docs.stripe.com/webhooks
- Handle duplicate events: https://docs.stripe.com/webhooks#handle-duplicate-events
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module


def detect(module: Module) -> Iterator[Hit]:
    """Report each write before the verification, and each look at a header that Stripe never sends."""
    from stripe_lint.analysis import webhook_functions

    if webhook_functions.only_verify(module.calls) and "idempotency" not in module.lowered:
        return
    from stripe_lint.analysis import early_records

    for record in early_records.early_writes(module):
        yield Hit(
            record.module.span(record.node),
            "this is stored before the delivery is verified, so anybody can fill or poison it: verify first, "
            "and key on the verified event's id",
        )
    for record in early_records.key_headers(module):
        yield Hit(
            record.module.span(record.node),
            "Stripe sends no Idempotency-Key with a webhook: key on the id of the verified event",
        )


RULE = Rule(
    code="STP112",
    name="record-before-verification",
    summary="Something is stored before the delivery is verified.",
    severity=Severity.ERROR,
    cwe=(345, 837),
    detect=detect,
)
