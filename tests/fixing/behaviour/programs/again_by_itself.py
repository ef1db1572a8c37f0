import stripe


def refund(order, attempts=3):
    try:
        return stripe.Refund.create(payment_intent=order.payment_intent)
    except stripe.StripeError:
        if attempts > 1:
            return refund(order, attempts - 1)
        raise
