"""Messages that depend on what stands there say what is true of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rule_cases import check

if TYPE_CHECKING:
    from pathlib import Path

HEADERS = """\
import os

import stripe
from flask import Flask, request

app = Flask(__name__)


@app.post("/stripe/webhook")
def webhook():
    app.logger.info("headers: %s", request.headers)
    stripe.Webhook.construct_event(
        request.get_data(), request.headers.get("Stripe-Signature"), os.environ["STRIPE_WEBHOOK_SECRET"]
    )
    return ""
"""

LATE_TASK = """\
import stripe
from celery import shared_task


@shared_task(acks_late=True)
def pay_out(account, cents):
    stripe.Transfer.create(amount=cents, currency="eur", destination=account)
"""

DELIVERED = """\
import os

import stripe
from flask import Flask, request

app = Flask(__name__)


@app.post("/stripe/webhook")
def webhook():
    event = stripe.Webhook.construct_event(
        request.get_data(), request.headers.get("Stripe-Signature"), os.environ["STRIPE_WEBHOOK_SECRET"]
    )
    stripe.Transfer.create(amount=1, currency="eur", destination=event.account)
    return ""
"""


@pytest.mark.parametrize(
    ("code", "content", "part"),
    [
        ("STP201", LATE_TASK, "without an idempotency key: derive one from an id that the task is given"),
        ("STP201", DELIVERED, "without an idempotency key: derive one from the event's id"),
        ("STP302", HEADERS, "the signature, among all headers, is written to the log, where others read it"),
    ],
)
def test_a_message_fits_what_it_is_about(code: str, content: str, part: str, tmp_path: Path) -> None:
    (tmp_path / "hooks.py").write_text(content, encoding="utf-8")
    messages = [finding.message for finding in check(tmp_path, code) if finding.code == code]
    assert len(messages) == 1
    assert part in messages[0]
