"""In transactional mode a handler's writes are kept with the event, or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from stripe_lint.runtime import ConfigurationError, Delivery, Event, WebhookInbox, flow
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, deliver_async, event

if TYPE_CHECKING:
    from pathlib import Path


class TestTransactional:
    @pytest.fixture
    def shop(self, store: Any) -> WebhookInbox:
        inbox = WebhookInbox(SECRET, store, mode="transactional")
        with store._connection("test") as connection:
            connection.execute("CREATE TABLE paid (id TEXT)")

        @inbox.on("invoice.paid")
        def paid(event: Event, delivery: Delivery) -> None:
            with delivery.connection:
                delivery.connection.execute("INSERT INTO paid VALUES (?)", (event.id,))
            if event.object.get("fails"):
                raise ValueError

        return inbox

    def paid(self, store: Any) -> int:
        with store._connection("test") as connection:
            return int(connection.execute("SELECT count(*) FROM paid").fetchone()[0])

    def test_what_the_handler_wrote_is_kept_with_the_event(self, shop: WebhookInbox, store: Any, send: Any) -> None:
        assert send(shop, event("invoice.paid"), times=2) == ["succeeded", "duplicate"]
        assert self.paid(store) == 1

    def test_what_a_failed_handler_wrote_is_gone(self, shop: WebhookInbox, store: Any, send: Any) -> None:
        paid = event("invoice.paid", {"id": "in_1", "fails": True})
        assert send(shop, paid, times=2) == ["handler_failed"] * 2
        assert self.paid(store) == 0

    @pytest.mark.parametrize("end", ["commit", "rollback", "executescript"])
    def test_the_handler_does_not_end_the_transaction(self, store: Any, end: str, shop: WebhookInbox) -> None:
        @shop.on("invoice.voided")
        def voided(event: Event, delivery: Delivery) -> None:
            delivery.connection.execute("INSERT INTO paid VALUES (?)", (event.id,))
            getattr(delivery.connection, end)(*["SELECT 1"] * (end == "executescript"))

        assert deliver(shop, event("invoice.voided"))[0].outcome == "handler_failed"
        assert self.paid(store) == 0

    def test_a_handler_that_commits_in_sql_is_reported(
        self, shop: WebhookInbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop.on("invoice.voided")(lambda event, delivery: delivery.connection.execute("COMMIT"))
        assert deliver(shop, event("invoice.voided"), times=2)[1].outcome == "duplicate"
        assert "exactly-once is lost" in caplog.text

    def test_a_handler_that_takes_it_back_in_sql_is_not_believed(self, shop: WebhookInbox) -> None:
        shop.on("invoice.voided")(lambda event, delivery: delivery.connection.execute("ROLLBACK"))
        assert deliver(shop, event("invoice.voided"))[0].outcome == "lease_lost"

    def test_another_connection_to_the_file_is_a_mistake_and_named(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        inbox = WebhookInbox(SECRET, SQLiteStore(tmp_path / "a.db"), mode="transactional")

        @inbox.on("invoice.paid")
        def paid(event: Event) -> None:
            other = sqlite3.connect(tmp_path / "a.db", timeout=0.05)
            try:
                other.execute("CREATE TABLE mine (id TEXT)")
            finally:
                other.close()

        assert deliver(inbox, event("invoice.paid"))[0].outcome == "handler_failed"
        assert "write through delivery.connection" in caplog.text

    @pytest.mark.parametrize("again", [False, True])
    def test_the_store_of_keys_has_to_be_another_file(self, tmp_path: Path, again: bool) -> None:
        """Also where it is opened a second time, instead of waiting for a lock that the handler itself holds."""
        from stripe_lint.runtime import IdempotencyKeys

        (tmp_path / "link.db").symlink_to(tmp_path / "a.db")
        store = SQLiteStore(tmp_path / "a.db")
        keys = IdempotencyKeys(SQLiteStore(tmp_path / "link.db") if again else store, "shop-test")
        inbox = WebhookInbox(SECRET, store, mode="transactional")
        caught: list[str] = []

        @inbox.on("invoice.paid")
        async def paid(event: Event) -> None:
            try:
                async with keys.operation("refund", 1, {"amount": 1}):
                    pass
            except ConfigurationError as error:
                caught.append(str(error))

        assert deliver(inbox, event("invoice.paid"))[0].outcome == "succeeded"
        assert asyncio.run(deliver_async(inbox, event("invoice.paid")))[0].outcome == "succeeded"
        assert len(caught) == 2
        assert all("another file" in text for text in caught)

    def test_in_lease_mode_there_is_no_connection(self, store: Any) -> None:
        inbox = WebhookInbox(SECRET, store)
        caught: list[BaseException] = []
        inbox = WebhookInbox(SECRET, store, on_error=lambda error, event: caught.append(error))
        inbox.on("invoice.paid")(lambda event, delivery: delivery.connection)
        assert deliver(inbox, event("invoice.paid"))[0].outcome == "handler_failed"
        assert "transactional" in str(caught[0])

    def test_a_handler_that_outlives_its_loop_does_not_write_any_more(self, tmp_path: Path) -> None:
        store = SQLiteStore(tmp_path / "a.db")
        inbox = WebhookInbox(SECRET, store, mode="transactional")
        entered, leave, finished, wrote = threading.Event(), threading.Event(), threading.Event(), []

        @inbox.on("invoice.paid")
        def paid(event: Event, delivery: Delivery) -> None:
            entered.set()
            try:
                assert leave.wait(10)
                delivery.connection.execute("CREATE TABLE late (id TEXT)")
                wrote.append(event.id)
            finally:
                finished.set()

        async def stopped() -> None:
            task = asyncio.ensure_future(deliver_async(inbox, event("invoice.paid")))
            assert await asyncio.to_thread(entered.wait, 10)
            for each in asyncio.all_tasks() - {asyncio.current_task()}:
                each.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.sleep(0.05)
            leave.set()

        asyncio.run(stopped())
        assert finished.wait(10)
        assert not wrote
        with store._connection("test") as connection:
            assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'late'").fetchone()


class TestThreads:
    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_those_that_wait_for_the_lock_do_not_starve_its_holder(
        self, tmp_path: Path, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(flow, "MOST_THREADS", 2)
        inbox = WebhookInbox(SECRET, SQLiteStore(tmp_path / "a.db", busy_timeout=5), mode="transactional")

        async def waiting(event: Event) -> None:
            await asyncio.sleep(0.01)

        def working(event: Event) -> None:
            time.sleep(0.01)

        inbox.on("invoice.paid")(waiting if asynchronous else working)

        async def deliver_all() -> list[str]:
            replies = await asyncio.gather(*[deliver_async(inbox, event("invoice.paid")) for _ in range(12)])
            return [reply.outcome for (reply,) in replies]

        assert asyncio.run(deliver_all()) == ["succeeded"] * 12
