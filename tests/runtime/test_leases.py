"""Two workers with one event: who keeps it, who loses it, and who waits for the other."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from stripe_lint.runtime import Delivery, Event, WebhookInbox
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, deliver_async, event

if TYPE_CHECKING:
    from pathlib import Path

MOST_LOOKS = 1000
"""How often it is looked, every hundredth of a second, whether something has come."""


async def filled(found: list[Any]) -> None:
    """Returns once there is something in ``found``; fails if nothing comes."""
    for _ in range(MOST_LOOKS):
        if found:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing came")


class TestLeases:
    def test_a_running_handler_keeps_its_lease(self, tmp_path: Path) -> None:
        inbox = WebhookInbox(SECRET, SQLiteStore(tmp_path / "a.db"), lease=0.8)
        inbox.on("invoice.paid")(lambda event: time.sleep(2.4))
        paid = event("invoice.paid")
        first: list[str] = []
        thread = threading.Thread(target=lambda: first.append(deliver(inbox, paid)[0].outcome))
        thread.start()
        time.sleep(0.1)
        while thread.is_alive():
            assert deliver(inbox, paid)[0].outcome in {"in_progress", "duplicate"}
            time.sleep(0.05)
        assert first == ["succeeded"]

    def test_a_handler_that_hangs_does_not_keep_it_for_ever(self, tmp_path: Path) -> None:
        inbox = WebhookInbox(SECRET, SQLiteStore(tmp_path / "a.db"), lease=1.5, max_handler_seconds=0.3)
        entered, leave = threading.Event(), threading.Event()
        runs: list[int] = []
        lost: list[bool] = []

        @inbox.on("invoice.paid")
        def paid(event: Event, delivery: Delivery) -> None:
            runs.append(delivery.attempt)
            if delivery.attempt == 1:
                entered.set()
                assert leave.wait(20)
                lost.append(delivery.lease_lost)

        paid_event = event("invoice.paid")
        first: list[str] = []
        thread = threading.Thread(target=lambda: first.append(deliver(inbox, paid_event)[0].outcome))
        thread.start()
        assert entered.wait(10)
        until = time.monotonic() + 10
        while deliver(inbox, paid_event)[0].outcome == "in_progress":
            assert time.monotonic() < until
            time.sleep(0.02)
        leave.set()
        thread.join()
        assert (runs, first) == ([1, 2], ["lease_lost"])

    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_a_handler_that_hangs_does_not_block_others(self, tmp_path: Path, asynchronous: bool) -> None:
        """In transactional mode it holds the file's only write lock."""
        store = SQLiteStore(tmp_path / "a.db", busy_timeout=8)
        inbox = WebhookInbox(SECRET, store, mode="transactional", lease=0.4, max_handler_seconds=0.3)
        with store._connection("test") as connection:
            connection.execute("CREATE TABLE paid (id TEXT)")
        entered, leave = threading.Event(), threading.Event()
        late: list[str] = []
        inbox.on("invoice.created")(lambda event: None)

        def work(event: Event, delivery: Delivery) -> None:
            delivery.connection.execute("INSERT INTO paid VALUES (?)", (event.id,))
            if delivery.attempt == 1 and not late:
                entered.set()
                assert leave.wait(20)
                try:
                    delivery.connection.execute("INSERT INTO paid VALUES ('late')")
                except sqlite3.OperationalError as error:
                    late.append(str(error))

        async def work_on_the_loop(event: Event, delivery: Delivery) -> None:
            work(event, delivery)

        inbox.on("invoice.paid")(work_on_the_loop if asynchronous else work)
        paid = event("invoice.paid")
        first: list[str] = []
        thread = threading.Thread(target=lambda: first.append(deliver(inbox, paid)[0].outcome))
        thread.start()
        assert entered.wait(10)
        assert deliver(inbox, event("invoice.created"))[0].outcome == "succeeded"
        leave.set()
        thread.join()
        assert first == ["lease_lost"]
        assert "readonly" in late[0]
        assert [reply.outcome for reply in deliver(inbox, paid, times=2)] == ["succeeded", "duplicate"]
        with store._connection("test") as connection:
            assert connection.execute("SELECT id FROM paid").fetchall() == [(paid["id"],)]

    def test_a_client_that_hangs_up_does_not_stop_the_handler(self, store: Any, mode: Any) -> None:
        inbox = WebhookInbox(SECRET, store, mode=mode)
        begun: list[str] = []
        done: list[str] = []

        @inbox.on("invoice.paid")
        async def paid(event: Event) -> None:
            begun.append(event.id)
            await asyncio.sleep(0.1)
            done.append(event.id)

        async def hang_up() -> set[str]:
            task = asyncio.ensure_future(deliver_async(inbox, paid_event))
            await filled(begun)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            outcomes: set[str] = set()
            for _ in range(MOST_LOOKS):
                outcomes.add((await deliver_async(inbox, paid_event))[0].outcome)
                if "duplicate" in outcomes:
                    return outcomes
                await asyncio.sleep(0.01)
            raise AssertionError(outcomes)

        paid_event = event("invoice.paid")
        assert asyncio.run(hang_up()) <= {"in_progress", "duplicate"}
        assert begun == done == [paid_event["id"]]

    def test_a_loop_that_ends_leaves_the_event_to_its_retry(self, store: Any, mode: Any) -> None:
        inbox = WebhookInbox(SECRET, store, mode=mode)
        attempts: list[int] = []

        @inbox.on("invoice.paid")
        async def paid(event: Event, delivery: Delivery) -> None:
            attempts.append(delivery.attempt)
            if len(attempts) == 1:
                await asyncio.sleep(60)

        async def stopped() -> None:
            task = asyncio.ensure_future(deliver_async(inbox, paid_event))
            await filled(attempts)
            assert not task.done()

        paid_event = event("invoice.paid")
        asyncio.run(stopped())
        assert deliver(inbox, paid_event)[0].outcome == "succeeded"
        assert len(attempts) == 2


class TestWaiting:
    """A delivery that finds another worker at work may wait for its end."""

    def second(self, store: Any, send: Any, seconds: float, *, fails: bool = False) -> tuple[str, list[int]]:
        inbox = WebhookInbox(SECRET, store, wait_inflight=seconds)
        entered, leave = threading.Event(), threading.Event()
        attempts: list[int] = []

        @inbox.on("invoice.paid")
        def paid(event: Event, delivery: Delivery) -> None:
            attempts.append(delivery.attempt)
            if len(attempts) == 1:
                entered.set()
                assert leave.wait(20)
                if fails:
                    raise ValueError

        paid_event = event("invoice.paid")
        first = threading.Thread(target=deliver, args=(inbox, paid_event))
        first.start()
        assert entered.wait(10)
        later = threading.Timer(0.2 if seconds > 1 else 1, leave.set)
        later.start()
        (outcome,) = send(inbox, paid_event)
        first.join()
        later.join()
        return outcome, attempts

    def test_for_its_success(self, store: Any, send: Any) -> None:
        assert self.second(store, send, 8) == ("duplicate", [1])

    def test_for_its_failure_and_takes_its_place(self, store: Any, send: Any) -> None:
        assert self.second(store, send, 8, fails=True) == ("succeeded", [1, 2])

    def test_and_not_for_longer(self, store: Any, send: Any) -> None:
        assert self.second(store, send, 0.1) == ("in_progress", [1])
