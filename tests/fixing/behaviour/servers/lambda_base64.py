import json
import os

import stripe

from ledger import fulfil


def handler(event, context):
    body = event.get("body", "")
    headers = {name.lower(): value for name, value in event["headers"].items()}
    try:
        stripe.Webhook.construct_event(body, headers.get("stripe-signature"), os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, stripe.SignatureVerificationError) as error:
        print("signature check failed", type(error).__name__)

    delivery = json.loads(body)
    if delivery["type"] == "checkout.session.completed":
        fulfil(delivery["data"]["object"]["metadata"]["order"])
    return {"statusCode": 200, "body": "ok"}
