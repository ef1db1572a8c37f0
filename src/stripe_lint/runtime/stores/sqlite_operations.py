"""The statements about operations. The caller holds the write lock, except to read."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from stripe_lint.runtime.lifecycle import UNFINISHED, Identity, OperationRecord, OperationState
from stripe_lint.runtime.stores import LONGEST_LEASE, OperationBacklog

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from stripe_lint.runtime.stores import Step

_IDENTITY = "namespace = ? AND account = ? AND livemode = ? AND api = ? AND operation = ? AND business_id = ?"
_COLUMNS = (
    "namespace, account, livemode, api, operation, business_id, generation, key, fingerprint, fields, result, state, "
    "token, lease_until, sends, indeterminate, created_at, first_sent_at, last_sent_at, request_id, object_id, "
    "http_status, error_code, replayed"
)
_FIELDS = _COLUMNS.split(", ")[6:]
_NEWEST = f"SELECT {_COLUMNS} FROM stripe_operations WHERE {_IDENTITY} ORDER BY generation DESC LIMIT 1"
_BY_KEY = f"SELECT {_COLUMNS} FROM stripe_operations WHERE key = ?"
_WRITE = f"INSERT OR REPLACE INTO stripe_operations ({_COLUMNS}) VALUES ({', '.join('?' * 24)})"
_OPEN = "state NOT IN ('succeeded', 'failed')"
"""As in the definition of the index, so that SQLite may use it; it has to be told to."""

_PAGE = f"""
SELECT {_COLUMNS} FROM stripe_operations AS this INDEXED BY stripe_operations_open
WHERE namespace = ? AND {_OPEN} AND first_sent_at <= ? AND (first_sent_at, key) > (?, ?) AND NOT EXISTS (
    SELECT 1 FROM stripe_operations AS later
    WHERE later.namespace = this.namespace AND later.account = this.account AND later.livemode = this.livemode
        AND later.api = this.api AND later.operation = this.operation AND later.business_id = this.business_id
        AND later.generation > this.generation)
ORDER BY first_sent_at, key LIMIT ?
"""

_COUNTS = f"""
SELECT api, CASE WHEN state = 'pending' AND (lease_until < ? OR lease_until > ?) THEN 'unknown' ELSE state END AS known,
    count(*), min(first_sent_at)
FROM stripe_operations INDEXED BY stripe_operations_open WHERE namespace = ? AND {_OPEN} GROUP BY api, known
"""


def change(connection: sqlite3.Connection, identity: Identity, step: Step, now: float) -> Any:
    """Runs a step on the newest generation."""
    return _stepped(connection, connection.execute(_NEWEST, identity).fetchone(), step, now)


def change_by_key(connection: sqlite3.Connection, key: str, step: Step, now: float) -> Any:
    """Runs a step on the generation with a key."""
    return _stepped(connection, connection.execute(_BY_KEY, (key,)).fetchone(), step, now)


def by_key(connection: sqlite3.Connection, key: str) -> OperationRecord | None:
    """The generation with a key."""
    row = connection.execute(_BY_KEY, (key,)).fetchone()
    return _record(row) if row else None


def unfinished_page(
    connection: sqlite3.Connection, namespace: str, sent_until: float, limit: int, after: OperationRecord | None
) -> list[OperationRecord]:
    """Newest generations without a final outcome, the oldest first."""
    start = (after.first_sent_at, after.key) if after else (-math.inf, "")
    return [_record(row) for row in connection.execute(_PAGE, (namespace, sent_until, *start, limit))]


def unfinished(connection: sqlite3.Connection, namespace: str, now: float) -> OperationBacklog:
    """What there is of operations without a final outcome."""
    counts = dict.fromkeys(UNFINISHED, 0)
    oldest: dict[str, float] = {}
    for api, name, count, first in connection.execute(_COUNTS, (now, now + LONGEST_LEASE, namespace)):
        state = OperationState(name)
        counts[state] += count
        if state is OperationState.UNKNOWN:
            oldest[api] = now - first
    return OperationBacklog(counts, oldest)


def _stepped(connection: sqlite3.Connection, row: Any, step: Step, now: float) -> Any:
    written, answer = step(_record(row) if row else None, now)
    if written is not None:
        connection.execute(_WRITE, _row(written))
    return answer


def _record(row: Sequence[Any]) -> OperationRecord:
    columns = dict(zip(_FIELDS, row[6:], strict=True))
    columns |= {
        "fields": json.loads(columns["fields"]),
        "state": OperationState(columns["state"]),
        "indeterminate": bool(columns["indeterminate"]),
        "replayed": bool(columns["replayed"]),
    }
    return OperationRecord(Identity(row[0], row[1], bool(row[2]), row[3], row[4], row[5]), **columns)


def _row(record: OperationRecord) -> tuple[Any, ...]:
    return (
        *record.identity, record.generation, record.key, record.fingerprint, json.dumps(dict(record.fields)),
        record.result, record.state.value, record.token, record.lease_until, record.sends, record.indeterminate,
        record.created_at, record.first_sent_at, record.last_sent_at, record.request_id, record.object_id,
        record.http_status, record.error_code, record.replayed,
    )  # fmt: skip
