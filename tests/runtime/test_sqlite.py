"""What is particular to the store on SQLite: commits, locks, forks, files."""

from __future__ import annotations

import re
import sqlite3
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from conformance import FACTS, KEY

from stripe_lint.runtime import ConfigurationError, StoreUnavailable, WebhookInbox
from stripe_lint.runtime.stores import filesystems, sqlite_events, sqlite_operations, sqlite_schema
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.stores.sqlite_schema import MIGRATIONS
from stripe_lint.runtime.testing import SECRET, deliver, event


def commits(path: Path) -> int:
    """How many transactions are in the write-ahead log: frames that say how large the database is after them."""
    log = path.with_name(path.name + "-wal").read_bytes()
    size = struct.unpack(">I", log[8:12])[0]
    salt = log[16:24]
    frames = [log[at : at + 24] for at in range(32, len(log), 24 + size)]
    return sum(struct.unpack(">I", frame[4:8])[0] > 0 for frame in frames if frame[8:16] == salt)


def handling(path: Path, mode: Any, handler: Any = lambda event: None) -> WebhookInbox:
    inbox = WebhookInbox(SECRET, SQLiteStore(path), mode=mode)
    inbox.on("invoice.paid")(handler)
    return inbox


@pytest.mark.parametrize(("mode", "most"), [("lease", 2), ("transactional", 1)])
def test_an_event_takes_no_more_commits_than_its_mode_needs(tmp_path: Path, mode: Any, most: int) -> None:
    path = tmp_path / "a.db"
    inbox = handling(path, mode)
    deliver(inbox, event("invoice.paid"))
    before = commits(path)
    for _ in range(10):
        deliver(inbox, event("invoice.paid"), times=3)
    assert commits(path) - before == 10 * most


@pytest.mark.parametrize("mode", ["lease", "transactional"])
def test_a_duplicate_needs_no_write_lock(tmp_path: Path, mode: Any) -> None:
    path = tmp_path / "a.db"
    inbox = WebhookInbox(SECRET, SQLiteStore(path, busy_timeout=0.05), mode=mode)
    inbox.on("invoice.paid")(lambda event: None)
    paid = event("invoice.paid")
    deliver(inbox, paid)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert deliver(inbox, paid)[0].outcome == "duplicate"
    assert deliver(inbox, event("invoice.created"))[0].outcome == "unhandled"
    assert deliver(inbox, event("invoice.paid"))[0].outcome == "store_unavailable"
    other.close()
    assert deliver(inbox, event("invoice.paid"))[0].outcome == "succeeded"


