import json
import os

import stripe
from flask import Blueprint, Flask, request

from ledger import fulfil

stripe.api_key = os.environ.get("STRIPE_SECRET_KEY", "sk_test_none")
hooks = Blueprint("hooks", __name__)


@hooks.post("/stripe/webhook")
def incoming():
    body = request.get_data(as_text=True)
    try:
        event = stripe.Event.construct_from(json.loads(body), stripe.api_key)
    except ValueError as error:
        return f"bad json: {error}", 400
    if event.type == "checkout.session.completed":
        fulfil(event.data.object.metadata["order"])
    return "", 200


app = Flask(__name__)
app.register_blueprint(hooks)
