"""What Stripe tells the shop."""

import json

import stripe
from flask import Blueprint, abort, current_app, request

import settings
import store

webhooks = Blueprint("webhooks", __name__, url_prefix="/webhooks")


def verified(payload, secret):
    """The event in ``payload`` if Stripe signed it; anything else is refused."""
    signature = request.headers.get("Stripe-Signature")
    try:
        return stripe.Webhook.construct_event(payload, signature, secret)
    except (ValueError, stripe.SignatureVerificationError):
        current_app.logger.warning("webhook refused: %s", request.path)
        abort(400)


@webhooks.post("/payments")
def payments():
    payload = request.get_data()
    try:
        event = json.loads(payload)
    except ValueError:
        abort(400)

    if settings.STRIPE_WEBHOOK_SECRET:
        event = verified(payload, settings.STRIPE_WEBHOOK_SECRET)

    intent = event["data"]["object"]
    if event["type"] == "payment_intent.succeeded":
        store.set_order_status(intent["id"], "paid")
    return "", 200


@webhooks.post("/members")
def members():
    payload = request.get_data(as_text=True)
    signature = request.headers.get("Stripe-Signature")
    try:
        stripe.WebhookSignature.verify_header(payload, signature, settings.STRIPE_MEMBERS_SECRET, 300)
    except stripe.SignatureVerificationError as error:
        current_app.logger.warning("members webhook: %s", error)

    event = stripe.Event.construct_from(json.loads(payload), stripe.api_key)
    if event.type.startswith("customer.subscription."):
        subscription = event.data.object
        store.set_member_status(subscription.customer, subscription.status)
    return "", 200


@webhooks.post("/disputes")
def disputes():
    event = verified(json.dumps(request.get_json()), settings.STRIPE_DISPUTES_SECRET)
    if event.type == "charge.dispute.created":
        store.set_order_status(event.data.object.payment_intent, "disputed")
    return "", 200


@webhooks.post("/refunds")
def refunds():
    event = verified(request.get_data(), settings.STRIPE_WEBHOOK_SECRET)
    if event.type == "charge.refunded":
        store.set_order_status(event.data.object.payment_intent, "refunded")
    return "", 200


@webhooks.post("/sellers")
def sellers():
    event = stripe.Event.construct_from(request.get_json(), stripe.api_key)
    if event.type == "account.updated":
        account = event.data.object
        store.set_seller_payouts(account.id, account.payouts_enabled)
    return "", 200
