"""Everything the shop asks of Stripe."""

import time
import uuid

import stripe

import settings

stripe.api_key = settings.STRIPE_SECRET_KEY

SIGNUP_KEY = f"{settings.SHOP_NAME}-signup"
REFUND_ATTEMPTS = 3


class RefundFailed(Exception):
    """Stripe could not be reached."""


def register_customer(email):
    """Makes the customer that later payments belong to."""
    return stripe.Customer.create(email=email, idempotency_key=SIGNUP_KEY)


def start_payment(order):
    """Asks for the money of an order; the browser confirms it."""
    return stripe.PaymentIntent.create(
        amount=order["amount"],
        currency=settings.CURRENCY,
        customer=order["customer"],
        metadata={"order": order["id"]},
    )


def bill_wholesale(customer, lines):
    """Makes one invoice for several lines."""
    key = str(uuid.uuid4())
    for line in lines:
        stripe.InvoiceItem.create(
            customer=customer,
            amount=line["amount"],
            currency=settings.CURRENCY,
            description=line["title"],
            idempotency_key=key,
        )
    return stripe.Invoice.create(
        customer=customer,
        pending_invoice_items_behavior="include",
        idempotency_key=f"{key}-invoice",
    )


def refund(order):
    """Gives the money back, also when the line is bad."""
    for attempt in range(REFUND_ATTEMPTS):
        try:
            return stripe.Refund.create(
                payment_intent=order["payment"],
                idempotency_key=f"refund-{order['id']}-{uuid.uuid4()}",
            )
        except stripe.APIConnectionError:
            time.sleep(2**attempt)
    raise RefundFailed(order["id"])
