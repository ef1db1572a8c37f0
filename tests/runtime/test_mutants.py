"""Tests that exist because a mutant survived the others; ``tools/runtime_mutants.py`` runs all mutants."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from conformance import FACTS, KEY, claimed

from stripe_lint.runtime.stores.sqlite import SQLiteStore

TOOL = Path(__file__).parent.parent.parent / "tools" / "runtime_mutants.py"


def test_an_events_own_mark_does_not_count(store: Any) -> None:
    """A replay of an event that was completed and purged sees what it saw the first time."""
    assert store.complete(claimed(store), FACTS)
    with store._connection("test") as connection:
        connection.execute("DELETE FROM stripe_events")
    assert claimed(store).mark is None
    assert claimed(store, KEY._replace(id="evt_2")).mark == FACTS.created


def test_a_transaction_has_the_write_lock_before_it_reads(tmp_path: Path) -> None:
    """A transaction that reads first and then wants to write fails at once if another has written in between."""
    store = SQLiteStore(tmp_path / "a.db", busy_timeout=10)
    with store._writing("first") as connection:
        connection.execute("SELECT count(*) FROM stripe_events").fetchone()
        other = sqlite3.connect(tmp_path / "a.db", timeout=10)
        wrote: list[float] = []

        def write() -> None:
            inner = sqlite3.connect(tmp_path / "a.db", timeout=10)
            inner.execute("DELETE FROM stripe_marks")
            inner.commit()
            wrote.append(time.monotonic())
            inner.close()

        thread = threading.Thread(target=write)
        thread.start()
        time.sleep(0.2)
        assert not wrote
        connection.execute("DELETE FROM stripe_once")
    thread.join()
    other.close()
    assert wrote


def test_every_safeguard_has_a_test() -> None:
    done = subprocess.run([sys.executable, TOOL], capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
