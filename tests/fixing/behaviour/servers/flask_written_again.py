import json
import os

import stripe
from flask import Flask, request
from flask.views import MethodView

from ledger import fulfil


class StripeWebhook(MethodView):
    init_every_request = False

    def post(self):
        data = request.get_json()
        payload = json.dumps(data)
        event = None
        try:
            event = stripe.Webhook.construct_event(
                payload, request.headers.get("Stripe-Signature"), os.environ["STRIPE_WEBHOOK_SECRET"]
            )
        except Exception:
            pass

        if event["type"] == "checkout.session.completed":
            fulfil(event["data"]["object"]["metadata"]["order"])
        return "", 200


app = Flask(__name__)
app.add_url_rule("/stripe/webhook", view_func=StripeWebhook.as_view("stripe_webhook"))
