"""An event whose signature was verified."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple

from stripe_lint.runtime.errors import ConfigurationError

SNAPSHOT = "event"
THIN = "v2.core.event"

_ID = re.compile(r"evt_[A-Za-z0-9_]{1,255}")
_VARIES = b'"pending_webhooks"'


class EventKey(NamedTuple):
    """What makes an event one event. ``account`` is empty for the account's own events."""

    consumer: str
    account: str
    livemode: bool
    id: str


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """An event of Stripe's, genuine because only the verification makes one.

    Args:
        id: Stripe's id, the same on every delivery of the event.
        type: For example ``checkout.session.completed``, or ``v2.core.account.updated`` of a thin event.
        created: When it happened, in whole seconds since 1970. Events of one second are common, and no order of
            delivery is promised.
        livemode: Whether it is about real money.
        account: The connected account, or of a thin event its ``context``; ``None`` for your own.
        data: The event's ``data`` as a plain dictionary; empty for most thin events.
        thin: Whether it is a notification of API v2, which names an object instead of holding it.
        payload: The whole event as a plain dictionary.
    """

    id: str
    type: str
    created: int
    livemode: bool
    account: str | None
    data: dict[str, Any] = field(repr=False)
    thin: bool = field(repr=False)
    payload: dict[str, Any] = field(repr=False)
    _body: bytes = field(default=b"", repr=False)
    _api_key: str | None = field(default=None, repr=False)

    @property
    def context(self) -> str | None:
        """The ``context`` of a thin event."""
        return self.account if self.thin else None

    @property
    def object(self) -> dict[str, Any]:
        """The object that the event is about, as it was then: ``data["object"]``, or a thin event's reference."""
        found = self.payload.get("related_object") if self.thin else self.data.get("object")
        return found if isinstance(found, dict) else {}

    @property
    def object_id(self) -> str | None:
        """The id of :attr:`object`, where it has one."""
        found = self.object.get("id")
        return found if isinstance(found, str) and found else None

    @property
    def api_version(self) -> str | None:
        """The API version that the event was rendered with."""
        found = self.payload.get("api_version")
        return found if isinstance(found, str) else None

    @property
    def request_key(self) -> str | None:
        """The idempotency key of the API request that caused the event, if a request did and had one.

        Several events of one request have the same. (``request.idempotency_key``; ``reason.request`` of thin events.)
        """
        holder: Any = self.payload
        for name in ("reason", "request", "idempotency_key") if self.thin else ("request", "idempotency_key"):
            holder = holder.get(name) if isinstance(holder, dict) else None
        return holder if isinstance(holder, str) else None

    def digest(self) -> bytes:
        """SHA-256 over the body without the number that differs between deliveries of one event."""
        start = self._body.rfind(_VARIES)
        end = self._body.find(b",", start)
        varies = 0 <= start < end
        return hashlib.sha256(self._body[:start] + self._body[end:] if varies else self._body).digest()

    def key(self, consumer: str) -> EventKey:
        """The event's identity for one consumer."""
        return EventKey(consumer, self.account or "", self.livemode, self.id)

    def to_stripe_event(self) -> Any:
        """The event as an object of the SDK: ``stripe.Event``, or a notification for a thin event.

        Raises:
            ConfigurationError: The event is thin and the installed stripe is older than 11, or there is no API key.
        """
        import stripe

        key = self._api_key or stripe.api_key
        if not self.thin:
            return stripe.Event.construct_from(self.payload, key, stripe_account=self.account)
        if not key:
            raise ConfigurationError("a thin event needs an API key: set stripe.api_key, or pass api_key= to the inbox")
        client = stripe.StripeClient(key)
        if hasattr(client, "parse_event_notification"):
            from stripe.v2.core import EventNotification

            return EventNotification.from_json(json.dumps(self.payload), client)
        try:
            from stripe import ThinEvent  # type: ignore[attr-defined,unused-ignore]
        except ImportError:
            raise ConfigurationError("thin events need stripe 11 or newer") from None
        reason = self.payload.get("reason")
        if isinstance(reason, dict):  # releases 11 and 12 look for the request's fields in the reason itself
            reason = reason.get("request")
        return ThinEvent(json.dumps({**self.payload, "reason": reason}))


class EventContentError(ValueError):
    """Verified content that is not an event. The message names the field, never a value."""


def event_of(payload: dict[str, Any], body: bytes, api_key: str | None) -> Event:
    """The event in a verified body.

    Raises:
        EventContentError: A field that every event has is missing or of another type.
    """
    kind = payload.get("object")
    thin = kind == THIN
    if not thin and kind != SNAPSHOT:
        raise EventContentError("object")
    identifier, name, livemode = payload.get("id"), payload.get("type"), payload.get("livemode")
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        raise EventContentError("id")
    if not isinstance(name, str) or not 0 < len(name) <= 255 or not name.isascii():
        raise EventContentError("type")
    if not isinstance(livemode, bool):
        raise EventContentError("livemode")
    account = payload.get("context" if thin else "account")
    if account is not None and not (isinstance(account, str) and len(account) <= 255):
        raise EventContentError("context" if thin else "account")
    data = payload.get("data", {} if thin else None)
    if data is None and thin:
        data = {}
    if not isinstance(data, dict):
        raise EventContentError("data")
    return Event(
        id=identifier,
        type=name,
        created=_seconds(payload.get("created")),
        livemode=livemode,
        account=account or None,
        data=data,
        thin=thin,
        payload=payload,
        _body=body,
        _api_key=api_key,
    )


def _seconds(created: object) -> int:
    if isinstance(created, int) and not isinstance(created, bool) and 0 <= created < 1 << 40:
        return created
    if isinstance(created, str):
        try:
            moment = datetime.fromisoformat(created.replace("Z", "+00:00"))
        except ValueError:
            raise EventContentError("created") from None
        return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())
    raise EventContentError("created")
