"""An effect that a repeated delivery repeats.

## What it finds

A verified handler that does something which must not happen twice, with nothing before it that looks for an earlier
delivery of the event: it adds a row, sends a mail or another message, adds to a stored number, or makes a Stripe call
that creates something with an idempotency key that is made anew each time. Functions that the handler calls and tasks
that it starts are followed, in other files too. Each branch is judged for itself, and its first effect is reported.

Reported as a `warning` at the effect, or at the call in the handler's file that leads to it.

Not reported: an effect after a look at the event's id, at a row that is there already, at a status or a flag; a
`get_or_create`, an upsert, a unique column; plain assignment of state, which may happen twice; what can't be seen
completely; what is done before the verification; a row of a log; the handlers of dj-stripe, which has a table of
events. A look among ids that the process keeps in memory counts as well, though it knows nothing of other processes and
of what was before the last start. A call of Stripe that moves money without any key is STP201.

Limit: any test of the project's own data counts as a look for an earlier delivery, whether it is one or not. A test
before the verification, such as whether there is a signature, counts only where it looks at a row, or where the body
has been parsed by then.

## Why it costs money

Stripe delivers at least once, not exactly once. It repeats an event when the answer is late or gets lost, also after
the work was done, sometimes days later, and may send two copies at the same moment. An endpoint that is entered twice
gets everything twice. Each copy is genuine: the signature is right. What happens again is the credit, the mail, the
shipment, the refund.

## Bad

```python
import os

import stripe
from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


class Credit(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    customer = db.Column(db.String)
    amount = db.Column(db.Integer)


@app.post("/webhook")
def webhook():
    try:
        event = stripe.Webhook.construct_event(request.get_data(), request.headers.get("Stripe-Signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        abort(400)
    if event["type"] == "payment_intent.succeeded":
        intent = event["data"]["object"]
        db.session.add(Credit(customer=intent["customer"], amount=intent["amount_received"]))
        db.session.commit()
    return "", 200
```

## Good

```python
import os

import stripe
from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import IntegrityError

app = Flask(__name__)
db = SQLAlchemy(app)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


class Credit(db.Model):
    event = db.Column(db.String, primary_key=True)
    customer = db.Column(db.String)
    amount = db.Column(db.Integer)


@app.post("/webhook")
def webhook():
    try:
        event = stripe.Webhook.construct_event(request.get_data(), request.headers.get("Stripe-Signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        abort(400)
    if event["type"] == "payment_intent.succeeded":
        intent = event["data"]["object"]
        db.session.add(Credit(event=event["id"], customer=intent["customer"], amount=intent["amount_received"]))
        try:
            db.session.commit()
        except IntegrityError:
            return "", 200
    return "", 200
```

## Fix

Store the event's `id` in a column with a unique constraint, in the same transaction as the effect, and answer 200 where
the database refuses it. A look-up before the insert is not enough where two copies arrive at once; the constraint is.
For a mail or a call of another service, write a row that says it is to be sent, and send from there. For a call of
Stripe derive the idempotency key from the event's id.

Where one object of yours changes once, such as an order that becomes paid, change it on a condition
(`update orders set paid = true where id = … and not paid`) and go on only if a row was changed.

## Suppress

```python
send_mail(subject, text, sender, [address])  # noqa: STP111 - the mail service drops what has the same reference
```

## References

- Handle duplicate events: https://docs.stripe.com/webhooks#handle-duplicate-events
- Idempotent requests: https://docs.stripe.com/api/idempotent_requests
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import Confidence, Hit, Rule, Severity, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

_WORDS = ("hook", "event", "signature", "verify_header")


def detect(module: Module) -> Iterator[Hit]:
    """Report the first effect of each branch that a repeated delivery repeats."""
    lowered = module.lowered
    if not any(word in lowered for word in _WORDS):
        return
    from stripe_lint.analysis import webhook_functions

    if webhook_functions.only_verify(module.calls):
        return
    from stripe_lint.analysis import repeated_effects

    for effect in repeated_effects.repeated_effects(module):
        steps: tuple[Step, ...] = ()
        if effect.place.node is not effect.reported.node:
            steps = (Step(str(effect.place.module.path), effect.place.line, f"it {effect.what} here"),)
        yield Hit(
            effect.reported.module.span(effect.reported.node),
            f"this {effect.what} each time the event is delivered, which may be often: look for the event's id first",
            steps=steps,
        )


RULE = Rule(
    code="STP111",
    name="no-duplicate-check",
    summary="A repeated delivery repeats the effect.",
    severity=Severity.WARNING,
    cwe=(837,),
    confidence=Confidence.MEDIUM,
    detect=detect,
)
