"""A store for tests: it behaves like the default one, because it is the same code on a database in memory."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_lint.runtime.errors import StoreUnavailable
from stripe_lint.runtime.stores.sqlite import SQLiteStore, StoreConnection
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

    def __init__(self, *, busy_timeout: float = 10, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(":memory:")
        self._busy_timeout = busy_timeout
        self._now = clock
        self._only = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, factory=StoreConnection)
        migrate(self._only, busy_timeout)
        self._free = threading.Semaphore()

    def close(self) -> None:
        """Forgets everything."""
        self._only.close()

    def _acquire(self, operation: str) -> StoreConnection:
        if not self._free.acquire(timeout=self._busy_timeout):
            raise StoreUnavailable(f"{operation}: another thread's transaction did not end")
        return self._only

    def _release(self, connection: StoreConnection, *, discard: bool = False) -> None:  # noqa: ARG002
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        self._free.release()
