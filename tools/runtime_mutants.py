"""Takes one safeguard of the runtime out at a time, and runs the test that has to notice.

    python tools/runtime_mutants.py [NAME ...]

Each mutant is made in a copy of the package, which its test imports instead of this one. A mutant that survives its
test, or whose text is not found exactly once, is a failure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "stripe_lint"
TESTS = ROOT / "tests" / "runtime"


class Mutant(NamedTuple):
    """A change of one file that makes the runtime unsafe, and the test that has to fail."""

    name: str
    file: str
    before: str
    after: str
    test: str


EVENTS = "stores/sqlite_events.py"
STALE = "test_store_conformance.py -k nothing_stale"

MUTANTS = (
    Mutant("token", EVENTS, "AND state = 'processing' AND token = ?\"", "AND state = 'processing' AND ? > 0\"", STALE),
    Mutant(
        "state of writes",
        EVENTS,
        "AND state = 'processing' AND token = ?\"",
        'AND token = ?"',
        "test_store_conformance.py -k nothing_is_written_after",
    ),
    Mutant(
        "state of claims",
        EVENTS,
        "WHERE state = 'failed' OR (state = 'processing' AND (lease_until < ? OR lease_until > ?)) OR",
        "WHERE state <> 'x' OR ? OR ? OR",
        "test_store_conformance.py -k completed_event_is_not_claimed",
    ),
    Mutant(
        "lease of claims",
        EVENTS,
        "(state = 'processing' AND (lease_until < ? OR lease_until > ?)) OR (state = 'dead'",
        "(state = 'processing' AND (? OR ?)) OR (state = 'dead'",
        "test_store_conformance.py -k first_claim_wins",
    ),
    Mutant(
        "revival of the dead",
        EVENTS,
        "OR (state = 'dead' AND ?)\nRETURNING",
        "OR (state = 'dead' AND ? < 2)\nRETURNING",
        "test_store_conformance.py -k dead_event_is_claimed_only",
    ),
    Mutant(
        "token grows",
        EVENTS,
        "state = 'processing', token = token + 1, attempts",
        "state = 'processing', token = token, attempts",
        STALE,
    ),
    Mutant(
        "failures of others",
        EVENTS,
        "WHERE state IN ('failed', 'dead') OR (state = 'processing' AND (lease_until < ? OR lease_until > ?))",
        "WHERE ? > 0 AND ? > 0",
        "test_store_conformance.py -k touches_no_other_outcome",
    ),
    Mutant(
        "purge of what is done only",
        EVENTS,
        "WHERE done_at < ? AND state IN ('completed', 'dead') ORDER BY done_at",
        "WHERE received_at < ? ORDER BY received_at",
        "test_store_conformance.py -k purge_takes_only",
    ),
    Mutant("once is current", EVENTS, "return Once.STALE", "pass", STALE),
    Mutant(
        "once waits for its owner",
        EVENTS,
        "if other is None or other.state is State.COMPLETED else",
        "if other is not None else",
        "test_handlers.py -k others_come_back",
    ),
    Mutant(
        "marks of the event itself",
        EVENTS,
        "AND object_id = ? AND event_id <> ?",
        "AND object_id = ? AND event_id <> '' || substr(?, 1, 0)",
        "test_mutants.py -k own_mark",
    ),
    Mutant(
        "immediate transactions",
        "stores/sqlite.py",
        'connection.execute("BEGIN IMMEDIATE")\n            try:\n                yield connection',
        'connection.execute("BEGIN")\n            try:\n                yield connection',
        "test_mutants.py -k write_lock",
    ),
    Mutant(
        "guarded connection",
        "stores/sqlite.py",
        "connection.guarded = True",
        "connection.guarded = False",
        "test_transactional.py -k handler_does_not_end_the_transaction",
    ),
    Mutant(
        "abandoned handlers",
        "processing.py",
        "unit.close(discard=stopped)",
        "unit.close(discard=False)",
        "test_transactional.py -k outlives_its_loop",
    ),
    Mutant(
        "verification first",
        "inbox.py",
        "        try:\n            found = self._verifier",
        "        self.store.find(EventKey('', '', False, body[:9].decode('latin-1')))\n"
        "        try:\n            found = self._verifier",
        "test_forgery.py -k body",
    ),
    Mutant(
        "verdict of the SDK",
        "verification.py",
        "if slot is None:\n            return Refused(Reason.NO_MATCH",
        "if slot is None and text == '':\n            return Refused(Reason.NO_MATCH",
        "test_forgery.py -k header",
    ),
    Mutant(
        "future timestamps",
        "verification.py",
        "if age < -self._tolerance:",
        "if age < -self._tolerance * 10**9:",
        "test_verification.py -k future",
    ),
    Mutant(
        "shape of the header",
        "verification.py",
        "if timestamp is not None or not _TIMESTAMP.fullmatch(value):",
        "if timestamp is not None:",
        "test_verification.py -k other_spelling",
    ),
    Mutant(
        "lost leases",
        "processing.py",
        "        if not completed:\n",
        "        if completed is None:\n",
        "test_leases.py -k hangs_does_not_keep",
    ),
    Mutant(
        "closed when the store is down",
        "processing.py",
        "            return replies.STORE_DOWN",
        "            return replies.DUPLICATE",
        "test_deliveries.py -k no_event_is_acknowledged",
    ),
    Mutant(
        "threads of the lock's holder",
        "processing.py",
        'waits=name == "begin"',
        "waits=False",
        "test_transactional.py -k starve",
    ),
    Mutant(
        "heartbeat",
        "heartbeat.py",
        "                elif beat.claim and beat.since <= due and not beat.lost:\n",
        "                elif beat.claim and beat.since <= due and beat.lost:\n",
        "test_leases.py -k running_handler_keeps",
    ),
    Mutant(
        "end of heartbeats",
        "heartbeat.py",
        "if time.monotonic() - beat.since > self._longest:",
        "if self._longest < 0:",
        "test_leases.py -k hangs_does_not_keep",
    ),
    Mutant(
        "transactions that do not end",
        "heartbeat.py",
        "                beat.unit.abandon()\n",
        "                pass\n",
        "test_leases.py -k hangs_does_not_block",
    ),
    Mutant(
        "what an abandoned handler writes",
        "stores/sqlite_transaction.py",
        'self.connection.execute("PRAGMA query_only = ON")',
        'self.connection.execute("PRAGMA query_only = OFF")',
        "test_store_conformance.py -k abandoned",
    ),
    Mutant(
        "clocks that went back",
        "lifecycle.py",
        "return not -MARGIN <= age <=",
        "return not age <=",
        "test_operations.py -k clock_that_went_back",
    ),
    Mutant(
        "window of keys",
        "lifecycle.py",
        "    if record.expired(now):\n        return None, OperationExpired(record.object_id)\n",
        "",
        "test_operations.py -k forgotten_it",
    ),
    Mutant(
        "margin of the window",
        "lifecycle.py",
        "age <= WINDOWS[self.identity.api] - MARGIN",
        "age <= WINDOWS[self.identity.api] + MARGIN",
        "test_operations.py -k forgotten_it",
    ),
    Mutant(
        "fingerprint",
        "lifecycle.py",
        "if record.fingerprint != request.fingerprint:",
        "if record.fingerprint == '':",
        "test_keys.py -k refused_before_the_network",
    ),
    Mutant(
        "token of outcomes",
        "lifecycle.py",
        "if record.token != token or record.lease_until is None:",
        "if record.lease_until is None:",
        "test_operations.py -k stale_sender",
    ),
    Mutant(
        "lease of operations",
        "lifecycle.py",
        "        return None, OperationInProgress(record.lease_until - now)\n",
        "        pass\n",
        "test_operations.py -k one_sends_at_a_time",
    ),
    Mutant(
        "what is unknown stays so",
        "lifecycle.py",
        "if record.indeterminate and not outcome.decisive:",
        "if record.indeterminate and outcome.decisive:",
        "test_operations.py -k not_settled_by",
    ),
    Mutant(
        "success is final",
        "lifecycle.py",
        "        return None, AlreadySucceeded(record.object_id, record.request_id)\n",
        "        pass\n",
        "test_operations.py -k success_is_final",
    ),
)
"""Equivalent mutants that were left out: the token of ``stripe_once`` (a stale claim is refused before it is reached);
``lease_until`` in ``extend`` (a lease that is over and that nobody took is still its holder's)."""


def survives(mutant: Mutant) -> str:
    """Why a mutant is not caught, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "stripe_lint"
        ignored = shutil.ignore_patterns("__pycache__", "rules", "analysis", "cli", "api_surface.json")
        shutil.copytree(PACKAGE, copy, ignore=ignored)
        path = copy / "runtime" / mutant.file
        text = path.read_text(encoding="utf-8")
        if text.count(mutant.before) != 1:
            return f"its text is in {mutant.file} {text.count(mutant.before)} times"
        path.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")
        name, *words = mutant.test.split()
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, f"--basetemp={folder}/tests", str(TESTS / name), *words],
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": folder,
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    if done.returncode == pytest.ExitCode.TESTS_FAILED and re.search(r"^1 failed", done.stdout, re.MULTILINE):
        return ""
    return f"{mutant.test} ended with {done.returncode}: {done.stdout[-300:]}"


def main() -> int:
    """Runs the mutants that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    names = parser.parse_args().names
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(zip(chosen, pool.map(survives, chosen), strict=True))
    survivors = [f"{mutant.name}: {reason}" for mutant, reason in outcomes if reason]
    print(*survivors, f"{len(chosen) - len(survivors)} of {len(chosen)} mutants were caught", sep="\n")
    return bool(survivors) or not chosen


if __name__ == "__main__":
    raise SystemExit(main())
