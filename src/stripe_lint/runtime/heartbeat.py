"""Keeps leases alive while handlers run."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_lint.runtime.audit import LOG
from stripe_lint.runtime.errors import StoreUnavailable
from stripe_lint.runtime.flow import Call, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.runtime.stores import Claim, EventStore


@dataclass(eq=False, slots=True)
class Beat:
    """A lease that is being kept alive. ``lost`` once another worker has taken the event."""

    claim: Claim
    since: float = field(default_factory=time.monotonic)
    lost: bool = False
    over: bool = False
    """Whether the handler has run for so long that nobody waits for it any more."""


class Heartbeat:
    """One daemon thread a process, which extends the leases of all handlers that are running.

    Args:
        store: Where the leases are.
        lease: Seconds. They are extended each quarter of it.
        longest: Seconds after which a handler's lease is left to run out, so that a handler that hangs does not block
            its event's retries for ever.
        driver: Makes the calls of the store.
    """

    def __init__(self, store: EventStore, lease: float, longest: float, driver: SyncDriver) -> None:
        self._store = store
        self._lease = lease
        self._longest = longest
        self._driver = driver
        self._interval = lease / 4
        self._beats: dict[int, Beat] = {}
        self._start = threading.Lock()
        self._alive = False
        self._process = os.getpid()

    @contextmanager
    def keeping(self, claim: Claim) -> Iterator[Beat]:
        """Keeps the lease of a claim alive inside of the block."""
        if self._process != os.getpid():
            self._adopt()
        beat = Beat(claim)
        self._beats[id(beat)] = beat
        if not self._alive:
            self._begin()
        try:
            yield beat
        finally:
            self._beats.pop(id(beat), None)

    def _adopt(self) -> None:
        """Starts afresh after a fork: neither threads nor leases of the other process are this one's."""
        self._start = threading.Lock()
        self._beats = {}
        self._alive = False
        self._process = os.getpid()

    def _begin(self) -> None:
        with self._start:
            if not self._alive:
                self._alive = True
                threading.Thread(target=self._run, name="stripe-heartbeat", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(self._interval / 2)
            due = time.monotonic() - self._interval / 2
            for beat in [beat for beat in list(self._beats.values()) if beat.since <= due]:
                if not (beat.lost or beat.over):
                    self._extend(beat)
            if not self._beats and self._ended():
                return

    def _ended(self) -> bool:
        """Whether the thread may end. A beat that is added meanwhile is seen here, or sees that there is no thread."""
        with self._start:
            self._alive = False
            self._alive = bool(self._beats)
            return not self._alive

    def _extend(self, beat: Beat) -> None:
        if time.monotonic() - beat.since > self._longest:
            beat.over = True
            LOG.error("a handler has run for more than %d seconds: its lease is not extended any more", self._longest)
            return
        try:
            beat.lost = not self._driver.perform(Call("extend", self._store.extend, (beat.claim, self._lease)))
        except StoreUnavailable as error:
            LOG.warning("a lease could not be extended: %s", error)
