"""A store for tests: it behaves like the default one, because it is the same code on a database in memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.stores.sqlite_connections import OnlyConnection
from stripe_lint.runtime.stores.sqlite_schema import migrate

if TYPE_CHECKING:
    from collections.abc import Callable


class MemoryStore(SQLiteStore):
    """Events and operations in this process's memory. An inbox refuses it where a live API key is configured.

    Args:
        busy_timeout: Seconds to wait for another thread's transaction.
        clock: Seconds since 1970, for leases.
    """

    volatile = True

    def _is(self, other: SQLiteStore) -> bool:
        return self is other

    def __init__(self, *, busy_timeout: float = 10, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(":memory:")
        self._busy_timeout = busy_timeout
        self._now = clock
        self._connections = OnlyConnection(busy_timeout)
        with self._connection("open") as connection:
            migrate(connection, busy_timeout)
