"""An application that charges an order: one operation, tried again until it is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from stripe_lint.runtime import IdempotencyKeys

HOUR = 3600.0
DAY = 24 * HOUR
PARAMS = {"amount": 1999, "currency": "eur", "metadata": {"operation": "charge_order:17"}}


def charge(
    keys: IdempotencyKeys, fault: str = "", params: dict[str, Any] = PARAMS, business_id: Any = 17, **options: Any
) -> Any:
    """One attempt."""
    with keys.operation("charge_order", business_id, params, result="payment_intent", **options) as op:
        sent = {"idempotency_key": op.key, "headers": {"X-Fault": fault}}
        return op.succeeded(stripe.PaymentIntent.create(**params, **sent))


def fails(keys: IdempotencyKeys, fault: str, **options: Any) -> None:
    """An attempt that an error ends."""
    with pytest.raises(stripe.StripeError):
        charge(keys, fault, **options)


def states(keys: IdempotencyKeys) -> list[str]:
    """The states of the operations that are not finished."""
    return [record.state.value for record in keys.unfinished()]
