"""A key that does not name the operation.

## What it finds

An idempotency key that comes from the clock, from `random`, from `id()`, `hash()` or a counter, that holds an e-mail
address or other personal data, or that names a customer or user and nothing else. The key may be put together in the
call, in a variable of the same function, in a function of the project, or by a caller that hands it over.

Reported as a `warning` where the key is made, if that is in the same function, else at the call.

Not reported: an id of an order, an event or a row (`f"order-{order.id}-charge"`), which is the best key; `uuid4`,
`secrets` and the like; a date as the period that a request is for (`f"rent-{lease.id}-{month}"`); a hash over personal
data. A timestamp within a retry is STP205.

Limit: what a name holds is told by the name.

## Why it costs money

A key says "this is the same operation". A time or a random number says "this is another one" each time it is asked: the
user's second click, the second delivery of the task, the second copy of the request all charge again. The clock and
`random` repeat themselves too: two customers in the same millisecond, or two processes with the same seed, have one
key, and the second gets the first one's payment, or an error.

`id()` and `hash()` of text differ from process to process, and `id()` is used again within one. A key that names the
customer alone refuses, or answers with the first result, everything that this customer buys for a day. Keys are stored
in logs and shown in the dashboard, and Stripe asks to keep personal data out of them.

## Bad

```python
import time

import stripe


def charge(order):
    return stripe.PaymentIntent.create(
        amount=order.total,
        currency="eur",
        idempotency_key=f"{order.id}-{time.time()}",
    )
```

## Good

```python
import stripe


def charge(order):
    return stripe.PaymentIntent.create(
        amount=order.total,
        currency="eur",
        idempotency_key=f"order-{order.id}-charge-{order.attempt}",
    )
```

## Fix

Derive the key from what is done: the id of the order, the row or the event, and a word for the operation. If the same
operation may be meant again, as after a declined card, count the attempts in the order. Where nothing has an id yet,
make `str(uuid.uuid4())` when the operation begins, and store it with what is retried.

`stripe-lint fix --unsafe-fixes` makes a key as it does for STP201: of an id in scope (`f"order-{order.id}-refund"`),
else a random one for this call, or before the retry where there is one. A key that holds an id beside the time stays
where one record may need several such requests, as a Checkout session may be opened again: a random key would lose the
id, and only you know what tells these requests apart. A key with personal data becomes its SHA-256 hash, so that what
was one operation stays one. Read these changes: what a clock or a random number sent again as a new request is answered
with the first result now.

## Suppress

```python
stripe.Payout.create(amount=cents, currency="eur", idempotency_key=key)  # noqa: STP206 - one a second at most
```

## References

- Idempotent requests: https://docs.stripe.com/api/idempotent_requests
- Designing robust and predictable APIs with idempotency: https://stripe.com/blog/idempotency
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each key that does not name the operation."""
    from stripe_lint.analysis import stripe_calls

    if not stripe_calls.changes_anything(module):
        return
    from stripe_lint.analysis import weak_keys

    for weak in weak_keys.weak_keys(module):
        handed = weak.handover
        steps = (Step(str(handed.module.path), handed.call.lineno, "the key is handed over here"),) if handed else ()
        yield Hit(module.span(weak.node), f"this idempotency key {weak.weakness.value}", steps=steps)


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Make a key that names the operation, or at least no other one."""
    from stripe_lint.rules import _weak_key

    _weak_key.repair(module, hit, edit)


RULE = Rule(
    code="STP206",
    name="weak-idempotency-key",
    summary="The idempotency key does not name the operation.",
    severity=Severity.WARNING,
    cwe=(330, 359),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
