"""A new key on each attempt.

## What it finds

A request whose idempotency key is made inside the retry that repeats it: `uuid.uuid4()`, the clock, a random number, or
the number of the attempt. A retry is a loop that sends the request again after a failure, `tenacity`, `backoff`,
`stamina`, `retrying` and their like, Celery's `autoretry_for` and `self.retry`, RQ, Dramatiq and Huey, a retrying
decorator of the project, a function that calls itself after a failure. The key and the retry may be in different
functions and files; a caller may make the key within its retry and hand it to the function that sends the request.

Reported as an `error` at the request.

Not reported: a loop over items, each with a key of its own; a loop that polls, or takes the next job; a key that is
made before the retry, is handed in or is read from a row; a fresh value that is not the key; test code.

Limit: retries are looked for a few calls up from the request, and a value counts as fresh only if a known function of
the standard library or of a common package makes it.

## Why it costs money

The key is there, it looks right, and it does nothing. A retry is needed after a timeout or a broken connection, when
Stripe may have carried out the request already. Only the same key makes Stripe answer the second attempt with the
result of the first; with a new one the second attempt is a second payment, refund or transfer.

It is worse than no key where the SDK's own retries would have been enough: those repeat their key, the loop around them
does not.

## Bad

```python
import time
import uuid

import stripe


def pay_out(seller):
    for attempt in range(5):
        try:
            return stripe.Transfer.create(
                amount=seller.balance,
                currency="eur",
                destination=seller.account,
                idempotency_key=str(uuid.uuid4()),
            )
        except (stripe.APIConnectionError, stripe.RateLimitError):
            time.sleep(2**attempt)
    raise RuntimeError(f"seller {seller.id} was not paid")
```

## Good

```python
import time
import uuid

import stripe


def pay_out(seller):
    key = str(uuid.uuid4())
    for attempt in range(5):
        try:
            return stripe.Transfer.create(
                amount=seller.balance,
                currency="eur",
                destination=seller.account,
                idempotency_key=key,
            )
        except (stripe.APIConnectionError, stripe.RateLimitError):
            time.sleep(2**attempt)
    raise RuntimeError(f"seller {seller.id} was not paid")
```

## Fix

Make the key before the first attempt: above the loop, in the caller of the decorated function, in whatever enqueues the
task, and pass it in. A task queue or a second process needs a key that outlives the function: derive it from the record
(`f"payout-{payout.id}"`), store it in a column of the row, or, in a Celery task, use `self.request.id`, which a retried
task keeps.

With `--unsafe-fixes`, `stripe-lint fix` moves what makes the key in front of the loop, leaves the number of the attempt
out of the key, or makes a random key in the function around. A key that is kept, logged or named elsewhere stays the
one that is sent. A function that is retried by a decorator gets the key as a parameter if all of its callers are in the
file and it is not handed on or overridden; they make it. In a task the key is made of an id in scope, or of
`self.request.id` in a bound Celery task.

A key lasts at least 24 hours in API v1 and 30 days in API v2. A retry that comes later has to look up first what was
done.

## Suppress

```python
stripe.PaymentIntent.create(**order, idempotency_key=str(uuid.uuid4()))  # noqa: STP205 - each attempt is a new order
```

## References

- Idempotent requests: https://docs.stripe.com/api/idempotent_requests
- Advanced error handling: https://docs.stripe.com/error-low-level
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each retried call whose key is made anew on each attempt."""
    from stripe_lint.analysis import stripe_calls

    if not stripe_calls.changes_anything(module):
        return
    from stripe_lint.analysis import regenerated_keys

    for found in regenerated_keys.regenerated_keys(module):
        steps = (
            Step(str(found.source.module.path), found.source.line, "the key is made here, on each attempt"),
            Step(str(found.retry.place.module.path), found.retry.place.line, found.retry.words),
        )
        yield Hit(
            module.span(found.node),
            "each attempt sends a new idempotency key, so a retry can charge twice: make the key before the retry",
            steps=steps,
        )


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Make the key once, before the first attempt."""
    from stripe_lint.rules import _regenerated_keys

    _regenerated_keys.repair(module, hit, edit)


RULE = Rule(
    code="STP205",
    name="regenerated-idempotency-key",
    summary="The idempotency key is made anew on each attempt.",
    severity=Severity.ERROR,
    cwe=(837,),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
