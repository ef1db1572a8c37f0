"""A request without a key that does not move money.

## What it finds

A call that changes something at Stripe, is not among those of STP201 and passes no idempotency key: `modify` and
`save()`, products, prices and coupons, payment methods and setup intents, account links, portal sessions, a Checkout
session with `mode="setup"`, changes of a subscription that bill nothing. Calls and ways to pass a key are told apart as
in STP201.

The rule is off by default and always an `info`. Switch it on with `extend-select = ["STP202"]`.

Not reported: requests that only read, among them POSTs such as `Invoice.create_preview`; deletions, where a key has no
effect in API v1; a call whose arguments come from outside the function and can't be seen; test code.

Limit: the rule does not know whether the call is ever repeated, or whether a repetition would be noticed.

## Why it costs money

It rarely does at once. A repeated `modify` writes the same values again; a repeated `create` leaves a second product,
price or coupon, and those are found in reports, on invoices and in the catalogue of the shop later.

What the SDK does already: since 2.8.0 it sends a random key with every POST that has none, a new one for each call, and
repeats that key when it repeats the request itself, at most `max_network_retries` times: by default 0 up to 10.12.1 and
2 since 11.0.0. A `StripeClient` made without `max_network_retries` makes 0 retries in every version.

What it cannot do: recognise a second call. What your program, a task queue or a user repeats gets another key and is
another request. Where nothing but the SDK retries, the automatic key is enough.

## Bad

```python
import stripe
from celery import shared_task

from catalogue.models import Product


@shared_task(autoretry_for=(stripe.APIConnectionError,), retry_backoff=True)
def publish(product_id):
    product = Product.objects.get(pk=product_id)
    created = stripe.Product.create(name=product.name, metadata={"product": product.pk})
    price = stripe.Price.create(product=created.id, unit_amount=product.cents, currency="eur")
    Product.objects.filter(pk=product_id).update(stripe_product=created.id, stripe_price=price.id)
```

## Good

```python
import stripe
from celery import shared_task

from catalogue.models import Product


@shared_task(autoretry_for=(stripe.APIConnectionError,), retry_backoff=True)
def publish(product_id):
    product = Product.objects.get(pk=product_id)
    created = stripe.Product.create(
        name=product.name, metadata={"product": product.pk}, idempotency_key=f"product-{product.pk}-create"
    )
    price = stripe.Price.create(
        product=created.id, unit_amount=product.cents, currency="eur", idempotency_key=f"product-{product.pk}-price"
    )
    Product.objects.filter(pk=product_id).update(stripe_product=created.id, stripe_price=price.id)
```

## Fix

Pass a key that names the operation and stays the same for all attempts, as described for STP201. For an update that
happens again with other values, put into the key what makes this update another one
(`f"product-{product.pk}-v{version}"`): API v1 refuses a known key that comes with other parameters.

A key does not last: API v1 may remove it once it is 24 hours old, API v2 keeps it for 30 days; after that the same key
is a new request. Against repetitions that come later, store the id of what was created and look there first.

## Suppress

```python
stripe.Customer.modify(customer_id, name=name)  # noqa: STP202 - writes the same values again
```

## References

- Idempotent requests: https://docs.stripe.com/api/idempotent_requests
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
    """Report each other mutating call without a key."""
    from stripe_lint.analysis import stripe_calls

    if not stripe_calls.changes_anything(module):
        return
    from stripe_lint.rules import _idempotency

    yield from _idempotency.unkeyed(module, critical=False)


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Pass a key that is made where it stays the same for all attempts."""
    from stripe_lint.rules import _missing_key

    _missing_key.repair(module, hit, edit)


RULE = Rule(
    code="STP202",
    name="missing-idempotency-key-other",
    summary="A mutating call that moves no money has no idempotency key.",
    severity=Severity.INFO,
    cwe=(837,),
    fix=FixClass.UNSAFE,
    repair=fix,
    default=False,
    detect=detect,
)