def test_commits_are_durable_unless_told_otherwise(tmp_path: Path) -> None:
    for durability, expected in (("full", 2), ("normal", 1)):
        store = SQLiteStore(tmp_path / "a.db", durability=durability)  # type: ignore[arg-type]
        with store._connection("test") as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (expected,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with pytest.raises(ConfigurationError):
        SQLiteStore(tmp_path / "a.db", durability="off")  # type: ignore[arg-type]


FORKING = """
import os, sys
from stripe_lint.runtime import WebhookInbox
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, event

store = SQLiteStore(sys.argv[1])
inbox = WebhookInbox(SECRET, store)
inbox.on("invoice.paid")(lambda event: None)

async def voided(event):
    pass

inbox.on("invoice.voided")(voided)
deliver(inbox, event("invoice.paid", id="evt_parent"))
deliver(inbox, event("invoice.voided", id="evt_parent2"))
pool = store._connections
mine = pool.idle[0]
for number in range(3):
    child = os.fork()
    if not child:
        outcomes = [deliver(inbox, event(f"invoice.{name}", id=f"evt_{name}{number}"))[0].outcome
                    for name in ("paid", "voided")]
        outcomes += [deliver(inbox, event("invoice.paid", id="evt_parent"))[0].outcome]
        os._exit(outcomes != ["succeeded", "succeeded", "duplicate"] or mine in pool.idle)
    assert os.waitpid(child, 0)[1] == 0
assert deliver(inbox, event("invoice.paid", id="evt_paid0"))[0].outcome == "duplicate"
assert pool.idle == [mine]
print("fine")
"""


def test_no_connection_is_shared_over_a_fork(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORKING, str(tmp_path / "a.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "fine\n", done.stderr


def test_a_fresh_store_holds_no_connection(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "a.db")
    opened = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    assert not any(str(tmp_path) in each for each in opened)
    assert repr(store) == f"SQLiteStore({str(tmp_path / 'a.db')!r})"


def test_many_can_make_the_tables_at_once(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def make() -> None:
        try:
            SQLiteStore(tmp_path / "a.db").find(KEY)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_the_applications_own_version_is_left_alone(tmp_path: Path) -> None:
    own = sqlite3.connect(tmp_path / "shop.db")
    own.executescript("PRAGMA user_version = 7; CREATE TABLE orders (id)")
    SQLiteStore(tmp_path / "shop.db")
    assert own.execute("PRAGMA user_version").fetchone() == (7,)
    assert own.execute("SELECT version FROM stripe_runtime").fetchone() == (len(MIGRATIONS),)
    own.close()


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_store_of_an_older_release_is_brought_up_to_date(
    tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(sqlite_schema, "MIGRATIONS", MIGRATIONS[:version])
        store = SQLiteStore(tmp_path / "a.db")
        kept = store.claim(KEY, FACTS, lease=60, worker="w")
    newer = SQLiteStore(tmp_path / "a.db")
    assert newer.unfinished_events(KEY.consumer).attempts == 1
    assert newer.complete(kept, FACTS)
    assert newer.unfinished_events(KEY.consumer).attempts == 0


@pytest.mark.parametrize(
    ("query", "values", "index"),
    [
        (sqlite_events._UNFINISHED, 1, "stripe_events_open"),
        (sqlite_events._OLD, 2, "stripe_events_done"),
        (sqlite_operations._PAGE, 5, "stripe_operations_open"),
        (sqlite_operations._COUNTS, 3, "stripe_operations_open"),
    ],
)
def test_what_is_asked_often_reads_no_whole_table(tmp_path: Path, query: str, values: int, index: str) -> None:
    store = SQLiteStore(tmp_path / "a.db")
    with store._connection("test") as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", [0] * values)]
    assert any(index in step for step in plan), plan
    assert not any(re.fullmatch(r"SCAN \w+", step) for step in plan), plan


def test_a_store_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    SQLiteStore(tmp_path / "a.db").close()
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("UPDATE stripe_runtime SET version = 99")
    other.close()
    with pytest.raises(ConfigurationError, match="newer"):
        SQLiteStore(tmp_path / "a.db")


def test_what_is_no_database_is_not_available(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("this is a text " * 1000)
    with pytest.raises(StoreUnavailable):
        SQLiteStore(tmp_path / "a.db")
    assert (tmp_path / "a.db").read_text().startswith("this is a text")
    with pytest.raises(ConfigurationError, match="does not exist"):
        SQLiteStore(tmp_path / "missing" / "a.db")


def test_a_disk_that_is_full_loses_nothing(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "a.db")
    inbox = WebhookInbox(SECRET, store)
    seen: list[str] = []
    inbox.on("invoice.paid")(lambda event: seen.append(event.id))
    with store._connection("test") as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    events = [event("invoice.paid", {"id": f"in_{number}"}) for number in range(100)]
    outcomes = [deliver(inbox, each)[0].outcome for each in events]
    assert "store_unavailable" in outcomes
    assert set(outcomes) <= {"succeeded", "not_recorded", "store_unavailable"}
    with store._connection("test") as connection:
        connection.execute("PRAGMA max_page_count = 100000")
    again = [deliver(inbox, each)[0].outcome for each in events]
    assert set(again) <= {"duplicate", "succeeded", "in_progress"}
    assert {each["id"] for each in events} == set(seen)


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path}/with\\040space nfs4 rw 0 0\n")
    (tmp_path / "with space" / "inner").mkdir(parents=True)
    monkeypatch.setattr(filesystems, "_MOUNTS", mounts)
    with pytest.raises(ConfigurationError, match="nfs4"):
        SQLiteStore(tmp_path / "with space" / "inner" / "a.db")
    SQLiteStore(tmp_path / "a.db")
    monkeypatch.setattr(filesystems, "_MOUNTS", tmp_path / "missing")
    SQLiteStore(tmp_path / "with space" / "a.db")
