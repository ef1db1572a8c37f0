"""A failure that Stripe is told nothing of.

## What it finds

- An `except` around the verification that itself answers with a 2xx, or that returns something after which the
  handler answers 2xx on every path.
- An `except` around the work that an event exists for, after which the handler answers 2xx: the order is not marked
  paid, the credit is not granted, and Stripe takes the event for delivered. The work may be in a function that the
  handler calls, in this file or in another. `contextlib.suppress(Exception)` around such work is the same.
- A call of a function that answers such a failure with an error response, which the handler drops before it answers
  2xx.

It is a `warning` where the verification failed, or where what fails writes the project's data or moves money at Stripe.
It is an `info` where what fails can't be seen and is called like work (`process_order`), where it is an order with
another service, and where the `except` itself answers after a mere look-up. Reported at the `except`, or at the call.

Not reported: a failure that is saved or queued before the answer; an `except` after which the handler goes on with its
work, as around a receipt mail, unless it takes the failure of a write that stands in its `try`; errors that say that
the work is done already or has nothing to work on (`IntegrityError`, `DoesNotExist`, `KeyError` and the like); mails,
logs, caches and analytics; a task, which runs after the answer.

Limit: what a function of another package does is told by its name. A dropped error response is only looked for in files
that have a `try`.

## Why it costs money

Stripe repeats a delivery for up to three days, but only where the answer is not a 2xx. A database that is away for one
minute then means orders that were paid and are never sent, and credits that are never granted, and nothing shows it but
the customer's mail. After a failed verification the 2xx also tells a forger that the address takes anything, and hides
from Stripe's dashboard that the secret is wrong.

## Bad

```python
import os

import stripe
from flask import Flask, abort, request

from shop.models import Order, db

app = Flask(__name__)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/webhook")
def webhook():
    try:
        event = stripe.Webhook.construct_event(request.get_data(), request.headers.get("Stripe-Signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        abort(400)
    if event["type"] == "checkout.session.completed":
        try:
            order = Order.query.filter_by(number=event["data"]["object"]["client_reference_id"]).one()
            order.paid = True
            db.session.commit()
        except Exception:
            app.logger.exception("order not marked as paid")
    return "", 200
```

## Good

```python
import os

import stripe
from flask import Flask, abort, request

from shop.models import Order, db

app = Flask(__name__)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/webhook")
def webhook():
    try:
        event = stripe.Webhook.construct_event(request.get_data(), request.headers.get("Stripe-Signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        abort(400)
    if event["type"] == "checkout.session.completed":
        try:
            order = Order.query.filter_by(number=event["data"]["object"]["client_reference_id"]).one()
            order.paid = True
            db.session.commit()
        except Exception:
            app.logger.exception("order not marked as paid")
            return "try again", 500
    return "", 200
```

## Fix

Let the exception go on, or answer 500: Stripe then tries again, with growing pauses. Return the error response that a
function made. Make sure that the work may run twice. Where trying again can't help, store the event for somebody to
look at, and then answer 200. Keep what may fail without harm, such as a mail, in a `try` of its own, after the work.

`stripe-lint fix --unsafe-fixes` lets the exception go on, answers 400 after a failed verification, and returns what was
dropped. It does nothing where a comment says that the answer is meant, where the function is called for other things
too, where an `except` further up would take the exception again, where another function gives the answer, and where
the same `except` lets a failed verification go on (STP103).

## Suppress

```python
except Exception:  # noqa: STP108 - a nightly job compares all subscriptions with Stripe
```

## References

- Receive Stripe events in your webhook endpoint: https://docs.stripe.com/webhooks
- Process undelivered webhook events: https://docs.stripe.com/webhooks/process-undelivered-events
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.acknowledged_failures import AcknowledgedFailure
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each ``except`` after which a failure is acknowledged."""
    if not module.tries and "suppress" not in module.text:
        return
    from stripe_lint.analysis import acknowledged_failures

    for failure in acknowledged_failures.acknowledged_failures(module):
        span = place(failure)
        if failure.failed_check:
            yield Hit(span, "a delivery that failed verification is answered with a success: answer 400")
        elif failure.dropped:
            yield Hit(
                span,
                "the error response of this call is dropped, so Stripe is told that the event was handled and never "
                "sends it again: return it",
                None if failure.grave else Severity.INFO,
            )
        else:
            yield Hit(
                span,
                "the work for this event failed, and Stripe is told that it succeeded and never sends it again: "
                "answer 500, or store the event first",
                None if failure.grave else Severity.INFO,
            )


def place(failure: AcknowledgedFailure) -> Span:
    """The place that is reported: the word ``except`` or ``with``, or the call."""
    import ast

    whole = failure.module.span(failure.node)
    if failure.dropped:
        return whole
    word = "except"
    if isinstance(failure.node, ast.With | ast.AsyncWith):
        word = "with" if isinstance(failure.node, ast.With) else "async with"
    return Span(whole.line, whole.column, whole.line, whole.column + len(word))


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Tell Stripe of the failure."""
    from stripe_lint.rules import _acknowledged_failure

    _acknowledged_failure.repair(module, hit, edit)


RULE = Rule(
    code="STP108",
    name="failure-acknowledged",
    summary="A failure is answered with a success, so the event is lost.",
    severity=Severity.WARNING,
    cwe=(390,),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
