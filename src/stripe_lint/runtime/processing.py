"""How a verified event is processed: the flows of the two modes.

Both are generators for a driver (see ``flow``). A store that fails before the handler ran means 503, and that the
handler does not run; whatever the handler raises is the event's outcome and nobody else's.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stripe_lint.runtime import replies
from stripe_lint.runtime.audit import LOG, error_digest, stack
from stripe_lint.runtime.delivery import Delivery
from stripe_lint.runtime.errors import LeaseLost, PermanentError, RetryLater, StoreUnavailable
from stripe_lint.runtime.flow import Call
from stripe_lint.runtime.stores import (
    OPEN,
    UNKNOWN_DIGEST,
    Claim,
    EventFacts,
    EventStore,
    Failure,
    Record,
    State,
    Transaction,
)

if TYPE_CHECKING:
    from stripe_lint.runtime.event import Event, EventKey
    from stripe_lint.runtime.handlers import Handler
    from stripe_lint.runtime.heartbeat import Heartbeat
    from stripe_lint.runtime.metrics import Metrics
    from stripe_lint.runtime.replies import Reply

_LONG_TRANSACTION = 0.25
_PAUSE = 0.05

Progress = Generator[Call, Any, Any]


@dataclass
class Trail:
    """What the audit line will say about the processing."""

    attempt: int | None = None
    token: int | None = None
    error: str | None = None
    error_digest: str | None = None
    takeover: bool | None = None


@dataclass(frozen=True)
class Processor:
    """Processes the events of one inbox.

    Args:
        store: Where their states are.
        consumer: The first part of every event's key.
        transactional: Which of the modes.
        lease: Seconds.
        heartbeat: Keeps leases alive in lease mode, and ends transactions that last too long in the other.
        metrics: Where numbers go.
        on_error: Called with what a handler raised, for an error tracker.
        api_key: For what a handler fetches.
        wait_inflight: Seconds to wait for another worker that has the event.
        dead: The reply to an event that is given up.
    """

    store: EventStore
    consumer: str
    transactional: bool
    lease: float
    heartbeat: Heartbeat
    metrics: Metrics
    on_error: Callable[[BaseException, Event], object] | None
    api_key: str | None
    wait_inflight: float
    dead: Reply

    def process(
        self, event: Event, handler: Handler, trail: Trail, *, revive: bool = False
    ) -> Generator[Call, Any, Reply]:
        """Processes an event, unless that has been done or is being done."""
        key = event.key(self.consumer)
        facts = EventFacts(event.type, event.created, event.api_version, event.digest(), event.object_id)
        try:
            known = yield from self._stored("find", self.store.find, key)
            early = self._early(known, facts, revive)
            if early is replies.IN_PROGRESS and self.wait_inflight:
                early = yield from self._awaited(key, facts, revive)
            if early:
                return early
            run = self._in_transaction if self.transactional else self._under_lease
            return (yield from run(event, key, facts, handler, trail, revive))
        except StoreUnavailable as error:
            LOG.error("the store is not available: %s", error)
            return replies.STORE_DOWN

    def _awaited(self, key: EventKey, facts: EventFacts, revive: bool) -> Generator[Call, Any, Reply | None]:
        """The reply to an event that another worker has, after giving it some time to come to an end."""
        early: Reply | None = replies.IN_PROGRESS
        until = time.monotonic() + self.wait_inflight
        while early is replies.IN_PROGRESS and time.monotonic() < until:
            yield Call("pause", asyncio.sleep, (_PAUSE,))
            known = yield from self._stored("find", self.store.find, key)
            early = self._early(known, facts, revive)
        return early

    def _early(self, known: Record | None, facts: EventFacts, revive: bool) -> Reply | None:
        """The reply to an event that is not to be processed now. It takes no write lock."""
        if known is None:
            return None
        if known.digest not in (facts.digest, UNKNOWN_DIGEST) and not revive:
            self.metrics.count("payload_drift_total")
        if known.state is State.COMPLETED:
            return replies.DUPLICATE
        if known.state is State.DEAD:
            return None if revive else replies.ALREADY_DEAD
        return replies.IN_PROGRESS if known.live else None

    def _under_lease(
        self, event: Event, key: EventKey, facts: EventFacts, handler: Handler, trail: Trail, revive: bool
    ) -> Generator[Call, Any, Reply]:
        store = self.store
        claim = yield from self._stored("claim", _claim, store, key, facts, self.lease, revive)
        if isinstance(claim, Record):
            return self._early(claim, facts, False) or replies.IN_PROGRESS
        self._note(claim, trail)
        with self.heartbeat.keeping(claim) as beat:
            delivery = Delivery(event, claim, store, self.api_key, beat)
            try:
                error = yield from self._handled(handler, event, delivery)
            except GeneratorExit:
                raise
            except asyncio.CancelledError as cancelled:
                if handler.asynchronous:  # otherwise a thread is still at work, and its lease has to run out
                    yield from self._failed(claim, cancelled, trail)
                raise
            except BaseException as stopped:
                yield from self._failed(claim, stopped, trail)
                raise
            if error is not None:
                return (yield from self._failed(claim, error, trail))
        try:
            completed = yield from self._stored("complete", store.complete, claim, facts)
        except StoreUnavailable as unavailable:
            LOG.error("an event was processed and could not be recorded: %s", unavailable)
            return replies.NOT_RECORDED
        if not completed:
            self.metrics.count("lease_lost_total")
            return replies.LEASE_LOST
        return (yield from _succeeded(delivery))

    def _failed(self, claim: Claim, error: BaseException, trail: Trail) -> Generator[Call, Any, Reply]:
        dead = isinstance(error, PermanentError)
        if isinstance(error, LeaseLost):
            self.metrics.count("lease_lost_total")
            return replies.LEASE_LOST
        try:
            current = yield from self._stored("fail", _fail, self.store, claim, self._failure(error, trail), dead)
        except StoreUnavailable as unavailable:
            LOG.error("a failed attempt could not be recorded: %s", unavailable)
            return replies.NOT_RECORDED
        if not current:
            self.metrics.count("lease_lost_total")
            return replies.LEASE_LOST
        return self._reply_to(error)

    def _in_transaction(
        self, event: Event, key: EventKey, facts: EventFacts, handler: Handler, trail: Trail, revive: bool
    ) -> Generator[Call, Any, Reply]:
        unit: Transaction = yield from self._stored("begin", self.store.transaction)
        outside = OPEN.get()
        OPEN.set((*outside, self.store))
        stopped = True
        try:
            claim = yield from self._stored("claim", _claim, unit, key, facts, self.lease, revive)
            if isinstance(claim, Record):
                stopped = False
                return self._early(claim, facts, False) or replies.IN_PROGRESS
            self._note(claim, trail)
            delivery = Delivery(event, claim, unit, self.api_key)
            began = time.monotonic()
            with self.heartbeat.limiting(unit) as beat:
                error = yield from self._handled(handler, event, delivery)
            stopped = False
            if beat.over:
                error = LeaseLost("the handler ran for too long")
            if time.monotonic() - began > _LONG_TRANSACTION and self.store.single_host:
                LOG.warning("the handler of %s held the database's only write lock for long", event.type)
            if error is None:
                if not unit.intact:
                    LOG.error("the handler of %s ended the inbox's transaction: exactly-once is lost", event.type)
                if not (yield from self._stored("complete", unit.complete, claim, facts)):
                    self.metrics.count("lease_lost_total")
                    return replies.LEASE_LOST
                yield from self._stored("commit", unit.commit)
            elif mistake := unit.mistake(error):
                LOG.error("the handler of %s %s", event.type, mistake)
        finally:
            unit.close(discard=stopped)  # a handler that was abandoned may still hold the connection
            OPEN.set(outside)
        if error is None:
            return (yield from _succeeded(delivery))
        return (yield from self._taken_back(key, facts, error, trail))

    def _taken_back(
        self, key: EventKey, facts: EventFacts, error: BaseException, trail: Trail
    ) -> Generator[Call, Any, Reply]:
        """Records a failed attempt after its transaction is gone, with all that it wrote."""
        if isinstance(error, LeaseLost):
            self.metrics.count("lease_lost_total")
            return replies.LEASE_LOST
        failure, dead = self._failure(error, trail), isinstance(error, PermanentError)
        try:
            other = yield from self._stored("fail", _record_failure, self.store, key, facts, failure, dead)
        except StoreUnavailable as unavailable:
            LOG.error("a failed attempt could not be recorded: %s", unavailable)
            return replies.NOT_RECORDED
        if other is not None:
            return self._early(other, facts, False) or replies.IN_PROGRESS
        return self._reply_to(error)

    def _handled(self, handler: Handler, event: Event, delivery: Delivery) -> Generator[Call, Any, Exception | None]:
        """Runs the handler; what it raises is a value, except for what stops the worker itself."""
        arguments = (event, delivery) if handler.takes_delivery else (event,)
        began = time.perf_counter()
        self.metrics.add("inflight", 1)
        try:
            yield Call("handler", handler.function, arguments)
        except (LeaseLost, PermanentError, RetryLater) as decision:
            return decision
        except Exception as error:
            self._report(error, event)
            return error
        finally:
            self.metrics.add("inflight", -1)
            self.metrics.observe("handler_seconds", time.perf_counter() - began, event.type)
        return None

    def _report(self, error: Exception, event: Event) -> None:
        self.metrics.count("handler_errors_total", event.type)
        LOG.error("the handler of %s raised %s at %s", event.type, type(error).__qualname__, stack(error))
        if self.on_error:
            try:
                self.on_error(error, event)
            except Exception as second:
                LOG.error("on_error raised %s", type(second).__qualname__)

    def _failure(self, error: BaseException, trail: Trail) -> Failure:
        if isinstance(error, PermanentError):
            self.metrics.count("dead_total")
        trail.error, trail.error_digest = type(error).__qualname__, error_digest(error)
        return Failure(trail.error, trail.error_digest)

    def _reply_to(self, error: BaseException) -> Reply:
        if isinstance(error, PermanentError):
            return self.dead
        return replies.retry_later(error.after) if isinstance(error, RetryLater) else replies.HANDLER_FAILED

    def _note(self, claim: Claim, trail: Trail) -> None:
        trail.attempt, trail.token, trail.takeover = claim.attempts, claim.token, claim.takeover or None
        if claim.takeover:
            self.metrics.count("takeovers_total")

    def _stored(self, name: str, function: Callable[..., Any], *arguments: Any) -> Progress:
        """A call of the store, measured."""
        began = time.perf_counter()
        try:
            result = yield Call(name, function, arguments, waits=name == "begin")
        except StoreUnavailable:
            self.metrics.count("store_errors_total", name)
            raise
        self.metrics.observe("store_seconds", time.perf_counter() - began, name)
        return result


def _claim(unit: Any, key: EventKey, facts: EventFacts, lease: float, revive: bool) -> Any:
    return unit.claim(key, facts, lease=lease, worker=_worker(), revive=revive)


def _fail(store: EventStore, claim: Claim, failure: Failure, dead: bool) -> Any:
    return store.fail(claim, failure, dead=dead)


def _record_failure(store: EventStore, key: EventKey, facts: EventFacts, failure: Failure, dead: bool) -> Any:
    return store.record_failure(key, facts, failure, worker=_worker(), dead=dead)


def _worker() -> str:
    return f"{_HOST}:{os.getpid()}"


_HOST = socket.gethostname()[:64]


def _succeeded(delivery: Delivery) -> Generator[Call, Any, Reply]:
    for function in delivery._after_commit:
        try:
            yield Call("after_commit", function)
        except Exception as error:  # noqa: PERF203 - each on its own
            LOG.error("after_commit raised %s at %s", type(error).__qualname__, stack(error))
    return replies.SUCCEEDED
