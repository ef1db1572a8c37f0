import uuid

import stripe


def refund(order):
    key = str(uuid.uuid4())
    for _ in range(3):
        try:
            stripe.Customer.modify(order.customer, metadata={"refunded": order.id}, idempotency_key=key)
            break
        except stripe.StripeError:
            continue
    for _ in range(3):
        try:
            return stripe.Refund.create(payment_intent=order.payment_intent, idempotency_key=key)
        except stripe.StripeError:
            continue
    raise RuntimeError("no refund")
