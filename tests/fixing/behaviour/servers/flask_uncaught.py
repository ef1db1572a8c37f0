import os

import stripe
from flask import Flask, request

from ledger import fulfil

app = Flask(__name__)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/stripe/webhook")
def stripe_webhook():
    event = stripe.Webhook.construct_event(request.data, request.headers.get("Stripe-Signature"), SECRET)
    if event["type"] == "checkout.session.completed":
        fulfil(event["data"]["object"]["metadata"]["order"])
    return "", 200
