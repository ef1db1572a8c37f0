"""Keeps leases alive while handlers run, and ends the patience with those that do not return."""

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

    from stripe_lint.runtime.stores import Claim, EventStore, Transaction


@dataclass(eq=False, slots=True)
class Beat:
    """A handler that is running: under a lease that is being kept alive, or in a transaction.

    ``lost`` once another worker has taken the event.
    """

    claim: Claim | None = None
    unit: Transaction | None = None
    since: float = field(default_factory=time.monotonic)
    lost: bool = False
    over: bool = False
    """Whether the handler has run for so long that nobody waits for it any more."""
    returned: bool = False
    deciding: threading.Lock = field(default_factory=threading.Lock)
    """Whoever holds it decides whether the handler has returned in time."""


class _Pulse:
    """The beats of one process, and its thread. Neither is another process's after a fork."""

    def __init__(self) -> None:
        self.beats: dict[int, Beat] = {}
        self.start = threading.Lock()
        self.alive = False


class Heartbeat:
    """One daemon thread a process, which extends the leases of all handlers that are running.

    Args:
        store: Where the leases are.
        lease: Seconds. They are extended each quarter of it.
        longest: Seconds after which a handler's lease is left to run out, or its transaction is taken back, so that a
            handler that hangs does not block its event's retries, or other events, for ever.
        driver: Makes the calls of the store.
    """

    def __init__(self, store: EventStore, lease: float, longest: float, driver: SyncDriver) -> None:
        self._store = store
        self._lease = lease
        self._longest = longest
        self._driver = driver
        self._interval = lease / 4
        self._pulses: dict[int, _Pulse] = {}

    @contextmanager
    def keeping(self, claim: Claim) -> Iterator[Beat]:
        """Keeps the lease of a claim alive inside of the block."""
        with self._watching(Beat(claim)) as beat:
            yield beat

    @contextmanager
    def limiting(self, unit: Transaction) -> Iterator[Beat]:
        """Takes a transaction back if the block does not end in time; after the block it is ``over``, or never will."""
        with self._watching(Beat(unit=unit)) as beat:
            try:
                yield beat
            finally:
                with beat.deciding:
                    beat.returned = True

    @contextmanager
    def _watching(self, beat: Beat) -> Iterator[Beat]:
        process = os.getpid()
        pulse = self._pulses.get(process) or self._pulses.setdefault(process, _Pulse())
        pulse.beats[id(beat)] = beat
        if not pulse.alive:
            self._begin(pulse)
        try:
            yield beat
        finally:
            pulse.beats.pop(id(beat), None)

    def _begin(self, pulse: _Pulse) -> None:
        with pulse.start:
            if not pulse.alive:
                pulse.alive = True
                threading.Thread(target=self._run, args=(pulse,), name="stripe-heartbeat", daemon=True).start()

    def _run(self, pulse: _Pulse) -> None:
        while True:
            time.sleep(min(self._interval, self._longest) / 2)
            due = time.monotonic() - self._interval / 2
            for beat in list(pulse.beats.values()):
                if time.monotonic() - beat.since > self._longest:
                    self._give_up(beat)
                elif beat.claim and beat.since <= due and not beat.lost:
                    self._extend(beat, beat.claim)
            if not pulse.beats and self._ended(pulse):
                return

    def _ended(self, pulse: _Pulse) -> bool:
        """Whether the thread may end. A beat that is added meanwhile is seen here, or sees that there is no thread."""
        with pulse.start:
            pulse.alive = False
            pulse.alive = bool(pulse.beats)
            return not pulse.alive

    def _extend(self, beat: Beat, claim: Claim) -> None:
        try:
            beat.lost = not self._driver.perform(Call("extend", self._store.extend, (claim, self._lease)))
        except StoreUnavailable as error:
            LOG.warning("a lease could not be extended: %s", error)

    def _give_up(self, beat: Beat) -> None:
        with beat.deciding:
            if beat.over or beat.returned:
                return
            beat.over = True
            if beat.unit is None:
                LOG.error("a handler has run for more than %d seconds: its lease is not extended", self._longest)
                return
            LOG.error("a handler has run for more than %d seconds: its transaction is taken back", self._longest)
            try:
                beat.unit.abandon()
            except StoreUnavailable as error:
                LOG.error("a transaction could not be taken back: %s", error)
