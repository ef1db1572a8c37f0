"""Fetches from Stripe what events are about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import stripe

from stripe_lint.runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from stripe_lint.runtime.event import Event

_PATH = re.compile(r"/v[12]/[A-Za-z0-9_./-]+(\?[A-Za-z0-9_=&%.-]*)?")


def fetch(event: Event, api_key: str | None) -> Any:
    """The event's object as it is now; see ``Delivery.fetch_latest``."""
    key = _key(api_key)
    if event.thin:
        client = _client(key)
        return client.deserialize(client.raw_request("get", _path(event), **_context(event)), api_mode="V2")
    return _resource(event, key).refresh()


async def fetch_async(event: Event, api_key: str | None) -> Any:
    """As :func:`fetch`, on an event loop."""
    key = _key(api_key)
    if event.thin:
        client = _client(key, http_client=stripe.HTTPXClient())
        response = await client.raw_request_async("get", _path(event), **_context(event))
        return client.deserialize(response, api_mode="V2")
    return await _resource(event, key).refresh_async()


def retrieve_event(identifier: str, account: str | None, api_key: str | None) -> Any:
    """An event by its id, as Stripe has it: for 30 days."""
    return stripe.Event.retrieve(identifier, api_key=_key(api_key), stripe_account=account)


def _key(api_key: str | None) -> str:
    found = api_key or stripe.api_key
    if not found:
        raise ConfigurationError("there is no API key: set stripe.api_key, or pass api_key= to the inbox")
    return found


def _client(key: str, **options: Any) -> Any:
    client = stripe.StripeClient(key, **options)
    if not hasattr(client, "raw_request"):
        raise ConfigurationError("thin events need stripe 11 or newer")
    return client


def _resource(event: Event, key: str) -> Any:
    found = stripe.Event.construct_from(event.payload, key, stripe_account=event.account).data.object
    if not event.object_id or not hasattr(found, "refresh"):
        raise ConfigurationError(f"the object of a {event.type} can't be fetched by itself")
    return found


def _path(event: Event) -> str:
    """The address of a thin event's object: a path, so that the API key goes to no other host.

    Releases 13.0 to 15.6.0 of the SDK append whatever it is to the name of Stripe's host.
    """
    path = event.object.get("url")
    if not isinstance(path, str) or not _PATH.fullmatch(path) or ".." in path:
        raise ConfigurationError(f"the object of a {event.type} can't be fetched by itself")
    return path


def _context(event: Event) -> dict[str, str]:
    return {"stripe_context": event.account} if event.account else {}
