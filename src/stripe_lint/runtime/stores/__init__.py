"""What a store has to do. Every store passes ``tests/runtime/conformance``.

No method takes bytes of a request, and the inbox hands over nothing of an event that was not verified. A method may
block; one of a store for event loops may be a coroutine function instead.

Every method raises :class:`~stripe_lint.runtime.errors.StoreUnavailable` if the database does not do what it says.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stripe_lint.runtime.event import EventKey
    from stripe_lint.runtime.lifecycle import Identity, OperationRecord, OperationState


OPEN: ContextVar[tuple[object, ...]] = ContextVar("open_stores", default=())
"""The stores in whose transaction the handler that is running is."""


LONGEST_LEASE = 86400.0
"""Seconds. A lease that ends later than that was given by a clock that has been set back since, and is over: its event
would otherwise be blocked for as long as the clock was wrong."""

UNKNOWN_DIGEST = b""
"""The digest of an event that was recorded without its content."""


class State(str, Enum):
    """Where an event is.

    absent → PROCESSING → COMPLETED, or FAILED (→ PROCESSING on the next delivery), or DEAD (→ PROCESSING by a replay).
    """

    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What is kept of an event. Its content is not."""

    type: str
    created: int
    api_version: str | None
    digest: bytes
    object_id: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """What a store knows of an event. Times are seconds since 1970 on the store's clock."""

    state: State
    token: int
    attempts: int
    lease_until: float | None
    digest: bytes
    error_class: str | None
    live: bool
    """Whether it is being processed under a lease that is not over."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to process an event until the lease is over.

    Args:
        key: The event.
        token: Grows with each claim of the event. A write with an older one is refused, so external systems can use
            it to fence too.
        attempts: How often the event was claimed, this time included.
        takeover: Whether the lease of another worker had run out.
        mark: The newest ``created`` of the other events that were completed for the same object, if there are any.
    """

    key: EventKey
    token: int
    attempts: int
    takeover: bool
    mark: int | None


@dataclass(frozen=True, slots=True)
class Failure:
    """How an attempt failed: the class of the exception and a digest of its text, which itself is never kept."""

    error_class: str
    error_digest: str


@dataclass(frozen=True, slots=True)
class EventBacklog:
    """What a store has of one consumer's events besides those that are completed.

    Args:
        counts: How many are in each state but COMPLETED.
        oldest: Seconds since the oldest that is neither completed nor dead first came; 0 if there is none.
        attempts: The most attempts that one of those has had.
    """

    counts: Mapping[State, int]
    oldest: float
    attempts: int


@dataclass(frozen=True, slots=True)
class OperationBacklog:
    """What a store has of one namespace's operations without a final outcome.

    A sender that died leaves its operation PENDING under a lease that is over, of which nobody knows whether it was
    sent: it counts as UNKNOWN.

    Args:
        counts: How many are in each state but SUCCEEDED and FAILED.
        oldest_unknown: By API, seconds since the oldest UNKNOWN one was first sent; an API without any is absent.
    """

    counts: Mapping[OperationState, int]
    oldest_unknown: Mapping[str, float]


class Once(str, Enum):
    """The answer to ``delivery.once``."""

    OWNED = "owned"
    DONE = "done"
    UNDECIDED = "undecided"
    """Another event owns the key and is not completed."""
    STALE = "stale"
    """The claim that asks is not current any more."""


class Unit(Protocol):
    """Where an event's writes go: the store itself, each on its own, or a transaction that takes all or none."""

    def claim(
        self, key: EventKey, facts: EventFacts, *, lease: float, worker: str, revive: bool = False
    ) -> Claim | Record:
        """Takes the event if it is absent, failed, or processed under a lease that is over; dead if ``revive``.

        Returns:
            The claim, or why there is none.
        """

    def once(self, claim: Claim, key: str) -> Once:
        """Makes the event the owner of a key of its consumer's, if it has none and the claim is current."""

    def complete(self, claim: Claim, facts: EventFacts) -> bool:
        """Records that the event is processed, and its object's mark. ``False`` if the claim is not current."""


class Transaction(Unit, Protocol):
    """A database transaction in which an event is processed."""

    @property
    def connection(self) -> Any:
        """The database's own connection object, for the handler's writes. It refuses to commit."""

    @property
    def intact(self) -> bool:
        """Whether the transaction is still open: a handler must not have ended it."""

    def commit(self) -> None:
        """Ends the transaction and keeps it."""

    def mistake(self, error: BaseException) -> str | None:
        """What a handler's exception says about a wrong use of the database, to follow "the handler of … "."""

    def abandon(self) -> None:
        """Takes everything back, and lets nothing be written, while the handler may still be at work in its thread."""

    def close(self, *, discard: bool) -> None:
        """Takes everything back unless it was committed. Never raises and never waits.

        With ``discard``, the connection is of no use afterwards to a handler that might still hold it.
        """


class EventStore(Unit, Protocol):
    """Keeps the states of events."""

    single_host: bool
    """Whether all workers have to run on the machine that the store is on."""

    def find(self, key: EventKey) -> Record | None:
        """What is known of the event, without a write lock."""

    def extend(self, claim: Claim, lease: float) -> bool:
        """Lets the lease end ``lease`` seconds from now. ``False`` if the claim is not current."""

    def fail(self, claim: Claim, failure: Failure, *, dead: bool) -> bool:
        """Records a failed attempt, as the last one if ``dead``. ``False`` if the claim is not current."""

    def record_failure(
        self, key: EventKey, facts: EventFacts, failure: Failure, *, worker: str, dead: bool
    ) -> Record | None:
        """Records an attempt that its transaction took back. Touches nothing that is completed or being processed."""

    def transaction(self) -> Transaction:
        """Begins a transaction that holds whatever lock its writes need."""

    def purge(self, before: float, limit: int) -> int:
        """Forgets up to ``limit`` events that were completed or dead before a time. Returns how many."""

    def seed(self, keys: Sequence[EventKey], facts: EventFacts) -> int:
        """Records events as completed that something else has processed. Returns how many were not known."""

    def unfinished_events(self, consumer: str) -> EventBacklog:
        """What there is besides completed events, without a write lock and without a look at the completed ones."""

    def close(self) -> None:
        """Closes the connections of this process."""


Step: TypeAlias = "Callable[[OperationRecord | None, float], tuple[OperationRecord | None, Any]]"
"""Takes an operation's newest generation and the time; gives what to write, if anything, and an answer."""


class OperationStore(Protocol):
    """Keeps outgoing operations, for longer than any retry can take."""

    forgetful: bool
    """Whether it may lose a committed operation without anyone's asking (eviction, asynchronous replication)."""

    def change(self, identity: Identity, step: Step) -> Any:
        """Runs ``step`` on the newest generation, alone; commits what it gives before returning its answer."""

    def change_by_key(self, key: str, step: Step) -> Any:
        """As :meth:`change`, for the generation that has an idempotency key, and does nothing if none has."""

    def operation_by_key(self, key: str) -> OperationRecord | None:
        """The generation that has an idempotency key, without a write lock."""

    def unfinished_page(
        self, namespace: str, *, sent_until: float, limit: int, after: OperationRecord | None = None
    ) -> list[OperationRecord]:
        """Up to ``limit`` newest generations without a final outcome, not first sent after a time, the oldest first.

        Those before and including ``after``, the last one of a page, are left out.
        """

    def unfinished_operations(self, namespace: str) -> OperationBacklog:
        """What there is of operations without a final outcome, without a look at the others."""
