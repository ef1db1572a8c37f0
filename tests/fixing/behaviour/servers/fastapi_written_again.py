import json
import os

import stripe
from fastapi import APIRouter, Body, FastAPI, Header, HTTPException

from ledger import fulfil

router = APIRouter()
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@router.post("/stripe/webhook")
async def stripe_webhook(payload: dict = Body(...), stripe_signature: str | None = Header(None)):
    try:
        event = stripe.Webhook.construct_event(json.dumps(payload), stripe_signature, SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        raise HTTPException(status_code=400, detail="refused") from None
    if event["type"] == "checkout.session.completed":
        fulfil(event["data"]["object"]["metadata"]["order"])
    return {"received": True}


app = FastAPI()
app.include_router(router)
