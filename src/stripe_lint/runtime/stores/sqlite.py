"""The default store: one file of SQLite.

One host, and a disk that outlives the process: all workers open the same file. Several hosts need another store, and a
file on a network file system is refused, because SQLite's locks do not hold there.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from stripe_lint.runtime.errors import ConfigurationError, StoreUnavailable
from stripe_lint.runtime.stores import (
    OPEN,
    Claim,
    EventFacts,
    Failure,
    Once,
    Record,
    Step,
    sqlite_events,
    sqlite_operations,
)
from stripe_lint.runtime.stores.filesystems import network_filesystem
from stripe_lint.runtime.stores.sqlite_schema import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stripe_lint.runtime.event import EventKey
    from stripe_lint.runtime.operations import Identity, OperationRecord, OperationState

_ABANDONED: list[object] = []
"""Connections of the process that this one was forked from. To close them here would disturb the other process."""


class StoreConnection(sqlite3.Connection):
    """A connection that a handler may write through and not commit."""

    guarded = False

    def commit(self) -> None:
        """Refused while the inbox's transaction is open."""
        self._refuse() if self.guarded else super().commit()

    def rollback(self) -> None:
        """Refused while the inbox's transaction is open."""
        self._refuse() if self.guarded else super().rollback()

    def executescript(self, script: str, /) -> sqlite3.Cursor:
        """Refused while the inbox's transaction is open, because it commits first."""
        return self._refuse() if self.guarded else super().executescript(script)

    def __enter__(self) -> StoreConnection:
        """Begins nothing: ``with delivery.connection`` is part of the inbox's transaction."""
        return self

    def __exit__(self, *_: object) -> Literal[False]:
        """Ends nothing, unlike the class it comes from."""
        return False

    def _refuse(self) -> NoReturn:
        raise ConfigurationError("the inbox commits delivery.connection when the handler has returned")


class SQLiteStore:
    """Events and operations in a file of SQLite, for one host with a persistent disk.

    Safe for threads, processes and workers that fork. In ``transactional`` mode the handler's tables are in this file.

    Args:
        path: The file; it is made if its folder exists.
        durability: ``"full"`` survives a power cut. ``"normal"`` survives the death of any process, and after a power
            cut may have forgotten the last commits, of which Stripe has been told that they are safe.
        busy_timeout: Seconds to wait for the write lock; then deliveries are answered 503.
        clock: Seconds since 1970, for leases.

    Raises:
        ConfigurationError: The file is on a network file system, or its folder does not exist.
        StoreUnavailable: The file can't be used as a database.
    """

    single_host = True
    forgetful = False
    volatile = False

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: Literal["full", "normal"] = "full",
        busy_timeout: float = 10,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if durability not in ("full", "normal"):
            raise ConfigurationError(f'durability is "full" or "normal", not {durability!r}')
        self._path = Path(path).absolute()
        if not self._path.parent.is_dir():
            raise ConfigurationError(f"the folder of the store does not exist: {self._path.parent}")
        kind = network_filesystem(self._path.parent)
        if kind:
            raise ConfigurationError(f"{self._path} is on a network file system ({kind}), where locks do not hold")
        self._synchronous = durability.upper()
        self._busy_timeout = busy_timeout
        self._now = clock
        self._process = os.getpid()
        self._idle: list[StoreConnection] = []
        self._start()

    def find(self, key: EventKey) -> Record | None:
        """See ``EventStore``."""
        with self._connection("find") as connection:
            return sqlite_events.find(connection, key, self._now())

    def claim(
        self, key: EventKey, facts: EventFacts, *, lease: float, worker: str, revive: bool = False
    ) -> Claim | Record:
        """See ``EventStore``."""
        with self._connection("claim") as connection:
            return sqlite_events.claim(connection, key, facts, self._now(), lease, worker, revive)

    def extend(self, claim: Claim, lease: float) -> bool:
        """See ``EventStore``."""
        with self._connection("extend") as connection:
            return sqlite_events.extend(connection, claim, self._now() + lease)

    def once(self, claim: Claim, key: str) -> Once:
        """See ``EventStore``."""
        with self._writing("once") as connection:
            return sqlite_events.once(connection, claim, key, self._now())

    def complete(self, claim: Claim, facts: EventFacts) -> bool:
        """See ``EventStore``."""
        with self._writing("complete") as connection:
            return sqlite_events.complete(connection, claim, facts, self._now())

    def fail(self, claim: Claim, failure: Failure, *, dead: bool) -> bool:
        """See ``EventStore``."""
        with self._connection("fail") as connection:
            return sqlite_events.fail(connection, claim, failure, dead, self._now())

    def record_failure(
        self, key: EventKey, facts: EventFacts, failure: Failure, *, worker: str, dead: bool
    ) -> Record | None:
        """See ``EventStore``."""
        with self._writing("fail") as connection:
            return sqlite_events.record_failure(connection, key, facts, failure, worker, dead, self._now())

    def transaction(self) -> SQLiteTransaction:
        """See ``EventStore``: waits for the only write lock, and holds it."""
        self._no_transaction_open()
        connection = self._acquire("begin")
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            self._release(connection)
            raise _unavailable("begin", error) from None
        connection.guarded = True
        return SQLiteTransaction(connection, self._release, self._now)

    def purge(self, before: float, limit: int) -> int:
        """See ``EventStore``."""
        with self._writing("purge") as connection:
            return sqlite_events.purge(connection, before, limit)

    def seed(self, keys: Sequence[EventKey], facts: EventFacts) -> int:
        """See ``EventStore``."""
        with self._writing("seed") as connection:
            return sqlite_events.seed(connection, keys, facts, self._now())

    def change(self, identity: Identity, step: Step) -> Any:
        """See ``OperationStore``."""
        with self._writing("operation") as connection:
            return sqlite_operations.change(connection, identity, step, self._now())

    def change_by_key(self, key: str, step: Step) -> Any:
        """See ``OperationStore``."""
        with self._writing("operation") as connection:
            return sqlite_operations.change_by_key(connection, key, step, self._now())

    def operations(
        self, namespace: str, states: Sequence[OperationState], *, sent_until: float, limit: int
    ) -> list[OperationRecord]:
        """See ``OperationStore``."""
        with self._connection("operations") as connection:
            return sqlite_operations.newest(connection, namespace, states, sent_until, limit)

    def close(self) -> None:
        """See ``EventStore``."""
        while self._idle:
            self._idle.pop().close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._path)!r})"

    def _start(self) -> None:
        """Makes the tables, and leaves no connection open for workers to inherit."""
        with self._connection("open") as connection:
            migrate(connection, self._busy_timeout)
        self.close()

    def _open(self) -> StoreConnection:
        connection = sqlite3.connect(
            self._path,
            timeout=self._busy_timeout,
            isolation_level=None,
            check_same_thread=False,
            factory=StoreConnection,
        )
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        return connection

    def _acquire(self, operation: str) -> StoreConnection:
        if self._process != os.getpid():
            _ABANDONED.append(self._idle)
            self._idle = []
            self._process = os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            pass
        try:
            return self._open()
        except sqlite3.DatabaseError as error:
            raise _unavailable(operation, error) from None

    def _release(self, connection: StoreConnection, *, discard: bool = False) -> None:
        if discard or connection.in_transaction:
            connection.close()
        else:
            self._idle.append(connection)

    @contextmanager
    def _connection(self, operation: str) -> Iterator[StoreConnection]:
        connection = self._acquire(operation)
        try:
            yield connection
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            raise _unavailable(operation, error) from None
        finally:
            self._release(connection)

    @contextmanager
    def _writing(self, operation: str) -> Iterator[StoreConnection]:
        self._no_transaction_open()
        with self._connection(operation) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _no_transaction_open(self) -> None:
        """Fails at once where waiting for the lock would be waiting for oneself."""
        if self in OPEN.get():
            raise ConfigurationError(
                "a transactional handler can't use its store for anything else: keep idempotency keys in another file"
            )


