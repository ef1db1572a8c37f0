"""The statements about events, each on a connection that the caller has begun a transaction on, or not."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from stripe_lint.runtime.stores import LONGEST_LEASE, Claim, EventBacklog, EventFacts, Failure, Once, Record, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stripe_lint.runtime.event import EventKey

_KEY = "consumer = ? AND account = ? AND livemode = ? AND id = ?"
_CURRENT = f"{_KEY} AND state = 'processing' AND token = ?"

_FIND = f"SELECT state, token, attempts, lease_until, digest, error_class FROM stripe_events WHERE {_KEY}"

_CLAIM = """
INSERT INTO stripe_events (consumer, account, livemode, id, type, created, api_version, digest,
    state, token, lease_until, attempts, received_at, started_at, worker)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'processing', 1, ?, 1, ?, ?, ?)
ON CONFLICT (consumer, account, livemode, id) DO UPDATE SET
    takeover = (state = 'processing'), state = 'processing', token = token + 1, attempts = attempts + 1,
    lease_until = excluded.lease_until, started_at = excluded.started_at, worker = excluded.worker, done_at = NULL
WHERE state = 'failed' OR (state = 'processing' AND (lease_until < ? OR lease_until > ?)) OR (state = 'dead' AND ?)
RETURNING token, attempts, takeover
"""

_MARK = """
SELECT created FROM stripe_marks
WHERE consumer = ? AND account = ? AND livemode = ? AND object_id = ? AND event_id <> ?
"""

_EXTEND = f"UPDATE stripe_events SET lease_until = ? WHERE {_CURRENT}"

_COMPLETE = f"""
UPDATE stripe_events SET state = 'completed', done_at = ?, lease_until = NULL, error_class = NULL, error_digest = NULL
WHERE {_CURRENT}
"""

_SET_MARK = """
INSERT INTO stripe_marks (consumer, account, livemode, object_id, created, event_id) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET created = excluded.created, event_id = excluded.event_id WHERE excluded.created >= created
"""

_FAIL = f"""
UPDATE stripe_events SET state = ?, done_at = ?, lease_until = NULL, error_class = ?, error_digest = ? WHERE {_CURRENT}
"""

_RECORD_FAILURE = """
INSERT INTO stripe_events (consumer, account, livemode, id, type, created, api_version, digest,
    state, token, attempts, received_at, started_at, done_at, error_class, error_digest, worker)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?)
ON CONFLICT (consumer, account, livemode, id) DO UPDATE SET
    state = excluded.state, token = token + 1, attempts = attempts + 1, lease_until = NULL,
    started_at = excluded.started_at, done_at = excluded.done_at, worker = excluded.worker,
    error_class = excluded.error_class, error_digest = excluded.error_digest
