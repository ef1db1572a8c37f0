"""The tables in SQLite, and how older ones become these."""

from __future__ import annotations

import sqlite3
import time

from stripe_lint.runtime.errors import ConfigurationError

OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables; RETURNING came with 3.35."""

MIGRATIONS = (
    """
    CREATE TABLE stripe_events (
        consumer TEXT NOT NULL,
        account TEXT NOT NULL,
        livemode INTEGER NOT NULL,
        id TEXT NOT NULL,
        type TEXT NOT NULL,
        created INTEGER NOT NULL,
        api_version TEXT,
        digest BLOB NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('processing', 'completed', 'failed', 'dead')),
        token INTEGER NOT NULL,
        lease_until REAL,
        attempts INTEGER NOT NULL,
        takeover INTEGER NOT NULL DEFAULT 0,
        received_at REAL NOT NULL,
        started_at REAL,
        done_at REAL,
        error_class TEXT,
        error_digest TEXT,
        worker TEXT,
        PRIMARY KEY (consumer, account, livemode, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX stripe_events_done ON stripe_events (done_at) WHERE done_at IS NOT NULL;
    CREATE TABLE stripe_once (
        consumer TEXT NOT NULL,
        account TEXT NOT NULL,
        livemode INTEGER NOT NULL,
        name TEXT NOT NULL,
        owner TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (consumer, account, livemode, name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX stripe_once_owner ON stripe_once (owner);
    CREATE TABLE stripe_marks (
        consumer TEXT NOT NULL,
        account TEXT NOT NULL,
        livemode INTEGER NOT NULL,
        object_id TEXT NOT NULL,
        created INTEGER NOT NULL,
        event_id TEXT NOT NULL,
        PRIMARY KEY (consumer, account, livemode, object_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE stripe_operations (
        namespace TEXT NOT NULL,
        account TEXT NOT NULL,
        livemode INTEGER NOT NULL,
        api TEXT NOT NULL,
        operation TEXT NOT NULL,
        business_id TEXT NOT NULL,
        generation INTEGER NOT NULL,
        key TEXT NOT NULL UNIQUE,
        fingerprint TEXT NOT NULL,
        fields TEXT NOT NULL,
        result TEXT,
        state TEXT NOT NULL,
        token INTEGER NOT NULL,
        lease_until REAL,
        sends INTEGER NOT NULL,
        indeterminate INTEGER NOT NULL,
        created_at REAL NOT NULL,
        first_sent_at REAL NOT NULL,
        last_sent_at REAL NOT NULL,
        request_id TEXT,
        object_id TEXT,
        http_status INTEGER,
        error_code TEXT,
        replayed INTEGER NOT NULL,
        PRIMARY KEY (namespace, account, livemode, api, operation, business_id, generation)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX stripe_operations_open ON stripe_operations (namespace, first_sent_at)
        WHERE state NOT IN ('succeeded', 'failed');
    """,
    """
    CREATE INDEX stripe_events_open ON stripe_events (consumer, state, received_at, attempts)
        WHERE state <> 'completed';
    """,
)
"""From each version to the next. What was released is never changed.

The version is in a table and not in ``PRAGMA user_version``, because the file may be the application's own, which may
count its own versions there.
"""


def migrate(connection: sqlite3.Connection, busy_timeout: float) -> None:
    """Brings a database to the newest version, whoever else does so at the same time.

    Raises:
        ConfigurationError: SQLite is too old, or the database is of a newer release of this package.
        sqlite3.Error: The file is no database, or can't be written.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise ConfigurationError(f"SQLite {sqlite3.sqlite_version} is too old: 3.37 is needed")
    _write_ahead(connection, busy_timeout)
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS stripe_runtime (version INTEGER NOT NULL) STRICT")
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise ConfigurationError("the store was written by a newer release of stripe-lint")
        for script in MIGRATIONS[version:]:
            for statement in script.split(";"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute("DELETE FROM stripe_runtime")
        connection.execute("INSERT INTO stripe_runtime VALUES (?)", (len(MIGRATIONS),))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> int:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'stripe_runtime'").fetchone()
    row = connection.execute("SELECT version FROM stripe_runtime").fetchone() if known else None
    return int(row[0]) if row else 0


def _write_ahead(connection: sqlite3.Connection, busy_timeout: float) -> None:
    """Switches to the write-ahead log; while another process does the same SQLite says "locked" without waiting."""
    until = time.monotonic() + busy_timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError:  # noqa: PERF203 - it is a loop because of it
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return
