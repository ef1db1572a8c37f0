"""For the tests of applications: genuine requests, delivered as often as Stripe would.

    inbox = WebhookInbox(SECRET, MemoryStore())
    assert [reply.outcome for reply in deliver(inbox, event("invoice.paid"), times=2)] == ["succeeded", "duplicate"]

For pytest, ``from stripe_lint.runtime.testing.fixtures import stripe_inbox`` in ``conftest.py``.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stripe_lint.runtime.reception import Visit
from stripe_lint.runtime.signing_secrets import TESTING
from stripe_lint.runtime.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stripe_lint.runtime.inbox import WebhookInbox
    from stripe_lint.runtime.replies import Reply

__all__ = ["SECRET", "MemoryStore", "SignedRequest", "deliver", "deliver_async", "event", "signed_request"]

SECRET = TESTING
"""A signing secret of the right shape, for tests only: an inbox refuses it where a live API key is configured."""

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The body and the headers of a delivery."""

    body: bytes
    headers: Mapping[str, str]

    @property
    def signature(self) -> str:
        """The header ``Stripe-Signature``."""
        return self.headers["Stripe-Signature"]


def event(type: str, object: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:  # noqa: A002
    """An event as Stripe renders it, with an id of its own.

    Args:
        type: For example ``invoice.paid``.
        object: What is in ``data.object``.
        fields: Other fields of the event, like ``id``, ``created`` (seconds), ``account`` or ``livemode``.
    """
    return {
        "id": f"evt_test{next(_NUMBERS):08d}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "data": {"object": dict(object or {"id": "obj_1", "object": type.rpartition(".")[0]})},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type,
        **fields,
    }


def signed_request(
    event: Mapping[str, Any] | bytes, *, secret: str = SECRET, timestamp: float | None = None
) -> SignedRequest:
    """A delivery of an event, signed as Stripe signs.

    Args:
        event: The event, or the exact bytes to sign.
        secret: The endpoint's signing secret.
        timestamp: When it is signed, in seconds since 1970; now unless given.
    """
    body = event if isinstance(event, bytes) else json.dumps(event, indent=2).encode()
    moment = int(time.time() if timestamp is None else timestamp)
    signature = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": f"t={moment},v1={signature}"}
    return SignedRequest(body, headers)


def deliver(
    inbox: WebhookInbox, event: Mapping[str, Any] | SignedRequest, *, times: int = 1, secret: str = SECRET
) -> list[Reply]:
    """Hands an event to an inbox, signed anew each time, without HTTP.

    Returns:
        The replies: ``reply.status`` is what Stripe sees, ``reply.outcome`` says what happened.
    """
    return [inbox.handle(*_arrival(event, secret)) for _ in range(times)]


async def deliver_async(
    inbox: WebhookInbox, event: Mapping[str, Any] | SignedRequest, *, times: int = 1, secret: str = SECRET
) -> list[Reply]:
    """As :func:`deliver`, on an event loop."""
    return [await inbox.handle_async(*_arrival(event, secret)) for _ in range(times)]


def _arrival(event: Mapping[str, Any] | SignedRequest, secret: str) -> tuple[Visit, Any]:
    request = event if isinstance(event, SignedRequest) else signed_request(event, secret=secret)
    visit = Visit("POST", True, "127.0.0.1", False, request.signature, len(request.body))
    return visit, lambda limit: request.body if len(request.body) <= limit else None
