"""What Stripe is answered, and how often a handler runs, in both modes and from threads and event loops."""

from __future__ import annotations

import asyncio
import functools
import logging
import sqlite3
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from stripe_lint.runtime import (
    ConfigurationError,
    Delivery,
    Event,
    LeaseLost,
    PermanentError,
    RetryLater,
    StoreUnavailable,
    UnknownEventType,
    WebhookInbox,
    flow,
)
from stripe_lint.runtime.reception import Visit
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, deliver_async, event, signed_request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance import Clock

MODES = ("lease", "transactional")
MOST_LOOKS = 1000
"""How often it is looked, every hundredth of a second, whether something has come."""


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Callable[..., list[str]]:
    """Delivers an event some times and gives the outcomes."""

    def from_thread(inbox: WebhookInbox, *given: Any, **options: Any) -> list[str]:
        return [reply.outcome for reply in deliver(inbox, *given, **options)]

    def from_loop(inbox: WebhookInbox, *given: Any, **options: Any) -> list[str]:
        return [reply.outcome for reply in asyncio.run(deliver_async(inbox, *given, **options))]

    return from_thread if request.param == "sync" else from_loop


@pytest.fixture
def inbox(store: Any, mode: Any) -> WebhookInbox:
    return WebhookInbox(SECRET, store, mode=mode)


async def filled(found: list[Any]) -> None:
    """Returns once there is something in ``found``; fails if nothing comes."""
    for _ in range(MOST_LOOKS):
        if found:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing came")


def failing(error: BaseException) -> Callable[[Event], None]:
    def handler(event: Event) -> None:
        raise error

    return handler


