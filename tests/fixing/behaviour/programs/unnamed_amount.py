import stripe


def send(cents, account):
    for _ in range(3):
        try:
            return stripe.Transfer.create(amount=cents, currency="eur", destination=account)
        except stripe.StripeError as error:
            print("transfer failed", type(error).__name__)
    raise RuntimeError("the transfer was not made")


def refund(order):
    send(500, order.account)
