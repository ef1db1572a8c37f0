"""What a handler can ask for besides the event."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, Literal

from stripe_lint.runtime.errors import ConfigurationError, LeaseLost, RetryLater
from stripe_lint.runtime.flow import BACKGROUND
from stripe_lint.runtime.objects import fetch, fetch_async
from stripe_lint.runtime.stores import Claim, Once, Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_lint.runtime.event import Event
    from stripe_lint.runtime.heartbeat import Beat

Freshness = Literal["newer", "same_second", "older"]


class Delivery:
    """One attempt to process an event.

    Attributes:
        event: The event.
        attempt: 1 on the first attempt.
        token: Grows with each attempt. Hand it to external systems that can refuse writes with an older one.
    """

    def __init__(self, event: Event, claim: Claim, unit: Unit, api_key: str | None, beat: Beat | None = None) -> None:
        self.event = event
        self.attempt = claim.attempts
        self.token = claim.token
        self._claim = claim
        self._unit = unit
        self._api_key = api_key
        self._beat = beat
        self._after_commit: list[Callable[[], object]] = []

    @property
    def connection(self) -> Any:
        """The database connection whose transaction decides about this event: on SQLite a ``sqlite3.Connection``.

        What is written through it is kept exactly if the event is recorded as processed. Do not commit; the inbox does.

        Raises:
            ConfigurationError: The inbox is in ``lease`` mode, where there is no such transaction.
        """
        connection = getattr(self._unit, "connection", None)
        if connection is None:
            raise ConfigurationError(
                'delivery.connection exists in transactional mode: WebhookInbox(mode="transactional")'
            )
        return connection

    @property
    def freshness(self) -> Freshness:
        """Whether the event is newer than all others that were completed for its object.

        Stripe promises no order, and events of one second can't be ordered: unless this says ``newer``, fetch the
        object instead of believing the event. The event itself does not count, so its retry sees what it saw.
        """
        mark = self._claim.mark
        if mark is None or mark < self.event.created:
            return "newer"
        return "same_second" if mark == self.event.created else "older"

    @property
    def lease_lost(self) -> bool:
        """Whether another worker is known to have taken over, so that this handler had better stop."""
        return self._beat is not None and self._beat.lost

    def once(self, key: str) -> bool:
        """Whether this event is the one to do what ``key`` names, when several events ask for the same.

        The first event that asks owns the key, and is told ``True`` again when it is retried. Others are told ``False``
        once the owner is completed.

        Raises:
            RetryLater: The owner is not completed: it may still fail, so nobody can say that the work is done.
            LeaseLost: Another worker has taken this event over.
        """
        found = self._unit.once(self._claim, _checked(key))
        return self._answer(BACKGROUND.run(found) if inspect.isawaitable(found) else found)

    async def once_async(self, key: str) -> bool:
        """As :meth:`once`, without blocking the event loop."""
        found = await asyncio.to_thread(self._unit.once, self._claim, _checked(key))
        return self._answer(await found if inspect.isawaitable(found) else found)

    def fetch_latest(self) -> Any:
        """The event's object as Stripe has it now, as an object of the SDK.

        Raises:
            ConfigurationError: There is no API key, or the object is of a kind that can't be fetched.
            stripe.StripeError: The request failed.
        """
        return fetch(self.event, self._api_key)

    async def fetch_latest_async(self) -> Any:
        """As :meth:`fetch_latest`, with the SDK's asynchronous client."""
        return await fetch_async(self.event, self._api_key)

    def after_commit(self, function: Callable[[], object]) -> None:
        """Calls a function after the event is recorded as processed: at most once, and not at all after a crash.

        For what may be missed (a cache, a notification). What must happen belongs into the handler.
        """
        self._after_commit.append(function)

    def _answer(self, found: Once) -> bool:
        if found is Once.STALE:
            raise LeaseLost("another worker has taken the event over")
        if found is Once.UNDECIDED:
            raise RetryLater("another event owns this work and is not completed")
        return found is Once.OWNED


def _checked(key: str) -> str:
    if not isinstance(key, str) or not key:
        raise ConfigurationError("once() needs the name of the work, as a string that is not empty")
    return key
