import os
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from ledger import fulfil

app = FastAPI(title=os.environ.get("TITLE", "shop"))


class StripeEvent(BaseModel):
    id: str
    type: str
    data: dict[str, Any]


@app.post("/stripe/webhook")
async def stripe_webhook(event: StripeEvent):
    if event.type == "checkout.session.completed":
        fulfil(event.data["object"]["metadata"]["order"])
    return {"received": True}
