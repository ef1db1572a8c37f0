import stripe


def refund_all(orders):
    for order in orders:
        for attempt in range(3):
            try:
                stripe.Refund.create(payment_intent=order.payment_intent)
                break
            except stripe.StripeError:
                if attempt == 2:
                    raise


def refund(order):
    refund_all([order])
