"""The default store: one file of SQLite.

One host, and a disk that outlives the process: all workers open the same file. Several hosts need another store, and a
file on a network file system is refused, because SQLite's locks do not hold there.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stripe_lint.runtime.errors import ConfigurationError
from stripe_lint.runtime.stores import (
    OPEN,
    Claim,
    EventBacklog,
    EventFacts,
    Failure,
    Once,
    OperationBacklog,
    Record,
    Step,
    sqlite_events,
    sqlite_operations,
)
from stripe_lint.runtime.stores.filesystems import network_filesystem
from stripe_lint.runtime.stores.sqlite_connections import FileConnections, translated
from stripe_lint.runtime.stores.sqlite_schema import migrate
from stripe_lint.runtime.stores.sqlite_transaction import SQLiteTransaction

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from stripe_lint.runtime.event import EventKey
    from stripe_lint.runtime.lifecycle import Identity, OperationRecord
    from stripe_lint.runtime.stores.sqlite_connections import Connections, StoreConnection


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
        self._path = Path(path).resolve()
        if not self._path.parent.is_dir():
            raise ConfigurationError(f"the folder of the store does not exist: {self._path.parent}")
        kind = network_filesystem(self._path.parent)
        if kind:
            raise ConfigurationError(f"{self._path} is on a network file system ({kind}), where locks do not hold")
        self._busy_timeout = busy_timeout
        self._now = clock
        self._connections: Connections = FileConnections(self._path, busy_timeout, durability.upper())
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
        connection = self._connections.acquire("begin")
        try:
            with translated("begin"):
                connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._connections.release(connection)
            raise
        connection.guarded = True
        return SQLiteTransaction(connection, self._connections, self._now)

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

    def operation_by_key(self, key: str) -> OperationRecord | None:
        """See ``OperationStore``."""
        with self._connection("operation") as connection:
            return sqlite_operations.by_key(connection, key)

    def unfinished_page(
        self, namespace: str, *, sent_until: float, limit: int, after: OperationRecord | None = None
    ) -> list[OperationRecord]:
        """See ``OperationStore``."""
        with self._connection("operations") as connection:
            return sqlite_operations.unfinished_page(connection, namespace, sent_until, limit, after)

    def unfinished_operations(self, namespace: str) -> OperationBacklog:
        """See ``OperationStore``."""
        with self._connection("operations") as connection:
            return sqlite_operations.unfinished(connection, namespace, self._now())

    def unfinished_events(self, consumer: str) -> EventBacklog:
        """See ``EventStore``."""
        with self._connection("events") as connection:
            return sqlite_events.unfinished(connection, consumer, self._now())

    def close(self) -> None:
        """See ``EventStore``."""
        self._connections.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._path)!r})"

    def _start(self) -> None:
        """Makes the tables, and leaves no connection open for workers to inherit."""
        with self._connection("open") as connection:
            migrate(connection, self._busy_timeout)
        self.close()

    @contextmanager
    def _connection(self, operation: str) -> Iterator[StoreConnection]:
        connection = self._connections.acquire(operation)
        try:
            with translated(operation):
                yield connection
        finally:
            self._connections.release(connection)

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

    def _is(self, other: SQLiteStore) -> bool:
        """Whether both are the same file: two stores of one file wait for each other's locks."""
        return self is other or self._path == other._path

    def _no_transaction_open(self) -> None:
        """Fails at once where waiting for the lock would be waiting for oneself."""
        if any(isinstance(each, SQLiteStore) and each._is(self) for each in OPEN.get()):
            raise ConfigurationError(
                "a transactional handler can't use its store for anything else: keep idempotency keys in another file"
            )
