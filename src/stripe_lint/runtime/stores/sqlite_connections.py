"""Connections to a file of SQLite, which belong to the process that has opened them."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, NoReturn, Protocol

from stripe_lint.runtime.errors import ConfigurationError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


class Connections(Protocol):
    """Lends connections."""

    def acquire(self, operation: str) -> StoreConnection:
        """One that nobody else has until it is released. Raises ``StoreUnavailable``, which names the operation."""

    def release(self, connection: StoreConnection, *, discard: bool = False) -> None:
        """Takes one back; a transaction that is still open is taken back, too."""

    def close(self) -> None:
        """Closes those that are not lent."""


class FileConnections:
    """As many connections to a file as are in use at one time.

    Args:
        path: The file.
        busy_timeout: Seconds to wait for a lock.
        synchronous: SQLite's word for the durability.
    """

    def __init__(self, path: Path, busy_timeout: float, synchronous: str) -> None:
        self._path = path
        self._busy_timeout = busy_timeout
        self._synchronous = synchronous
        self._process = os.getpid()
        self.idle: list[StoreConnection] = []

    def acquire(self, operation: str) -> StoreConnection:
        """See ``Connections``."""
        if self._process != os.getpid():
            _ABANDONED.append(self.idle)
            self.idle = []
            self._process = os.getpid()
        try:
            return self.idle.pop()
        except IndexError:
            pass
        with translated(operation):
            return self._open()

    def release(self, connection: StoreConnection, *, discard: bool = False) -> None:
        """See ``Connections``."""
        if discard or connection.in_transaction:
            connection.close()
        else:
            self.idle.append(connection)

    def close(self) -> None:
        """See ``Connections``."""
        while self._process == os.getpid() and self.idle:
            self.idle.pop().close()

    def __del__(self) -> None:
        self.close()

    def _open(self) -> StoreConnection:
        connection = sqlite3.connect(
            self._path,
            timeout=self._busy_timeout,
            isolation_level=None,
            check_same_thread=False,
            factory=StoreConnection,
        )
        try:
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


class OnlyConnection:
    """The one connection to a database in memory, lent to one at a time.

    Args:
        busy_timeout: Seconds to wait for it.
    """

    def __init__(self, busy_timeout: float) -> None:
        self._busy_timeout = busy_timeout
        self._free = threading.Semaphore()
        self._connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False, factory=StoreConnection
        )

    def acquire(self, operation: str) -> StoreConnection:
        """See ``Connections``."""
        if not self._free.acquire(timeout=self._busy_timeout):
            raise StoreUnavailable(f"{operation}: another thread's transaction did not end")
        return self._connection

    def release(self, connection: StoreConnection, *, discard: bool = False) -> None:  # noqa: ARG002
        """See ``Connections``."""
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        self._free.release()

    def close(self) -> None:
        """Forgets everything."""
        self._connection.close()

    def __del__(self) -> None:
        self.close()


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Turns what the database can't do into ``StoreUnavailable``. A wrong statement stays what it is.

    The text is SQLite's own, which names tables and columns, and no values.
    """
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.DatabaseError as error:
        raise StoreUnavailable(f"{operation}: {type(error).__name__}: {error}") from None