class SQLiteTransaction:
    """The transaction that an event is processed in. See ``stores.Transaction``."""

    def __init__(self, connection: StoreConnection, release: Callable[..., None], now: Callable[[], float]) -> None:
        self.connection = connection
        self._release = release
        self._now = now
        self._closing = threading.Lock()

    @property
    def intact(self) -> bool:
        """See ``Transaction``."""
        return self.connection.in_transaction

    def claim(
        self, key: EventKey, facts: EventFacts, *, lease: float, worker: str, revive: bool = False
    ) -> Claim | Record:
        """See ``Unit``."""
        with _translated("claim"):
            return sqlite_events.claim(self.connection, key, facts, self._now(), lease, worker, revive)

    def once(self, claim: Claim, key: str) -> Once:
        """See ``Unit``."""
        with _translated("once"):
            return sqlite_events.once(self.connection, claim, key, self._now())

    def complete(self, claim: Claim, facts: EventFacts) -> bool:
        """See ``Unit``."""
        with _translated("complete"):
            return sqlite_events.complete(self.connection, claim, facts, self._now())

    def commit(self) -> None:
        """See ``Transaction``."""
        with _translated("commit"):
            if self.connection.in_transaction:
                self.connection.execute("COMMIT")

    def mistake(self, error: BaseException) -> str | None:
        """See ``Transaction``."""
        seen: BaseException | None = error
        for _ in range(8):
            if isinstance(seen, sqlite3.OperationalError) and "locked" in str(seen):
                return "wrote to the store's file through a connection of its own: write through delivery.connection"
            seen = seen and (seen.__cause__ or seen.__context__)
        return None

    def close(self, *, discard: bool) -> None:
        """See ``Transaction``."""
        if not self._closing.acquire(blocking=False):
            return
        connection = self.connection
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            discard = True
        connection.guarded = False
        self._release(connection, discard=discard)


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.DatabaseError as error:
        raise _unavailable(operation, error) from None


def _unavailable(operation: str, error: sqlite3.Error) -> StoreUnavailable:
    """The error without what it may quote: SQLite's own texts name tables and columns, and no values."""
    return StoreUnavailable(f"{operation}: {type(error).__name__}: {error}")
