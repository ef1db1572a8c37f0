"""What single repairs write and say: the key store, secrets, imports, logs, parts that are left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shop import Shop

WITHOUT_SECRET = """from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter()
paid = {}


class StripeEvent(BaseModel):
    id: str
    type: str
    data: dict


@router.post("/stripe/webhook")
async def stripe_webhook(event: StripeEvent):
    if event.type == "invoice.paid":
        paid[event.data["object"]["id"]] = True
    return {"ok": True}
"""


def test_unsafe_fixes_are_offered_only_where_they_mend_it(shop: Shop) -> None:
    shop.write("hooks.py", WITHOUT_SECRET)
    safe, unsafe = shop.fix("hooks.py"), shop.fix("hooks.py", "--unsafe-fixes")
    assert "; not fixed: no secret for the webhook is known in this project" in safe.out
    assert safe.out == unsafe.out


STORED = """import stripe
from stripe import Refund as api

from shop.keys import keys


def charge(order):
    intent = stripe.PaymentIntent.create(amount=order.total, currency="eur", metadata={"order": order.id})
    return intent.id


async def refund(order):
    return await api.create_async(
        charge=order.charge,
        metadata={"order": order.id},
    )


def pay_out(account, amount):
    stripe.Payout.create(amount=amount, currency="eur")
"""

KEPT = """import stripe
from stripe import Refund as api

from shop.keys import keys


def charge(order):
    params = {"amount": order.total, "currency": "eur", "metadata": {"order": order.id}}
    with keys.operation("payment_intent", order.id, params) as operation:
        intent = operation.succeeded(stripe.PaymentIntent.create(**params, idempotency_key=operation.key))
    return intent.id


async def refund(order):
    params = {"charge": order.charge, "metadata": {"order": order.id}}
    async with keys.operation("refund", order.id, params) as operation:
        return await operation.succeeded_async(await api.create_async(**params, idempotency_key=operation.key))


def pay_out(account, amount):
    stripe.Payout.create(amount=amount, currency="eur")
"""


def test_requests_can_be_kept_in_the_key_store(shop: Shop) -> None:
    shop.write(
        "shop/keys.py",
        "from stripe_lint.runtime import IdempotencyKeys\nfrom stripe_lint.runtime.stores.sqlite import SQLiteStore\n\n"
        'keys = IdempotencyKeys(store=SQLiteStore("keys.db"), namespace="shop")\n',
    )
    path = shop.write("pay.py", STORED)

    outcome = shop.fix("--key-style", "store", "--unsafe-fixes")

    assert path.read_text() == KEPT
    assert "none is in sight" in outcome.out
    assert shop.fix("--key-style", "moon").code == 2


def test_nothing_is_kept_in_a_key_store_that_is_not_there(shop: Shop) -> None:
    path = shop.write("pay.py", STORED)

    outcome = shop.fix("--key-style", "store", "--unsafe-fixes")

    assert path.read_text() == STORED
    assert "no IdempotencyKeys of stripe_lint.runtime is in sight" in outcome.out


CONSTANT = """import stripe

SIGNUP_KEY = "signup"


def register(user):
    return stripe.Customer.create(email=user.email, metadata={"user": user.id}, idempotency_key=SIGNUP_KEY)
"""


def test_the_key_that_is_told_is_the_key_that_is_written(shop: Shop) -> None:
    path = shop.write("people.py", CONSTANT)

    outcome = shop.fix("--unsafe-fixes")

    key = 'f"{SIGNUP_KEY}-user-{user.id}-customer"'
    assert f"STP203 fixed: the key is {key}\n" in outcome.out
    assert f"idempotency_key={key}" in path.read_text()


NAMED_TWICE = """import os

import stripe.error as errors
from stripe import error


def remove(path):
    try:
        os.unlink(path)
    except errors.CardError:
        return 1
    except error.StripeError:
        return 2
"""


def test_two_repairs_import_a_package_once(shop: Shop) -> None:
    shop.write("requirements.txt", "stripe==13.2.0\n")
    path = shop.write("charges.py", NAMED_TWICE)

    shop.fix("--select", "STP303", "--unsafe-fixes")

    assert path.read_text() == (
        NAMED_TWICE.replace("import stripe.error as errors\nfrom stripe import error\n", "import stripe\n")
        .replace("errors.CardError", "stripe.CardError")
        .replace("error.StripeError", "stripe.StripeError")
    )


VERIFYING = """import contextlib
import json
import os

import stripe
from flask import Flask, request

app = Flask(__name__)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/stripe/{name}")
def {name}():
    {read}
    if event["type"] == "invoice.paid":
        print(event["data"]["object"])
    return "ok"
"""
CONSTRUCT = 'stripe.Webhook.construct_event(request.data, request.headers.get("Stripe-Signature"), SECRET)'


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("STP101", "event = json.loads(request.data)"),
        (
            "STP103",
            (
                "event = json.loads(request.data)\n    with contextlib.suppress(ValueError, "
                f"stripe.SignatureVerificationError):\n        event = {CONSTRUCT}"
            ),
        ),
        ("STP106", f"event = {CONSTRUCT}"),
        ("STP106", f"event = json.loads(str({CONSTRUCT}))"),
    ],
)
def test_what_is_refused_anew_is_logged_where_that_is_asked_for(shop: Shop, code: str, read: str) -> None:
    path = shop.write("hooks.py", VERIFYING.format(name="hook", read=read))

    plain = shop.fix("--select", code, "--unsafe-fixes", "--diff")
    outcome = shop.fix("--select", f"{code},STP304", "--unsafe-fixes")

    assert "logg" not in plain.out
    assert "Fixed 1 finding in 1 file, 0 not fixed." in outcome.out
    assert 'logger.warning("Refused a webhook that could not be verified", exc_info=True)\n' in path.read_text()
    assert shop.check("--select", f"{code},STP304").found == []


COMPARED = """import hashlib
import hmac
import os

from flask import Flask, abort, request

app = Flask(__name__)


@app.post("/stripe/webhook")
def webhook():
    parts = dict(part.split("=") for part in request.headers["Stripe-Signature"].split(","))
    signed = parts["t"].encode() + b"." + request.get_data()
    expected = hmac.new(os.environ["STRIPE_WEBHOOK_SECRET"].encode(), signed, hashlib.sha256).hexdigest()
    if expected != parts["v1"]:
        abort(400)
    return "", 200
"""


def test_a_repair_of_a_part_says_so(shop: Shop) -> None:
    shop.write("hooks.py", COMPARED)

    outcome = shop.fix("--select", "STP110", "--unsafe-fixes")

    assert ": STP110 fixed in part: the signatures are compared in constant time\n" in outcome.out
    assert "STP110" in shop.check("--select", "STP110").out


def test_what_is_nested_too_deeply_is_left(shop: Shop) -> None:
    for number, charge in enumerate(("order" + ".a" * 900, "not " * 900 + "order")):
        path = shop.write(
            f"deep_{number}.py", f"import stripe\n\n\ndef f(order):\n    stripe.Refund.create(charge={charge})\n"
        )
        before = path.read_bytes()

        outcome = shop.fix(path.name)

        assert path.read_bytes() == before
        assert outcome.code == 1
        assert "the statement is nested too deeply for LibCST" in outcome.out
