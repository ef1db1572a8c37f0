"""A verified event that is refused.

## What it finds

- An event of a type that the handler does not know is answered with a 4xx or 5xx, or with an exception: the `else`
  after the known types, `if event.type not in HANDLED: return 400`, `case _: raise`, an `assert`, the default of a
  table of handlers, `HANDLERS[event.type]` where the table may lack it, a flag or a function of the project that says
  no for such a type.
- An event that was handled before is.
- An event of a known type for which the project finds no row of its own is.

The first two are a `warning`, the third is an `info`. Reported at the answer.

Not reported: an unknown type that is logged and answered with 200; an answer to a failed verification; work that
failed, which Stripe has to send again; an exception that the handler catches.

Limit: an answer that is put together in another function is only seen where it is returned at once.

## Why it costs money

Stripe repeats what is not answered with a 2xx, for up to three days and with growing pauses, and none of these
attempts can end in anything else. They fill logs and alarms, slow down the events that matter, and Stripe writes that
the endpoint fails and may disable it: then the events that are known are lost too. It takes one click in the dashboard,
or a new feature at Stripe, for an unknown type to arrive.

## Bad

```python
import os

import stripe
from flask import Flask, abort, request

from shop.orders import mark_paid

app = Flask(__name__)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/webhook")
def webhook():
    try:
        event = stripe.Webhook.construct_event(request.get_data(), request.headers.get("Stripe-Signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        abort(400)
    if event["type"] == "checkout.session.completed":
        mark_paid(event["data"]["object"]["client_reference_id"])
    else:
        return "unknown type", 400
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


@app.post("/webhook")
def webhook():
    try:
        event = stripe.Webhook.construct_event(request.get_data(), request.headers.get("Stripe-Signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        abort(400)
    if event["type"] == "checkout.session.completed":
        mark_paid(event["data"]["object"]["client_reference_id"])
    else:
        app.logger.info("nothing to do for %s", event["type"])
    return "", 200
```

## Fix

Log the type and answer 200. Choose in the settings of the endpoint which types are sent at all. Answer an event that
was handled before with 200 as well. Where the project has no row for the event, decide: if it will come later, because
the event overtook it, a 5xx is right and this line deserves a comment; if it never comes, answer 200.

`stripe-lint fix --unsafe-fixes` gives the answer the status 200, or answers what the handler answers where all is well,
and logs a type that is not known, where the code does not. It decides nothing where no row was found, where a comment
says that the answer is meant, or in an `except` that may as well have caught an error of the work.

## Suppress

```python
return HttpResponse(status=404)  # noqa: STP114 - the order is written after the payment; Stripe tries again
```

## References

- Receive Stripe events in your webhook endpoint: https://docs.stripe.com/webhooks
- Process undelivered webhook events: https://docs.stripe.com/webhooks/process-undelivered-events
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each answer that refuses a verified event."""
    decides = "if " in module.text or module.tries
    if "type" not in module.text and not (decides and "event" in module.lowered):
        return
    from stripe_lint.analysis.refused_events import Reason, refused_events

    messages = {
        Reason.UNKNOWN_TYPE: "an event of an unknown type is refused, so Stripe repeats it for days: "
        "log it and answer 200",
        Reason.HAD_BEFORE: "an event that was handled before is refused, so Stripe repeats it for days: answer 200",
        Reason.NOTHING_FOUND: "an event for which nothing is found is refused, so Stripe repeats it for days: "
        "answer 200 unless it will be found later",
    }
    for refused in refused_events(module):
        severity = Severity.INFO if refused.reason is Reason.NOTHING_FOUND else None
        yield Hit(refused.module.span(refused.node), messages[refused.reason], severity)


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Answer 200."""
    from stripe_lint.rules import _refused_event

    _refused_event.repair(module, hit, edit)


RULE = Rule(
    code="STP114",
    name="unhandled-event-refused",
    summary="A verified event is refused, so Stripe repeats it.",
    severity=Severity.WARNING,
    cwe=(703,),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
