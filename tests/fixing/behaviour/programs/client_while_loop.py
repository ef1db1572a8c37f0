import stripe


def refund(order):
    client = stripe.StripeClient(
        stripe.api_key, base_addresses={"api": stripe.api_base}, http_client=stripe.default_http_client
    )
    attempts = 0
    while True:
        try:
            return client.v1.refunds.create({"payment_intent": order.payment_intent})
        except stripe.StripeError:
            attempts += 1
            if attempts == 3:
                raise
