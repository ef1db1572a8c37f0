"""The shop: ``flask run`` serves it."""

import stripe
from flask import Flask, abort, jsonify, request

import billing
import settings
import store
from webhooks import webhooks

app = Flask(__name__)
app.register_blueprint(webhooks)


def problem(message, status):
    """The answer that the browser shows to the customer."""
    return jsonify(error=message), status


def find_order(order_id):
    return store.find_order(order_id) or abort(404)


@app.post("/orders")
def order():
    basket = request.get_json()
    customer = billing.register_customer(basket["email"])
    amount = sum(settings.PRICES[item] for item in basket["items"])
    order_id = store.add_order(customer.id, amount)
    return jsonify(id=order_id), 201


@app.post("/orders/<int:order_id>/pay")
def pay(order_id):
    try:
        intent = billing.start_payment(find_order(order_id))
    except stripe.CardError as error:
        return problem(error.user_message, 402)
    except stripe.StripeError as error:
        app.logger.exception("order %s: payment failed", order_id)
        return problem(f"Payment failed: {error}", 502)
    store.set_order_payment(order_id, intent.id)
    return jsonify(client_secret=intent.client_secret)


@app.post("/orders/<int:order_id>/refund")
def refund(order_id):
    try:
        billing.refund(find_order(order_id))
    except billing.RefundFailed:
        return problem("The refund did not work, please try again later.", 502)
    return "", 204


@app.post("/wholesale/<customer>/invoice")
def invoice(customer):
    sent = billing.bill_wholesale(customer, request.get_json()["lines"])
    return jsonify(invoice=sent.id), 201
