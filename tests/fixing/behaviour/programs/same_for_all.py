import stripe


def refund(order):
    for attempt in range(3):
        try:
            return stripe.Refund.create(payment_intent=order.payment_intent, idempotency_key="refund")
        except stripe.APIConnectionError:
            if attempt == 2:
                raise
        except stripe.APIError:
            continue
