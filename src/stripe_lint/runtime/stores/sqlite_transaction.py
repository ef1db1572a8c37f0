"""A transaction of SQLite that an event is processed in."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

from stripe_lint.runtime.stores import Claim, EventFacts, Once, Record, sqlite_events
from stripe_lint.runtime.stores.sqlite_connections import translated

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_lint.runtime.event import EventKey
    from stripe_lint.runtime.stores.sqlite_connections import Connections, StoreConnection


class SQLiteTransaction:
    """The transaction that an event is processed in. See ``stores.Transaction``."""

    def __init__(self, connection: StoreConnection, connections: Connections, now: Callable[[], float]) -> None:
        self.connection = connection
        self._connections = connections
        self._now = now
        self._closing = threading.Lock()
        self._abandoned = False

    @property
    def intact(self) -> bool:
        """See ``Transaction``."""
        return self.connection.in_transaction

    def claim(
        self, key: EventKey, facts: EventFacts, *, lease: float, worker: str, revive: bool = False
    ) -> Claim | Record:
        """See ``Unit``."""
        with translated("claim"):
            return sqlite_events.claim(self.connection, key, facts, self._now(), lease, worker, revive)

    def once(self, claim: Claim, key: str) -> Once:
        """See ``Unit``."""
        with translated("once"):
            return sqlite_events.once(self.connection, claim, key, self._now())

    def complete(self, claim: Claim, facts: EventFacts) -> bool:
        """See ``Unit``."""
        with translated("complete"):
            return sqlite_events.complete(self.connection, claim, facts, self._now())

    def commit(self) -> None:
        """See ``Transaction``."""
        with translated("commit"):
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

    def abandon(self) -> None:
        """See ``Transaction``. The connection stays open, because to close it under a running statement may crash."""
        with translated("abandon"):
            self._abandoned = True
            self.connection.execute("PRAGMA query_only = ON")
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def close(self, *, discard: bool) -> None:
        """See ``Transaction``."""
        if not self._closing.acquire(blocking=False):
            return
        connection = self.connection
        discard = discard or self._abandoned
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if self._abandoned:
                connection.execute("PRAGMA query_only = OFF")
        except sqlite3.Error:
            discard = True
        connection.guarded = False
        self._connections.release(connection, discard=discard)
