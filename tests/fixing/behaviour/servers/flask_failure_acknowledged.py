import os
import sqlite3

import stripe
from flask import Flask, request

app = Flask(__name__)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/stripe/webhook")
def stripe_webhook():
    try:
        event = stripe.Webhook.construct_event(request.data, request.headers.get("Stripe-Signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        return "", 400
    order = event["data"]["object"]["metadata"]["order"]
    try:
        with sqlite3.connect(os.environ["LEDGER"] + ".db") as connection:
            connection.execute("UPDATE orders SET paid = 1 WHERE id = ?", (order,))
    except sqlite3.Error:
        app.logger.exception("order %s is not marked as paid", order)
    return "", 200