class TestOutcomes:
    def test_a_duplicate_is_not_handled(self, inbox: WebhookInbox, send: Any) -> None:
        seen: list[str] = []
        inbox.on("invoice.paid")(lambda event: seen.append(event.id))
        paid = event("invoice.paid")
        assert send(inbox, paid, times=3) == ["succeeded", "duplicate", "duplicate"]
        assert seen == [paid["id"]]

    def test_an_asynchronous_handler(self, inbox: WebhookInbox, send: Any) -> None:
        seen: list[str] = []

        @inbox.on("invoice.paid")
        async def paid(event: Event, delivery: Delivery) -> None:
            await asyncio.sleep(0)
            assert await delivery.once_async("work")
            seen.append(event.id)

        first = event("invoice.paid")
        assert send(inbox, first, times=2) == ["succeeded", "duplicate"]
        assert seen == [first["id"]]

    def test_a_thin_event(self, inbox: WebhookInbox, send: Any) -> None:
        seen: list[tuple[str | None, str | None]] = []
        inbox.on("v1.billing.meter.no_meter_found")(lambda event: seen.append((event.context, event.object_id)))
        thin = {
            "id": "evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0",
            "object": "v2.core.event",
            "type": "v1.billing.meter.no_meter_found",
            "livemode": False,
            "created": "2026-11-21T08:00:00.000Z",
            "context": "acct_1",
            "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
        }
        assert send(inbox, thin, times=2) == ["succeeded", "duplicate"]
        assert seen == [("acct_1", "mtr_1")]

    def test_what_nobody_handles_is_delivered(self, inbox: WebhookInbox, send: Any) -> None:
        assert send(inbox, event("invoice.paid"), times=2) == ["unhandled", "unhandled"]

    @pytest.mark.parametrize(
        ("error", "outcomes", "status"),
        [
            (ValueError("x"), ["handler_failed", "handler_failed"], 500),
            (RetryLater(after=30), ["retry_later", "retry_later"], 503),
            (PermanentError("no such order"), ["dead", "already_dead"], 200),
            (LeaseLost(), ["lease_lost"], 409),
            (StoreUnavailable("of the handler's own"), ["handler_failed", "handler_failed"], 500),
        ],
    )
    def test_a_handler_that_raises(
        self, inbox: WebhookInbox, error: Exception, outcomes: list[str], status: int
    ) -> None:
        inbox.on("invoice.paid")(failing(error))
        replies = deliver(inbox, event("invoice.paid"), times=len(outcomes))
        assert [reply.outcome for reply in replies] == outcomes
        assert replies[0].status == status
        assert dict(replies[0].headers).get("Retry-After") == ("30" if status == 503 else None)

    def test_an_event_that_is_given_up_may_be_shown_as_failed(self, store: Any, mode: Any) -> None:
        inbox = WebhookInbox(SECRET, store, mode=mode, dead_status=500)
        inbox.on("invoice.paid")(failing(PermanentError()))
        replies = deliver(inbox, event("invoice.paid"), times=2)
        assert [(reply.outcome, reply.status) for reply in replies] == [("dead", 500), ("already_dead", 200)]

    def test_the_next_delivery_of_a_failed_event_is_handled(self, inbox: WebhookInbox, send: Any) -> None:
        seen: list[tuple[int, int]] = []

        @inbox.on("invoice.paid")
        def paid(event: Event, delivery: Delivery) -> None:
            seen.append((delivery.attempt, delivery.token))
            if len(seen) < 3:
                raise KeyError(event.id)

        outcomes = send(inbox, event("invoice.paid"), times=4)
        assert outcomes == ["handler_failed", "handler_failed", "succeeded", "duplicate"]
        assert seen == [(1, 1), (2, 2), (3, 3)]

    def test_while_one_is_at_work_others_are_told_to_come_back(self, store: Any) -> None:
        inbox = WebhookInbox(SECRET, store)
        entered, leave = threading.Event(), threading.Event()

        @inbox.on("invoice.paid")
        def paid(event: Event) -> None:
            entered.set()
            assert leave.wait(10)

        paid_event = event("invoice.paid")
        first: list[str] = []
        thread = threading.Thread(target=lambda: first.append(deliver(inbox, paid_event)[0].outcome))
        thread.start()
        assert entered.wait(10)
        second = deliver(inbox, paid_event)[0]
        assert (second.outcome, second.status) == ("in_progress", 409)
        leave.set()
        thread.join()
        assert first == ["succeeded"]

    @pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), type("Stop", (BaseException,), {})()])
    def test_what_stops_the_worker_goes_on_and_the_event_is_retried(
        self, inbox: WebhookInbox, error: BaseException
    ) -> None:
        inbox.on("invoice.paid")(failing(error))
        paid = event("invoice.paid")
        for _ in range(2):
            with pytest.raises(type(error)) as caught:
                deliver(inbox, paid)
            assert caught.value is error

    @pytest.mark.parametrize("error", [StopIteration(), StopAsyncIteration(), GeneratorExit()])
    def test_what_generators_raise_is_a_failure_and_stops_nothing(
        self, inbox: WebhookInbox, error: BaseException, send: Any
    ) -> None:
        """``next()`` of something empty, in a thread: a future that is to raise ``StopIteration`` would never end."""
        errors = [error]
        inbox.on("invoice.paid")(lambda event: failing(errors.pop())(event) if errors else None)
        paid = event("invoice.paid")
        if isinstance(error, GeneratorExit):
            with pytest.raises(GeneratorExit):
                send(inbox, paid)
            assert send(inbox, paid)[0] in {"in_progress", "succeeded"}
        else:
            assert send(inbox, paid, times=2) == ["handler_failed", "succeeded"]

    def test_two_inboxes_on_one_file_share_the_work(self, tmp_path: Path, mode: Any) -> None:
        seen: list[str] = []
        (tmp_path / "link.db").symlink_to(tmp_path / "a.db")
        inboxes = [WebhookInbox(SECRET, SQLiteStore(tmp_path / name), mode=mode) for name in ("a.db", "link.db")]
        for inbox in inboxes:
            inbox.on("invoice.paid")(lambda event: seen.append(event.id))
        events = [event("invoice.paid") for _ in range(20)]
        threads = [
            threading.Thread(target=lambda inbox=inbox: [deliver(inbox, each) for each in events]) for inbox in inboxes
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == sorted(each["id"] for each in events)

    def test_two_consumers_each_get_the_event(self, store: Any, mode: Any) -> None:
        seen: list[str] = []
        paid = event("invoice.paid")
        for name in ("shop", "mail"):
            inbox = WebhookInbox(SECRET, store, mode=mode, consumer=name)
            inbox.on("invoice.paid")(functools.partial(lambda name, event: seen.append(name), name))
            deliver(inbox, paid, times=2)
        assert seen == ["shop", "mail"]

    def test_an_event_of_another_account_is_another_event(self, inbox: WebhookInbox) -> None:
        seen: list[str | None] = []
        inbox.on("invoice.paid")(lambda event: seen.append(event.account))
        paid = event("invoice.paid")
        for account in (None, "acct_1", "acct_2", "acct_1"):
            deliver(inbox, {**paid, "account": account})
        assert seen == [None, "acct_1", "acct_2"]


class TestWhatIsServed:
    @pytest.mark.parametrize(("livemode", "served"), [(None, [True, False]), (True, [True]), (False, [False])])
    def test_livemode(self, store: Any, livemode: Any, served: list[bool]) -> None:
        inbox = WebhookInbox(SECRET, store, livemode=livemode)
        seen: list[bool] = []
        inbox.on("invoice.paid")(lambda event: seen.append(event.livemode))
        for live in (True, False):
            assert deliver(inbox, event("invoice.paid", livemode=live))[0].status == 200
        assert seen == served

    def test_with_a_live_api_key_test_events_are_ignored(self, tmp_path: Path) -> None:
        secret = SECRET[:-4] + "beef"
        inbox = WebhookInbox(secret, SQLiteStore(tmp_path / "a.db"), api_key="sk_live_" + "x" * 24)
        inbox.on("invoice.paid")(lambda event: None)
        assert deliver(inbox, event("invoice.paid", livemode=False), secret=secret)[0].outcome == "ignored"
        assert deliver(inbox, event("invoice.paid", livemode=True), secret=secret)[0].outcome == "succeeded"

    def test_accounts(self, store: Any) -> None:
        inbox = WebhookInbox(SECRET, store, accounts=[None, "acct_1"])
        inbox.on("invoice.paid")(lambda event: None)
        outcomes = [
            deliver(inbox, event("invoice.paid", account=each))[0].outcome for each in (None, "acct_1", "acct_2")
        ]
        assert outcomes == ["succeeded", "succeeded", "ignored"]

    def test_draining_refuses_what_is_new(self, store: Any) -> None:
        inbox = WebhookInbox(SECRET, store)
        inbox.on("invoice.paid")(lambda event: None)
        assert inbox.drain(0.1)
        reply = deliver(inbox, event("invoice.paid"))[0]
        assert (reply.outcome, reply.status) == ("draining", 503)

    def test_draining_waits_for_what_is_running(self, store: Any) -> None:
        inbox = WebhookInbox(SECRET, store)
        entered, done = threading.Event(), []

        @inbox.on("invoice.paid")
        def paid(event: Event) -> None:
            entered.set()
            time.sleep(0.2)
            done.append(event.id)

        thread = threading.Thread(target=deliver, args=(inbox, event("invoice.paid")))
        thread.start()
        assert entered.wait(10)
        assert inbox.drain(10)
        assert done
        thread.join()


class TestReception:
    def visit(self, **changes: Any) -> Visit:
        request = signed_request(event("invoice.paid"))
        values = {"method": "POST", "secure": True, "client": "192.0.2.7", "forwarded": False}
        return Visit(**{**values, "signature": request.signature, "setting": "the setting", **changes})

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"method": "GET"}, 405),
            ({"secure": False}, 403),
            ({"secure": False, "client": "127.0.0.1"}, 200),
            ({"secure": False, "client": "::1"}, 200),
            ({"secure": False, "client": "127.0.0.1", "forwarded": True}, 403),
            ({"secure": False, "client": None}, 403),
            ({"secure": False, "client": "unix"}, 403),
            ({"length": 1 << 20}, 200),
            ({"length": (1 << 20) + 1}, 413),
        ],
    )
    def test_what_needs_no_look_at_the_body(self, changes: Any, status: int) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore())
        request = signed_request(event("invoice.paid"))
        read: list[int] = []

        def body(limit: int) -> bytes:
            read.append(limit)
            return request.body

        reply = inbox.handle(self.visit(signature=request.signature, **changes), body)
        assert reply.status == status
        assert bool(read) == (status == 200)
        assert dict(reply.headers).get("Allow") == ("POST" if status == 405 else None)
        assert reply.body == (b'{"received":true}' if status == 200 else b'{"received":false}')

    @pytest.mark.parametrize(("seconds", "expected"), [(300, "max-age=300"), (None, None)])
    def test_browsers_are_told_as_much_as_the_application_wants(
        self, seconds: int | None, expected: str | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore(), hsts=seconds)
        inbox.on("invoice.paid")(failing(PermanentError()))
        for reply in (inbox.handle(self.visit(method="GET"), lambda _: b""), deliver(inbox, event("invoice.paid"))[0]):
            assert dict(reply.headers).get("Strict-Transport-Security") == expected
            assert dict(reply.headers)["Cache-Control"] == "no-store"
        assert reply.status == 200

    def test_a_refusal_of_plain_http_names_the_setting(self, caplog: pytest.LogCaptureFixture) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore())
        for _ in range(5):
            inbox.handle(self.visit(secure=False), lambda _: b"")
        (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert "the setting" in record.getMessage()

    @pytest.mark.parametrize(
        ("client", "status"), [("192.0.2.7", 400), ("::ffff:192.0.2.7", 400), ("198.51.100.1", 403)]
    )
    def test_other_networks_are_refused_before_the_verification(self, client: str, status: int) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore(), allowed_networks=["192.0.2.0/24"])
        assert inbox.handle(self.visit(client=client), lambda _: b"").status == status

    def test_a_header_of_a_megabyte_is_refused_unread(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        long = "x" * (1 << 20)
        given = self.visit(signature="t=1,v1=" + long, idempotency_key=long, client=long)
        assert WebhookInbox(SECRET, MemoryStore()).handle(given, lambda _: b"{}").status == 400
        assert all(len(record.getMessage()) < 2000 for record in caplog.records)

    def test_secrets_that_cannot_be_had_are_no_fault_of_the_senders(self, caplog: pytest.LogCaptureFixture) -> None:
        """Nobody is verified, Stripe sends it again, and strangers can't fill the log with it."""
        broken: list[Exception] = []

        def secrets() -> str:
            if broken:
                raise broken[0]
            return SECRET

        inbox = WebhookInbox(secrets, MemoryStore())
        inbox.on("invoice.paid")(lambda event: None)
        broken.append(OSError("the file of whsec_secrets"))
        replies = deliver(inbox, event("invoice.paid"), times=5)
        assert {(reply.status, reply.outcome) for reply in replies} == {(503, "secrets_unavailable")}
        (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert "OSError" in record.getMessage()
        assert "whsec_" not in caplog.text
        broken.clear()
        assert deliver(inbox, event("invoice.paid"))[0].outcome == "succeeded"

    def test_a_body_that_cannot_be_read_is_refused(self) -> None:
        def read(limit: int) -> bytes:
            raise ConnectionError

        assert WebhookInbox(SECRET, MemoryStore()).handle(self.visit(), read).status == 400


class TestOnce:
    def test_two_events_of_one_fact_do_the_work_once(self, inbox: WebhookInbox, send: Any) -> None:
        done: list[str] = []

        @inbox.on("checkout.session.completed", "checkout.session.async_payment_succeeded")
        def fulfil(event: Event, delivery: Delivery) -> None:
            if delivery.once(f"fulfil:{event.object_id}"):
                done.append(event.type)

        session = {"id": "cs_1", "object": "checkout.session"}
        assert send(inbox, event("checkout.session.completed", session), times=2) == ["succeeded", "duplicate"]
        assert send(inbox, event("checkout.session.async_payment_succeeded", session)) == ["succeeded"]
        assert done == ["checkout.session.completed"]

    def test_a_retry_does_the_work_that_its_failed_attempt_owned(self, inbox: WebhookInbox) -> None:
        answers: list[bool] = []

        @inbox.on("invoice.paid")
        def paid(event: Event, delivery: Delivery) -> None:
            answers.append(delivery.once("work"))
            if len(answers) == 1:
                raise ValueError

        assert [reply.status for reply in deliver(inbox, event("invoice.paid"), times=2)] == [500, 200]
        assert answers == [True, True]

    def test_others_come_back_while_the_owner_has_failed(self, store: Any) -> None:
        inbox = WebhookInbox(SECRET, store)
        broken = [True]

        @inbox.on("invoice.paid")
        def paid(event: Event, delivery: Delivery) -> None:
            if delivery.once("work") and broken[0]:
                raise ValueError

        first, second = event("invoice.paid"), event("invoice.paid")
        assert [deliver(inbox, each)[0].outcome for each in (first, second)] == ["handler_failed", "retry_later"]
        broken[0] = False
        assert [deliver(inbox, each)[0].outcome for each in (second, first, second)] == [
            "retry_later",
            "succeeded",
            "succeeded",
        ]

    @pytest.mark.parametrize("key", ["", None, 5])
    def test_the_work_has_a_name(self, store: Any, key: Any) -> None:
        inbox = WebhookInbox(SECRET, store)
        inbox.on("invoice.paid")(lambda event, delivery: delivery.once(key))
        assert deliver(inbox, event("invoice.paid"))[0].outcome == "handler_failed"


class TestFreshness:
    def test_of_each_object_by_itself(self, inbox: WebhookInbox) -> None:
        seen: list[str] = []
        inbox.on("invoice.paid", "invoice.updated")(lambda event, delivery: seen.append(delivery.freshness))
        for created, identifier in ((100, "in_1"), (200, "in_1"), (200, "in_1"), (150, "in_1"), (50, "in_2")):
            deliver(inbox, event("invoice.paid", {"id": identifier}, created=created))
        assert seen == ["newer", "newer", "same_second", "older", "newer"]

    def test_an_events_own_failed_attempt_does_not_age_it(self, inbox: WebhookInbox) -> None:
        seen: list[str] = []

        @inbox.on("invoice.paid")
        def paid(event: Event, delivery: Delivery) -> None:
            seen.append(delivery.freshness)
            if len(seen) < 3:
                raise ValueError

        deliver(inbox, event("invoice.paid", {"id": "in_1"}), times=3)
        assert seen == ["newer"] * 3


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


class TestStoreFailures:
    class Broken(MemoryStore):
        broken = ""

        def _connection(self, operation: str) -> Any:
            if operation == self.broken:
                raise StoreUnavailable(f"{operation}: OperationalError")
            return super()._connection(operation)

        def transaction(self) -> Any:
            if self.broken == "begin":
                raise StoreUnavailable("begin: OperationalError")
            return super().transaction()

    @pytest.mark.parametrize(
        ("mode", "operation", "outcome", "runs"),
        [
            ("lease", "find", "store_unavailable", 0),
            ("lease", "claim", "store_unavailable", 0),
            ("lease", "complete", "not_recorded", 1),
            ("transactional", "find", "store_unavailable", 0),
            ("transactional", "begin", "store_unavailable", 0),
        ],
    )
    def test_no_event_is_acknowledged_without_a_record(
        self, mode: Any, operation: str, outcome: str, runs: int
    ) -> None:
        store = self.Broken()
        inbox = WebhookInbox(SECRET, store, mode=mode)
        seen: list[str] = []
        inbox.on("invoice.paid")(lambda event: seen.append(event.id))
        store.broken = operation
        reply = deliver(inbox, event("invoice.paid"))[0]
        assert (reply.outcome, len(seen)) == (outcome, runs)
        assert reply.status in {500, 503}

    def test_a_failure_that_cannot_be_recorded_is_no_success(self) -> None:
        store = self.Broken()
        inbox = WebhookInbox(SECRET, store)
        inbox.on("invoice.paid")(failing(PermanentError()))
        store.broken = "fail"
        assert deliver(inbox, event("invoice.paid"))[0].status == 500


class TestReplay:
    @pytest.fixture
    def at_stripe(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        """The events that Stripe still has."""
        kept: dict[str, Any] = {}

        def retrieve(identifier: str, **options: Any) -> stripe.Event:
            assert options["api_key"] == "sk_test_1"
            return stripe.Event.construct_from(kept[identifier], options["api_key"])

        monkeypatch.setattr(stripe.Event, "retrieve", retrieve)
        return kept

    def test_a_dead_event_runs_again_and_a_completed_one_does_not(
        self, store: Any, mode: Any, at_stripe: dict[str, Any]
    ) -> None:
        inbox = WebhookInbox(SECRET, store, mode=mode, api_key="sk_test_1")
        errors: list[Exception] = [PermanentError(), ValueError()]
        attempts: list[int] = []

        @inbox.on("invoice.paid")
        def paid(event: Event, delivery: Delivery) -> None:
            attempts.append(delivery.attempt)
            if errors:
                raise errors.pop(0)

        paid_event = event("invoice.paid")
        at_stripe[paid_event["id"]] = paid_event
        assert [reply.outcome for reply in deliver(inbox, paid_event, times=2)] == ["dead", "already_dead"]
        assert inbox.replay(paid_event["id"]).outcome == "handler_failed"
        assert asyncio.run(inbox.replay_async(paid_event["id"])).outcome == "succeeded"
        assert inbox.replay(paid_event["id"]).outcome == "duplicate"
        assert deliver(inbox, paid_event)[0].outcome == "duplicate"
        assert attempts == [1, 2, 3]

    def test_an_event_that_never_came(self, store: Any, at_stripe: dict[str, Any]) -> None:
        inbox = WebhookInbox(SECRET, store, api_key="sk_test_1")
        inbox.on("invoice.paid")(lambda event: None)
        missed = event("invoice.paid")
        at_stripe[missed["id"]] = missed
        assert inbox.replay(missed["id"]).outcome == "succeeded"
        assert deliver(inbox, missed)[0].outcome == "duplicate"


class TestRetention:
    def test_old_events_are_forgotten(self, store: Any, clock: Clock) -> None:
        inbox = WebhookInbox(SECRET, store)
        seen: list[str] = []
        inbox.on("invoice.paid")(lambda event: seen.append(event.id))
        clock.now = time.time() - 40 * 86400
        for _ in range(3):
            deliver(inbox, event("invoice.paid"))
        clock.now = time.time()
        kept = event("invoice.paid")
        deliver(inbox, kept)
        assert inbox.purge() == 3
        assert inbox.purge() == 0
        assert deliver(inbox, kept)[0].outcome == "duplicate"

    def test_a_retention_shorter_than_stripes_retries_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="4 days"):
            WebhookInbox(SECRET, MemoryStore(), retention=3 * 86400)
        with pytest.warns(UserWarning, match="30 days"):
            WebhookInbox(SECRET, MemoryStore(), retention=10 * 86400)

    def test_events_from_before_the_inbox_are_seeded(self, store: Any) -> None:
        inbox = WebhookInbox(SECRET, store)
        inbox.on("invoice.paid")(lambda event: None)
        done, fresh = event("invoice.paid"), event("invoice.paid")
        assert inbox.seed([done["id"]], livemode=False) == 1
        assert [deliver(inbox, each)[0].outcome for each in (done, fresh)] == ["duplicate", "succeeded"]


class TestHandlers:
    def test_of_many_shapes(self, store: Any) -> None:
        inbox = WebhookInbox(SECRET, store)
        seen: list[Any] = []

        class Shop:
            def paid(self, event: Event) -> None:
                seen.append(event.type)

            async def __call__(self, event: Event, delivery: Delivery) -> None:
                seen.append(delivery.attempt)

        inbox.on("invoice.paid")(Shop().paid)
        inbox.on("invoice.voided")(Shop())
        inbox.on("invoice.created")(lambda event, delivery=None: seen.append(delivery.attempt))
        inbox.on("invoice.deleted")(lambda event, other=5: seen.append(other))
        inbox.on("invoice.sent")(lambda *given: seen.append(len(given)))
        for name in ("paid", "voided", "created", "deleted", "sent"):
            assert deliver(inbox, event(f"invoice.{name}"))[0].outcome == "succeeded"
        assert seen == ["invoice.paid", 1, 1, 5, 2]

    @pytest.mark.parametrize(
        "function", [lambda: None, lambda a, b, c: None, lambda a, *, needed: None, lambda *, event: None]
    )
    def test_of_no_use(self, function: Any) -> None:
        with pytest.raises(ConfigurationError):
            WebhookInbox(SECRET, MemoryStore()).on("invoice.paid")(function)

    def test_one_a_type(self) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore())
        inbox.on("invoice.paid")(lambda event: None)
        with pytest.raises(ConfigurationError, match="has a handler"):
            inbox.on("invoice.paid")(lambda event: None)

    def test_a_misspelt_type_warns_with_the_nearest(self) -> None:
        with pytest.warns(UnknownEventType, match=r"did you mean checkout\.session\.completed\?") as caught:
            WebhookInbox(SECRET, MemoryStore()).on("checkout.session.complete")(lambda event: None)
        assert caught[0].filename == __file__

    def test_known_types_do_not_warn(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            WebhookInbox(SECRET, MemoryStore()).on("invoice.paid", "v2.core.account.updated")(lambda event: None)

    @pytest.mark.parametrize("types", [(), ("",), ("invoice.*",), (None,)])
    def test_patterns_are_refused(self, types: Any) -> None:
        with pytest.raises(ConfigurationError):
            WebhookInbox(SECRET, MemoryStore()).on(*types)(lambda event: None)

    def test_after_commit_runs_once_and_may_fail(self, inbox: WebhookInbox) -> None:
        called: list[str] = []

        async def asynchronous(name: str) -> None:
            called.append(name)

        @inbox.on("invoice.paid")
        def paid(event: Event, delivery: Delivery) -> None:
            delivery.after_commit(lambda: 1 / 0)
            delivery.after_commit(functools.partial(asynchronous, event.id))
            if delivery.attempt == 1:
                raise ValueError

        outcomes = [reply.outcome for reply in deliver(inbox, event("invoice.paid"), times=3)]
        assert outcomes == ["handler_failed", "succeeded", "duplicate"]
        assert len(called) == 1


class TestConfiguration:
    @pytest.mark.parametrize(
        "options",
        [
            {"mode": "exactly-once"},
            {"consumer": ""},
            {"lease": 0},
            {"lease": 86401},
            {"wait_inflight": 60},
            {"dead_status": 404},
            {"accounts": "acct_1"},
            {"tolerance": 0},
            {"allowed_networks": ["stripe.com"]},
        ],
    )
    def test_values_that_cannot_work(self, options: Any) -> None:
        with pytest.raises(ConfigurationError):
            WebhookInbox(SECRET, MemoryStore(), **options)

    def test_what_is_for_tests_is_refused_with_a_live_key(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="memory"):
            WebhookInbox(SECRET[:-4] + "beef", MemoryStore(), api_key="sk_live_" + "x" * 24)
        with pytest.raises(ConfigurationError, match="secret of tests"):
            WebhookInbox(SECRET, SQLiteStore(tmp_path / "a.db"), api_key="sk_live_" + "x" * 24)

    @pytest.mark.parametrize("address", ["sqlite:///{}/inbox.db", "{}/inbox.db"])
    def test_from_the_environment(self, tmp_path: Path, address: str) -> None:
        other = SECRET[:-4] + "beef"
        environment = {
            "STRIPE_WEBHOOK_SECRETS": f"{SECRET}, {other}",
            "STRIPE_INBOX_STORE": address.format(tmp_path),
        }
        inbox = WebhookInbox.from_environment(environment, consumer="shop")
        inbox.on("invoice.paid")(lambda event: None)
        assert deliver(inbox, event("invoice.paid"), secret=other)[0].outcome == "succeeded"
        assert (tmp_path / "inbox.db").exists()

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"STRIPE_WEBHOOK_SECRETS": ""}, "STRIPE_WEBHOOK_SECRETS"),
            ({"STRIPE_INBOX_STORE": ""}, "STRIPE_INBOX_STORE"),
            ({"STRIPE_INBOX_STORE": "postgresql://db/shop"}, "postgresql"),
            ({"STRIPE_INBOX_STORE": "sqlite://:memory:"}, "sqlite"),
            ({"STRIPE_INBOX_STORE": "/no/such/folder/inbox.db"}, "folder"),
        ],
    )
    def test_a_wrong_environment_is_named(self, tmp_path: Path, changes: dict[str, str], named: str) -> None:
        environment = {"STRIPE_WEBHOOK_SECRETS": SECRET, "STRIPE_INBOX_STORE": str(tmp_path / "a.db"), **changes}
        with pytest.raises(ConfigurationError, match=named):
            WebhookInbox.from_environment(environment)
