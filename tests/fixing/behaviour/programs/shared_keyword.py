import uuid

import stripe


def refund(order):
    key = str(uuid.uuid4())
    stripe.Customer.modify(order.customer, metadata={"refunded": order.id}, idempotency_key=key)
    stripe.Refund.create(payment_intent=order.payment_intent, idempotency_key=key)
