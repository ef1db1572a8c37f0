"""The statements about operations. The caller holds the write lock, except to read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stripe_lint.runtime.lifecycle import Identity, OperationRecord, OperationState

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
_LIST = """
SELECT {columns} FROM stripe_operations AS this
WHERE namespace = ? AND state IN ({states}) AND first_sent_at <= ? AND NOT EXISTS (
    SELECT 1 FROM stripe_operations AS later
    WHERE later.namespace = this.namespace AND later.account = this.account AND later.livemode = this.livemode
        AND later.api = this.api AND later.operation = this.operation AND later.business_id = this.business_id
        AND later.generation > this.generation)
ORDER BY first_sent_at LIMIT ?
"""


def change(connection: sqlite3.Connection, identity: Identity, step: Step, now: float) -> Any:
    """Runs a step on the newest generation."""
    return _stepped(connection, connection.execute(_NEWEST, identity).fetchone(), step, now)


def change_by_key(connection: sqlite3.Connection, key: str, step: Step, now: float) -> Any:
    """Runs a step on the generation with a key."""
    return _stepped(connection, connection.execute(_BY_KEY, (key,)).fetchone(), step, now)


def newest(
    connection: sqlite3.Connection, namespace: str, states: Sequence[OperationState], sent_until: float, limit: int
) -> list[OperationRecord]:
    """Newest generations in some states."""
    query = _LIST.format(columns=_COLUMNS, states=", ".join("?" * len(states)))
    rows = connection.execute(query, (namespace, *[state.value for state in states], sent_until, limit))
    return [_record(row) for row in rows]


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
