"""A webhook handler that trusts any sender.

## What it finds

A handler (view, endpoint, Lambda entry point) that uses a Stripe event from the body of a request while nothing on any
of its paths verifies that the body comes from Stripe. Using is: branching on the type, reading `data.object`, passing
it on, storing it. Such an event is made by `json.loads(request.body)`, `request.get_json()` and their like, by a
parameter that the framework fills from the body, by `stripe.Event.construct_from(...)`, and, in SDK 15.5.0 and newer,
by `construct_event_without_verification` and `parse_event_notification_without_verification`.

A handler is taken for Stripe's if it reads the `Stripe-Signature` header, builds a `stripe.Event`, dispatches on event
types that Stripe has, or says "stripe" and "webhook" in its name, class, route or file.

The body is verified by

- `stripe.Webhook.construct_event`, `StripeClient.construct_event`, `parse_event_notification`, `parse_thin_event`,
  `stripe.WebhookSignature.verify_header`, a `notification_handler`;
- an HMAC over the body that is compared with the signature and decides whether the handler goes on;
- `stripe.Event.retrieve(id)`: only what it returned is trusted, and the id that it was fetched by;
- a function, decorator, dependency, permission or authentication class, mixin or middleware that does one of these, in
  any file of the project. One that can be seen and does not verify does not count. One that can't be seen counts if its
  name says that it verifies (`verify_stripe_signature`) or if it gets both the raw body and the signature.

Reported once, where the event is made from the body, or at the `def` where the body arrives parsed. It is a `warning`
where the handler fetches the object from Stripe again, on each path that does anything, but uses other fields of the
body too, else an `error`.

Not reported: what EventBridge, Event Grid or a queue such as SQS delivers, a handler that only forwards the raw body
together with its signature, test code, and a handler that verifies on some of its paths (that is STP102).

Limit: calls are followed a few levels deep, and a check outside the program, in a proxy or gateway, is not seen.

## Why it costs money

The address of a webhook is not a secret, and the body is plain JSON. Whoever sends `checkout.session.completed` with
the id of an unpaid order gets the order. Stripe names fulfilled orders, access to accounts and changed records as what
a forged event can do. With `construct_from` the sender even chooses the class of the object.

`@csrf_exempt` is not the hole. Stripe sends no CSRF token, and its documentation says to exempt the route. The warning
that generic linters give for it (Semgrep's `no-csrf-exempt`, for one) is misleading on a webhook view: without the
decorator Django's CSRF middleware answers every genuine event with 403, and with it the signature is what protects the
view. A list of Stripe's IP addresses is an addition, not a replacement: Stripe recommends both.

## Bad

```python
import json

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from orders.models import Order


@csrf_exempt
def stripe_webhook(request):
    event = json.loads(request.body)
    if event["type"] == "checkout.session.completed":
        session = event["data"]["object"]
        Order.objects.filter(session_id=session["id"]).update(paid=True)
    return HttpResponse(status=200)
```

## Good

```python
import stripe
from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from orders.models import Order


@csrf_exempt
def stripe_webhook(request):
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(request.body, signature, settings.STRIPE_WEBHOOK_SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        return HttpResponse(status=400)
    if event["type"] == "checkout.session.completed":
        session = event["data"]["object"]
        Order.objects.filter(session_id=session["id"]).update(paid=True)
    return HttpResponse(status=200)
```

## Fix

1. Give the raw body and the `Stripe-Signature` header to `construct_event`, with the secret of this endpoint
   (`whsec_...`; each endpoint has its own, and test and live mode differ).
2. Catch `ValueError` and `stripe.SignatureVerificationError`, answer 400 and leave. The second is no subclass of the
   first. Up to SDK 7.7.0 it is `stripe.error.SignatureVerificationError`.
3. From there on use nothing but the returned event. Since SDK 15.0.0 it is no `dict`: `event["type"]` and `event.type`
   work, `event.get(...)` does not.
4. Make the program refuse to start without the secret. Up to SDK 15.5.1 an empty secret is accepted, and anyone can
   sign with it.

Where a verification is there and never runs, let it run: `await` a verifier that is `async`, and put a decorator that
verifies below the one that registers the route, which takes the function as it is there.

Where there is no signature to check, fetch the event by its id (`stripe.Event.retrieve`, possible for 30 days) and use
only the answer.

`stripe-lint fix --unsafe-fixes` puts `construct_event` in front of the parse, with the framework's raw body and header,
and answers 400 in the framework's form. The parse stays: what follows gets the same `dict` as before. The secret is
the one that the file, or the project, already calls a webhook's (a setting, a constant, a variable of the environment),
else `os.environ["STRIPE_WEBHOOK_SECRET"]` where the file reads the environment. Look at it: each endpoint has its own,
and one that another verification uses is not taken. Where several could be meant, or none is known, or the framework
can't be told, nothing is changed; nor where the SDK is asked not to verify, or where another function has the request.

## Suppress

```python
event = json.loads(request.body)  # noqa: STP101 - the gateway in front has checked the signature
```

## References

- Receive Stripe events in your webhook endpoint: https://docs.stripe.com/webhooks
- Resolve webhook signature verification errors: https://docs.stripe.com/webhooks/signature
- Stripe's addresses: https://docs.stripe.com/ips
- Changes of the SDK: https://github.com/stripe/stripe-python/blob/master/CHANGELOG.md
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
    """Report each handler in which no path verifies, where the event is built from the body."""
    from stripe_lint.analysis import webhooks

    for found in webhooks.unverified(module):
        message = "event is built from an unverified body: anyone can forge it; use stripe.Webhook.construct_event"
        severity = None
        if found.never_run is not None:
            line = found.never_run.line
            message = (
                f"event is built from an unverified body: the verification in line {line} is not awaited; await it"
            )
        elif found.passed_over is not None:
            message = (
                "event is built from an unverified body: the decorator that verifies stands above the route, which is"
                " registered without it; put it below"
            )
        if found.beside_fetched:
            message = "parts of an unverified body are used beside fetched objects: verify with construct_event"
            severity = Severity.WARNING
        step = Step(str(found.use.module.path), found.use.line, "the unverified event is used here")
        yield Hit(place_span(module, found.place.node), message, severity, steps=(step,))


def place_span(module: Module, node: ast.AST) -> Span:
    """The place of a node; of a function only its ``def`` line."""
    span = module.span(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return Span(span.line, span.column, span.line, span.column + len("def"))
    return span


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Verify the raw body before it is parsed, and answer 400 where that fails."""
    from stripe_lint.rules import _unverified_webhook

    _unverified_webhook.repair(module, hit, edit)


RULE = Rule(
    code="STP101",
    name="unverified-webhook",
    summary="A webhook handler uses an event that nothing has verified.",
    severity=Severity.ERROR,
    cwe=(347, 345),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
