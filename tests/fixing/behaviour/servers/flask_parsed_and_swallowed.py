import json
import os

import stripe
from flask import Flask, request

from ledger import fulfil

app = Flask(__name__)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/stripe/webhook")
def stripe_webhook():
    data = json.loads(request.data)
    app.logger.info("stripe delivery %s", data.get("id"))
    try:
        stripe.Webhook.construct_event(request.data, request.headers.get("Stripe-Signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        app.logger.warning("bad signature")

    if data["type"] == "checkout.session.completed":
        fulfil(data["data"]["object"]["metadata"]["order"])
    return "", 200
