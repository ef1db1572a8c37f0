"""Workers that can be killed and stopped at any labelled call, and a Stripe that delivers until it is told 2xx.

The scripts beside this one run as processes of their own, because they fork. Each prints one JSON document. Effects are
rows of an append-only file (or of a table, in transactional mode), outside of what is tested.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import random
import signal
import sqlite3
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

from stripe_lint.runtime import Delivery, Event, WebhookInbox
from stripe_lint.runtime.flow import Call, SyncDriver
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

logging.getLogger("stripe_lint.runtime").setLevel(logging.CRITICAL)


_IDS = itertools.count(1)


class Ledger:
    """Effects outside of the database: one line each, written in one call, which no kill can halve."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def add(self, *words: object) -> None:
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.path.read_text().splitlines()]


class FaultyDriver(SyncDriver):
    """Does something before or after the calls with a label: kills or stops this process, for example."""

    def __init__(self, label: str, when: str, fault: Callable[[], object]) -> None:
        self._label = label
        self._when = when
        self._fault = fault

    def perform(self, call: Call) -> Any:
        hit = call.name == self._label
        if hit and self._when == "before":
            self._fault()
        result = super().perform(call)
        if hit and self._when == "after":
            self._fault()
        return result


def kill_myself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def stop_myself() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def forked(work: Callable[[], object]) -> int:
    """Runs ``work`` in a child and gives its process id. The child ends with 0, or 1 if the work raised."""
    child = os.fork()
    if not child:
        _end(work)
    return child


def _end(work: Callable[[], object]) -> NoReturn:
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def signal_of(child: int) -> int:
    """Waits for a child; the signal that ended it, or 0. One that failed ends the test."""
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"a worker failed with {os.WEXITSTATUS(status)}")
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def shop(folder: Path, mode: str, ledger: Ledger, *, durability: str, **options: Any) -> WebhookInbox:
    """An inbox whose handler has one effect an event. If ``once`` or freshness hide it from a retry, it is lost."""
    store = SQLiteStore(folder / "inbox.db", durability=durability, busy_timeout=20)  # type: ignore[arg-type]
    inbox = WebhookInbox(SECRET, store, mode=mode, **options)  # type: ignore[arg-type]
    effect = Call("effect", lambda: None)

    @inbox.on("invoice.paid")
    def paid(event: Event, delivery: Delivery) -> None:
        if not delivery.once(f"work:{event.id}") or delivery.freshness != "newer":
            return
        if mode == "transactional":
            delivery.connection.execute("INSERT INTO effects VALUES (?, ?)", (event.id, delivery.token))
        else:
            ledger.add(event.id, delivery.token)
        inbox._driver.perform(effect)
        if event.object.get("fails") and delivery.attempt == 1:
            raise ValueError

    return inbox


def with_effects(folder: Path) -> None:
    """Makes the table of effects, with a connection that no worker inherits."""
    connection = sqlite3.connect(folder / "inbox.db")
    connection.execute("CREATE TABLE IF NOT EXISTS effects (id TEXT, token INTEGER)")
    connection.commit()
    connection.close()


def effects(folder: Path, mode: str, ledger: Ledger) -> dict[str, list[int]]:
    """The tokens with which each event had its effect, in the order of the effects."""
    if mode == "transactional":
        connection = sqlite3.connect(folder / "inbox.db")
        rows: list[Any] = connection.execute("SELECT id, token FROM effects ORDER BY rowid").fetchall()
        connection.close()
    else:
        rows = [(line[0], int(line[1])) for line in ledger.lines()]
    found: dict[str, list[int]] = {}
    for identifier, token in rows:
        found.setdefault(identifier, []).append(token)
    return found


def invoices(number: int, **fields: Any) -> list[dict[str, Any]]:
    """Events, each about an invoice of its own, so that none makes another stale."""
    ids = [f"in_{next(_IDS)}" for _ in range(number)]
    return [event("invoice.paid", {"id": each, "object": "invoice", **fields}) for each in ids]


def deliver_until_received(inbox: WebhookInbox, events: list[dict[str, Any]], seconds: float = 60) -> dict[str, int]:
    """Delivers all, and again those that were not answered 2xx. Gives how often each status was answered."""
    statuses: dict[str, int] = {}
    waiting = list(events)
    until = time.monotonic() + seconds
    while waiting:
        if time.monotonic() > until:
            raise SystemExit(f"{len(waiting)} events were never answered 2xx")
        again = []
        for each in waiting:
            reply = deliver(inbox, each)[0]
            statuses[f"{reply.status} {reply.outcome}"] = statuses.get(f"{reply.status} {reply.outcome}", 0) + 1
            if not reply.ok:
                again.append(each)
        if len(again) == len(waiting):
            time.sleep(0.02)
        random.shuffle(again)
        waiting = again
    return statuses


def report(**values: Any) -> None:
    print(json.dumps(values))
