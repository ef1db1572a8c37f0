import os
from typing import Any

from fastapi import BackgroundTasks, FastAPI
from pydantic import BaseModel

from ledger import fulfil

app = FastAPI(title=os.environ.get("TITLE", "shop"))


class StripeEvent(BaseModel):
    id: str
    type: str
    data: dict[str, Any]


@app.post("/stripe/webhook")
async def stripe_webhook(event: StripeEvent, background: BackgroundTasks):
    if event.type == "checkout.session.completed":
        background.add_task(fulfil, event.data["object"]["metadata"]["order"])
    return {"received": True}
