import os

import stripe
from fastapi import FastAPI, Header, Request

from ledger import fulfil

app = FastAPI()
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/stripe/webhook")
async def stripe_webhook(request: Request, stripe_signature: str = Header("")):
    payload = await request.body()
    event = stripe.Webhook.construct_event(payload, stripe_signature, SECRET)
    if event["type"] == "checkout.session.completed":
        fulfil(event["data"]["object"]["metadata"]["order"])
    return {"received": True}
