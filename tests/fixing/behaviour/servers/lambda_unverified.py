"""Answers what Stripe delivers."""

import json
import os

from ledger import fulfil

STAGE = os.environ.get("STAGE", "test")


def handler(event, context):
    delivery = json.loads(event["body"])
    if delivery["type"] == "checkout.session.completed":
        fulfil(delivery["data"]["object"]["metadata"]["order"])
    return {"statusCode": 200, "body": json.dumps({"stage": STAGE})}
