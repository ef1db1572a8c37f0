"""A key that never changes.

## What it finds

A call that changes something at Stripe and whose idempotency key is the same for every request of the program: a
literal, a constant of a module, class or enum, a setting or environment variable, an f-string without a varying part, a
parameter for which every caller passes a constant, a function of the project that returns a constant. One of several
constants is a constant.

Reported as an `error` at the call.

Not reported: a constant prefix with an id (`f"refund-{order.id}"`); a key that is read from an instance, a request or a
parameter for which one caller passes something else or can't be seen; an empty key, which the SDK replaces by an
automatic one; test code. A random key that is made once when the program starts is STP204.

Limit: else a key counts as constant only where its definition is in the project and it is a constant on every path.

## Why it costs money

For Stripe one key is one request. API v1 keeps the status and the body of the first answer for at least 24 hours and
compares the parameters of what comes later with the same key:

- with other parameters the request is refused with an idempotency error, so the second customer of the day can't pay;
- with the same parameters the first answer is sent again, and nothing happens. The second customer with the same basket
  gets the first one's payment intent, which may be paid already, or the first one's customer; the second refund of the
  same amount is reported as made and is not.

A failure is kept too: a first answer with status 500 comes back all day. Where there is one request a day, as on a test
system, everything works.

## Bad

```python
import stripe

SIGNUP_KEY = "shop-signup"


def register(user):
    customer = stripe.Customer.create(email=user.email, idempotency_key=SIGNUP_KEY)
    user.stripe_customer = customer.id
    user.save()
```

## Good

```python
import stripe


def register(user):
    customer = stripe.Customer.create(email=user.email, idempotency_key=f"user-{user.id}-signup")
    user.stripe_customer = customer.id
    user.save()
```

## Fix

Put into the key what makes this operation different from all others: the id of the order, the row, the event, and a
word for the operation (`f"order-{order.id}-refund"`). The constant may stay as a prefix. If there is no such id, make
`str(uuid.uuid4())` where the operation begins and store it with what is retried. A mail address is no id: Stripe asks
to keep personal data out of keys.

Removing the key is safer than keeping a constant one: the SDK then makes a key for each call.

`stripe-lint fix --unsafe-fixes` makes a key as it does for STP201: of an id in scope (`f"order-{order.id}-refund"`),
else a random one, before the retry where there is one and else right before the call. A constant that has a name stays
as the beginning of the key. Read these changes: what was refused or answered with an old result until now is carried
out.

## Suppress

```python
stripe.Product.create(name="Gift card", idempotency_key="gift-card")  # noqa: STP203 - a migration, run once an account
```

## References

- Idempotent requests: https://docs.stripe.com/api/idempotent_requests
- Errors: https://docs.stripe.com/api/errors
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each call whose key is the same for every request."""
    from stripe_lint.analysis import stripe_calls

    if not stripe_calls.changes_anything(module):
        return
    from stripe_lint.analysis import key_choices

    for request in key_choices.constant_keys(module):
        yield Hit(
            module.span(request.node),
            "this idempotency key never changes: "
            "later requests are answered with the first one's result; derive it per operation",
        )


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Make a key for each request."""
    from stripe_lint.rules import _constant_keys

    _constant_keys.repair(module, hit, edit)


RULE = Rule(
    code="STP203",
    name="constant-idempotency-key",
    summary="The idempotency key is the same for every request.",
    severity=Severity.ERROR,
    cwe=(837,),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
