"""A shop on Flask. Its orders and its inbox are in one SQLite file, so each payment is booked exactly once.

    flask --app examples/flask_shop/app.py run

Then, in another terminal: python examples/play_stripe.py http://127.0.0.1:5000
"""

import os
import sqlite3
from pathlib import Path

import stripe
from flask import Flask, abort, jsonify

from stripe_lint.runtime import AlreadySucceeded, IdempotencyKeys, OperationError, WebhookInbox
from stripe_lint.runtime.adapters import flask as stripe_flask
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET  # for this machine only: an inbox refuses it beside a live API key

folder = Path(os.environ.get("SHOP_FOLDER", "."))
database = folder / "flask_shop.db"
stripe.api_key = os.environ.get("STRIPE_API_KEY")

app = Flask(__name__)
inbox = WebhookInbox(
    os.environ.get("STRIPE_WEBHOOK_SECRETS", SECRET).replace(",", " ").split(),
    SQLiteStore(database),
    mode="transactional",
)
keys = IdempotencyKeys(SQLiteStore(folder / "flask_shop_keys.db"), namespace="flask-shop-example")
app.register_blueprint(stripe_flask.blueprint(inbox))

with sqlite3.connect(database) as setup:
    setup.execute("CREATE TABLE IF NOT EXISTS payments (order_id TEXT, session_id TEXT)")
setup.close()


@inbox.on("checkout.session.completed", "checkout.session.async_payment_succeeded")
def book(event, delivery):
    """Books a payment. Two events can tell of the same one: the session decides."""
    session = event.object
    if session["payment_status"] == "paid" and delivery.once(f"book:{session['id']}"):
        delivery.connection.execute(
            "INSERT INTO payments VALUES (?, ?)", (session["metadata"]["order"], session["id"])
        )


@app.get("/orders")
def orders():
    """How often each order was booked: once."""
    connection = sqlite3.connect(database)
    rows = connection.execute("SELECT order_id, count(*) FROM payments GROUP BY order_id").fetchall()
    connection.close()
    return jsonify(dict(rows))


@app.post("/orders/<order>/refund")
def refund(order):
    """Gives the money back once, however often this is called, and whatever happens to the answer."""
    params = {"payment_intent": f"pi_{order}"}
    try:
        with keys.operation("refund_order", order, params, result="refund") as op:
            made = op.succeeded(stripe.Refund.create(**params, idempotency_key=op.key))
    except AlreadySucceeded as done:
        return jsonify(refund=done.object_id)
    except (OperationError, stripe.StripeError):
        app.logger.exception("the refund of %s did not succeed", order)
        abort(502)
    return jsonify(refund=made.id)