WHERE state IN ('failed', 'dead') OR (state = 'processing' AND (lease_until < ? OR lease_until > ?))
"""

_OWN = """
INSERT INTO stripe_once (consumer, account, livemode, name, owner, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""

_OWNER = "SELECT owner FROM stripe_once WHERE consumer = ? AND account = ? AND livemode = ? AND name = ?"

_OLD = """
SELECT consumer, account, livemode, id, state FROM stripe_events
WHERE done_at < ? AND state IN ('completed', 'dead') ORDER BY done_at LIMIT ?
"""

_UNFINISHED = """
SELECT state, count(*), min(received_at), max(attempts) FROM stripe_events
WHERE consumer = ? AND state <> 'completed' GROUP BY state
"""

_DISOWN = "DELETE FROM stripe_once WHERE consumer = ? AND account = ? AND livemode = ? AND owner = ?"

_SEED = """
INSERT INTO stripe_events (consumer, account, livemode, id, type, created, digest, state, token, attempts, received_at,
    done_at)
VALUES (?, ?, ?, ?, ?, ?, ?, 'completed', 0, 0, ?, ?) ON CONFLICT DO NOTHING
"""


def find(connection: sqlite3.Connection, key: EventKey, now: float) -> Record | None:
    """What is known of an event."""
    row = connection.execute(_FIND, key).fetchone()
    if row is None:
        return None
    state = State(row[0])
    live = state is State.PROCESSING and now <= row[3] <= now + LONGEST_LEASE
    return Record(state, row[1], row[2], row[3], row[4], row[5], live)


def claim(
    connection: sqlite3.Connection,
    key: EventKey,
    facts: EventFacts,
    now: float,
    lease: float,
    worker: str,
    revive: bool,
) -> Claim | Record:
    """Takes an event in one statement, or tells why not."""
    values = (
        *key,
        facts.type,
        facts.created,
        facts.api_version,
        facts.digest,
        now + lease,
        now,
        now,
        worker,
        now,
        now + LONGEST_LEASE,
        revive,
    )
    taken = connection.execute(_CLAIM, values).fetchall()  # all rows, because only then the statement is at its end
    if not taken:
        known = find(connection, key, now)
        if known is None:  # purged between the two statements
            raise sqlite3.OperationalError("the event changed while it was claimed")
        return known
    mark = None
    if facts.object_id:
        row = connection.execute(_MARK, (*key[:3], facts.object_id, key.id)).fetchone()
        mark = row[0] if row else None
    ((token, attempts, takeover),) = taken
    return Claim(key, token, attempts, bool(takeover), mark)


def extend(connection: sqlite3.Connection, held: Claim, until: float) -> bool:
    """Moves the end of a lease."""
    return connection.execute(_EXTEND, (until, *held.key, held.token)).rowcount == 1


def complete(connection: sqlite3.Connection, held: Claim, facts: EventFacts, now: float) -> bool:
    """Records success, and the mark of the object."""
    if connection.execute(_COMPLETE, (now, *held.key, held.token)).rowcount != 1:
        return False
    if facts.object_id:
        connection.execute(_SET_MARK, (*held.key[:3], facts.object_id, facts.created, held.key.id))
    return True


def fail(connection: sqlite3.Connection, held: Claim, failure: Failure, dead: bool, now: float) -> bool:
    """Records failure."""
    state = State.DEAD if dead else State.FAILED
    values = (state.value, now if dead else None, failure.error_class, failure.error_digest, *held.key, held.token)
    return connection.execute(_FAIL, values).rowcount == 1


def record_failure(
    connection: sqlite3.Connection,
    key: EventKey,
    facts: EventFacts,
    failure: Failure,
    worker: str,
    dead: bool,
    now: float,
) -> Record | None:
    """Records the failure of an attempt of which nothing else is left; gives what stands in its way, if anything."""
    state = (State.DEAD if dead else State.FAILED).value
    described = (facts.type, facts.created, facts.api_version, facts.digest)
    ended = (now, now, now if dead else None, failure.error_class, failure.error_digest, worker)
    values = (*key, *described, state, *ended, now, now + LONGEST_LEASE)
    if connection.execute(_RECORD_FAILURE, values).rowcount == 1:
        return None
    return find(connection, key, now)


def once(connection: sqlite3.Connection, held: Claim, name: str, now: float) -> Once:
    """Who owns a key. The caller holds the write lock."""
    key = held.key
    if not connection.execute(f"SELECT 1 FROM stripe_events WHERE {_CURRENT}", (*key, held.token)).fetchone():
        return Once.STALE
    connection.execute(_OWN, (*key[:3], name, key.id, now))
    (owner,) = connection.execute(_OWNER, (*key[:3], name)).fetchone()
    if owner == key.id:
        return Once.OWNED
    other = find(connection, key._replace(id=owner), now)
    # The purge takes the keys of dead events with them, so an owner that is not known any more was completed.
    return Once.DONE if other is None or other.state is State.COMPLETED else Once.UNDECIDED


def purge(connection: sqlite3.Connection, before: float, limit: int) -> int:
    """Forgets events, and marks that no event which can still come is older than. The caller holds the write lock."""
    old = connection.execute(_OLD, (before, limit)).fetchall()
    for *key, state in old:
        if state == State.DEAD.value:
            connection.execute(_DISOWN, key)
        connection.execute(f"DELETE FROM stripe_events WHERE {_KEY}", key)
    if len(old) < limit:
        connection.execute("DELETE FROM stripe_marks WHERE created < ?", (int(before),))
    return len(old)


def unfinished(connection: sqlite3.Connection, consumer: str, now: float) -> EventBacklog:
    """What there is besides completed events."""
    counts: dict[State, int] = {state: 0 for state in State if state is not State.COMPLETED}
    oldest, most = now, 0
    for name, count, since, attempts in connection.execute(_UNFINISHED, (consumer,)):
        state = State(name)
        counts[state] = count
        if state is not State.DEAD:
            oldest, most = min(oldest, since), max(most, attempts)
    return EventBacklog(counts, now - oldest, most)


def seed(connection: sqlite3.Connection, keys: Sequence[EventKey], facts: EventFacts, now: float) -> int:
    """Records events as completed."""
    values = [(*key, facts.type, facts.created, facts.digest, now, now) for key in keys]
    return sum(connection.execute(_SEED, each).rowcount for each in values)
