"""One key for two requests.

## What it finds

An idempotency key that a second, different request is sent with:

- two calls share one key and it is not made anew between them, be they different operations or the same one with other
  parameters, in one function or through helpers;
- a key is made before a loop, a comprehension or a `map` and used for each of the items, also where a function of the
  project is handed it to send the request;
- a key is made once in the life of the process: at module level, as a class attribute or default argument, behind
  `lru_cache`;
- a key whose parts are all optional parameters, and a caller leaves all of them out (`f"{order_id}-{attempt}"` becomes
  `"None-None"`).

Reported as an `error` at the second use; where a single call is all there is (a loop, a key of the process), at that
call.

Not reported: a retry that repeats one and the same request, which is what a key is for; branches of which only one can
run; a key that gets a suffix of its own for each request; test code. A key without any varying part is STP203.

Limit: keys are compared by the expression that makes them, so two expressions that happen to give equal text are not
recognised.

## Why it costs money

Stripe compares a request with the first one that had the key. With another endpoint or other parameters it refuses it
with an idempotency error: the customer exists and the subscription does not, or the first item is on the invoice and
the rest is missing. With the same parameters it answers with what the first request gave: two equal lines become one,
and the program believes in both.

The error is raised as `stripe.IdempotencyError` where Stripe answers with status 400, and as `stripe.APIError` with
status 409, so an `except stripe.InvalidRequestError` catches neither.

## Bad

```python
import uuid

import stripe


def subscribe(user, price):
    key = str(uuid.uuid4())
    customer = stripe.Customer.create(name=user.name, idempotency_key=key)
    return stripe.Subscription.create(customer=customer.id, items=[{"price": price}], idempotency_key=key)


def bill(customer, lines):
    key = f"bill-{customer.id}"
    for line in lines:
        stripe.InvoiceItem.create(
            customer=customer.ref, amount=line.cents, currency="eur", idempotency_key=key
        )
```

## Good

```python
import stripe


def subscribe(user, price):
    customer = stripe.Customer.create(name=user.name, idempotency_key=f"user-{user.id}-customer")
    return stripe.Subscription.create(
        customer=customer.id, items=[{"price": price}], idempotency_key=f"user-{user.id}-subscription-{price}"
    )


def bill(customer, lines):
    for line in lines:
        stripe.InvoiceItem.create(
            customer=customer.ref, amount=line.cents, currency="eur", idempotency_key=f"line-{line.id}"
        )
```

## Fix

One key for one request. Give each operation a suffix of its own, and each item its id; make what is random inside the
loop over the items, but outside the loop that retries one of them. A key that the browser sends serves one request to
Stripe, not the whole checkout: add the name of the operation to it. Make optional parts of a key required parameters.

With `--unsafe-fixes`, `stripe-lint fix` adds the operation to the key of the second request (`f"{key}-subscription"`),
or the id of the item in a loop; where a random key was made before the loop, each item gets one of its own. A key that
was made once in the life of the process is made for each call; the default of a dataclass or Pydantic field becomes a
`default_factory`, a default argument `None`. A stable key that nothing in sight tells apart by items, and a key whose
parts are left out, stay and are reported.

## Suppress

```python
stripe.Refund.create(charge=charge_id, idempotency_key=key)  # noqa: STP204 - each process handles one refund
```

## References

- Idempotent requests: https://docs.stripe.com/api/idempotent_requests
- Errors: https://docs.stripe.com/api/errors
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each second request that one key value reaches."""
    from stripe_lint.analysis import keys, stripe_calls

    if not (stripe_calls.changes_anything(module) or keys.makes_fresh_values(module) or keys.KEY in module.text):
        return
    from stripe_lint.analysis import key_choices

    for reuse in key_choices.reused_keys(module):
        step = Step(str(reuse.source.module.path), reuse.source.line, reuse.words)
        yield Hit(
            module.span(reuse.node),
            "one idempotency key is sent with different requests: Stripe refuses the second; make one key per request",
            steps=(step,),
        )


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Give each request a key of its own."""
    from stripe_lint.rules import _shared_keys

    _shared_keys.repair(module, hit, edit)


RULE = Rule(
    code="STP204",
    name="reused-idempotency-key",
    summary="One idempotency key reaches two different requests.",
    severity=Severity.ERROR,
    cwe=(837,),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
