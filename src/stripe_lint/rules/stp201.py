"""A payment request that a retry repeats.

## What it finds

A call that moves or commits money, or creates what later moves it, and passes no idempotency key: not as
`idempotency_key=`, not in a `StripeClient` service's `options`, not in a `headers` argument, and not in `**kwargs` or
options that can be seen. Meant are calls on resource classes, on objects that the SDK returned and on what is in them
(`intent.confirm()`, `intent.charges.data[0].refund()`), on `StripeClient` services, their `_async` twins, and methods
handed on (`asyncio.to_thread(stripe.Refund.create, ...)`), also where all callers hand the SDK to the function.

Severities:

- `error`: inside a retry (a loop, `tenacity`, `backoff`, Celery's `autoretry_for` or `self.retry`, a function that
  calls itself, or what it is given, again after a failure), in a webhook handler whether it verifies or not, and in a
  task that is delivered again (`acks_late`, `reject_on_worker_lost`).
- `warning`: everywhere else, for charges, payment intents, refunds, transfers and their reversals, payouts, top-ups,
  fee refunds, customers and their balance, credit grants, subscriptions and schedules, changes of a subscription's
  items, price, quantity or billing anchor, usage and meter events, invoices and their items, credit notes, orders,
  issued cards, treasury movements and captures of a part.
- `info`: wherever it stands, what Stripe itself refuses a second time (confirm, full capture, pay or finalize an
  invoice, accept a quote), what costs nothing before somebody pays (Checkout sessions, payment links), and usage that
  is set (`action="set"`) or reported with an identifier of its own (`identifier=` of a meter event).

Not reported: a call whose arguments come from outside the function and can't be seen; a key that is passed and empty;
requests that only read; test code. Other calls that change something are STP202.

Limit: a retry is looked for in the function, around it and in its callers up to a few levels; one that a gateway, a job
scheduler or a person makes is not seen.

## Why it costs money

A connection can break after Stripe has carried out the request and before the answer arrives. The program sees an
error, tries again, and the customer pays twice.

What the SDK does already: since 2.8.0 it sends a random key with every POST that has none, a new one for each call, and
repeats that key when it repeats the request itself. It does so after connection errors, after status 409 and, since
2.38.0, after 500 and above, at most `max_network_retries` times: by default 0 up to 10.12.1 and 2 since 11.0.0. A
`StripeClient` made without `max_network_retries` makes 0 retries in every version.

What it cannot do: recognise the second call. When your loop, the task queue, the redelivered webhook or the customer
who clicks again runs the line once more, the SDK makes another key, and for Stripe it is another request. Only a key
that your program keeps tells Stripe that the two are one. The sentence in the SDK's README that automatic keys
"guarantee that retries are safe" is true of its own retries only.

## Bad

```python
import time

import stripe


def refund(order):
    for attempt in range(3):
        try:
            return stripe.Refund.create(payment_intent=order.payment_intent)
        except stripe.APIConnectionError:
            time.sleep(2**attempt)
    raise RuntimeError(f"order {order.id} was not refunded")


def charge(order):
    client = stripe.StripeClient(order.shop.secret_key)
    return client.v1.payment_intents.create({"amount": order.cents, "currency": "eur", "customer": order.customer})
```

## Good

```python
import time

import stripe


def refund(order):
    for attempt in range(3):
        try:
            return stripe.Refund.create(
                payment_intent=order.payment_intent, idempotency_key=f"order-{order.id}-refund"
            )
        except stripe.APIConnectionError:
            time.sleep(2**attempt)
    raise RuntimeError(f"order {order.id} was not refunded")


def charge(order):
    client = stripe.StripeClient(order.shop.secret_key)
    params = {"amount": order.cents, "currency": "eur", "customer": order.customer}
    return client.v1.payment_intents.create(params, {"idempotency_key": f"order-{order.id}-charge"})
```

## Fix

Pass a key that names the operation and stays the same for all attempts:

- derived from your own record: `f"order-{order.id}-refund"`; where an operation may rightly happen several times
  (partial refunds), from the row that stands for this one time;
- in a webhook handler derived from the event: `f"{event.id}-credit"`;
- where there is no record, `str(uuid.uuid4())`, made before the first attempt and stored with what is retried.

Resource methods take `idempotency_key=`, `StripeClient` services take it in `options`, the last parameter; within
`params` it is sent as a form field and does nothing. `None` and an empty string are replaced by an automatic key. A key
has at most 255 characters and should hold no personal data.

A key does not last. API v1 may remove it once it is 24 hours old, API v2 keeps it for 30 days; after that the same key
is a new request. It protects the retries of a day, not a job that is run again next week: store the id of what was
created and look there first. API v1 also replays a failure: a 500 that was answered once is answered again for this
key.

`stripe-lint fix` passes a random key from a variable before the call, where nothing repeats it. That is what the SDK
sends by itself, so nothing changes for a program that worked; it is the place where a stored key belongs. With
`--unsafe-fixes` the key is derived from an id in scope (`f"order-{order.id}-refund"`, the event's id in a webhook
handler, the task's id in a bound Celery task), or else a random one is made before the retry; where a whole delivery is
repeated that would not help, and nothing is changed. What else the function is given and sends, such as the id of a
milestone, the number of an instalment or an amount, tells the requests for one order apart and becomes a part of the
key. Where another function of the project sends the same kind of request for such an id, as one for the deposit and one
for the balance do, each key carries the name of its function (`f"order-{order.id}-payment-intent-deposit"`).

The key is random where an id would make one key of several requests: where the id may be missing (a parameter that may
be left out, `data.get("order_id")`), for what many may pay for (an event, a trip), where what tells the requests apart
is no id and no number, and for an amount that is refunded, reversed or captured and may be a part of the whole. So it
is for what is made anew where `retrieve` or `modify` told that the old one is gone: for a day Stripe would answer the
same key with the old one. No key is made where the attempts of a retry send different values, and a function that is
retried by a decorator gets the key as a parameter only if all of its callers are in the file and no other class
overrides it.

Read these changes: a derived key that is used again after its 24 hours is carried out again, and a second operation for
the same id, such as another payment for one order, needs another key.

## Suppress

```python
stripe.Refund.create(charge=charge_id)  # noqa: STP201 - run by hand, once, and never retried
```

## References

- Idempotent requests: https://docs.stripe.com/api/idempotent_requests
- Advanced error handling: https://docs.stripe.com/error-low-level
- API v2: https://docs.stripe.com/api-v2-overview
- Automatic retries of the SDK: https://github.com/stripe/stripe-python#configuring-automatic-retries
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each critical call without a key."""
    from stripe_lint.analysis import stripe_calls

    if not stripe_calls.changes_anything(module):
        return
    from stripe_lint.rules import _idempotency

    yield from _idempotency.unkeyed(module, critical=True)


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Pass a key that is made where it stays the same for all attempts."""
    from stripe_lint.rules import _missing_key

    _missing_key.repair(module, hit, edit)


RULE = Rule(
    code="STP201",
    name="missing-idempotency-key",
    summary="A call that moves or commits money has no idempotency key.",
    severity=Severity.WARNING,
    cwe=(837,),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
