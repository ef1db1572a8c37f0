"""A shop on FastAPI, with asynchronous handlers.

    uvicorn --app-dir examples/fastapi_shop app:app

Then, in another terminal: python examples/play_stripe.py http://127.0.0.1:8000
"""

import asyncio
import os
from pathlib import Path

import stripe
from fastapi import FastAPI, HTTPException

from stripe_lint.runtime import AlreadySucceeded, IdempotencyKeys, OperationError, WebhookInbox
from stripe_lint.runtime.adapters import fastapi as stripe_fastapi
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET  # for this machine only: an inbox refuses it beside a live API key

folder = Path(os.environ.get("SHOP_FOLDER", "."))
stripe.api_key = os.environ.get("STRIPE_API_KEY")

store = SQLiteStore(folder / "fastapi_shop.db")
keys = IdempotencyKeys(store, namespace="fastapi-shop-example")
inbox = WebhookInbox(os.environ.get("STRIPE_WEBHOOK_SECRETS", SECRET).replace(",", " ").split(), store, keys=keys)

app = FastAPI()
app.include_router(stripe_fastapi.router(inbox))

paid = {}


@inbox.on("checkout.session.completed", "checkout.session.async_payment_succeeded")
async def book(event, delivery):
    """Books a payment. Two events can tell of the same one: the session decides."""
    session = event.object
    if session["payment_status"] == "paid" and await delivery.once_async(f"book:{session['id']}"):
        await asyncio.sleep(0.02)  # your database
        order = session["metadata"]["order"]
        paid[order] = paid.get(order, 0) + 1


@app.get("/orders")
async def orders():
    """How often each order was booked: once."""
    return paid


@app.post("/orders/{order}/refund")
async def refund(order: str):
    """Gives the money back once, however often this is called, and whatever happens to the answer."""
    params = {"payment_intent": f"pi_{order}"}
    try:
        async with keys.operation("refund_order", order, params, result="refund") as op:
            made = await op.succeeded_async(await stripe.Refund.create_async(**params, idempotency_key=op.key))
    except AlreadySucceeded as done:
        return {"refund": done.object_id}
    except (OperationError, stripe.StripeError):
        raise HTTPException(502) from None
    return {"refund": made.id}
