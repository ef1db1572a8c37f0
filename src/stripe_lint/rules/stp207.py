"""A key that has no effect.

## What it finds

- A key on a GET or DELETE request of API v1 (`retrieve`, `list`, `delete`, …), for which it means nothing.
- A key in the dict of parameters of a `StripeClient` service instead of `options`: it is sent as a field of the
  request, and the SDK makes another key.
- An empty key, or `None`, in the call, in the dict that is unpacked, or handed over by a caller where a key is
  required; a parameter for the key that no caller in the project passes: the SDK makes one for each request.
- A literal of more than 255 characters, which Stripe refuses.

Reported as a `warning` at the call.

Not reported: `idempotency_key=key` where `key` may be `None` because one of its callers leaves it out; a DELETE request
of API v2, which takes keys.

Limit: a dict of arguments is judged where its contents can be seen in the function.

## Why it costs money

Whoever wrote the key believes that a second attempt can't charge twice. It can: with an empty key, or one in the wrong
dict, each attempt is a new request to Stripe. On a GET or DELETE nothing happens, but the next reader takes the call
for one that is protected.

## Bad

```python
import stripe


def refund(client: stripe.StripeClient, order):
    client.refunds.create(
        {"payment_intent": order.payment_intent, "idempotency_key": f"refund-{order.id}"},
    )
```

## Good

```python
import stripe


def refund(client: stripe.StripeClient, order):
    client.refunds.create(
        {"payment_intent": order.payment_intent},
        {"idempotency_key": f"refund-{order.id}"},
    )
```

## Fix

Move the key into `options`, the second dict of a service method. Remove it from GET and DELETE requests. Replace an
empty key by one that names the operation, or leave the argument out. Shorten a long one with a hash.

`stripe-lint fix` takes the key from GET and DELETE requests and moves it into `options` in the others, if the
parameters are written out in the call. In place of an empty key it makes one as for STP201: a random one for this call,
which is what the SDK sends by itself, and with `--unsafe-fixes` one of an id in scope, or one before the retry. A key
that is too long stays, since what it should say is not known.

## Suppress

```python
stripe.Customer.retrieve(customer, idempotency_key=key)  # noqa: STP207 - the proxy logs the key
```

## References

- Idempotent requests: https://docs.stripe.com/api/idempotent_requests
- stripe-python: https://github.com/stripe/stripe-python#per-request-configuration
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each call whose key has no effect."""
    if "idempotency_key" not in module.text:
        return
    from stripe_lint.analysis import ineffective_keys

    for found in ineffective_keys.ineffective_keys(module):
        handed = found.handover
        steps = (Step(str(handed.module.path), handed.call.lineno, "the key is handed over here"),) if handed else ()
        yield Hit(module.span(found.node), found.reason, steps=steps)


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Move the key to where it counts, or take it out where none does."""
    from stripe_lint.rules import _ineffective_key

    _ineffective_key.repair(module, hit, edit)


RULE = Rule(
    code="STP207",
    name="ineffective-idempotency-key",
    summary="The idempotency key has no effect.",
    severity=Severity.WARNING,
    cwe=(837,),
    fix=FixClass.SAFE,
    repair=fix,
    detect=detect,
)
