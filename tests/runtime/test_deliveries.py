"""What Stripe is answered, and how often a handler runs, in both modes and from threads and event loops."""

from __future__ import annotations

import asyncio
import functools
import threading
from typing import TYPE_CHECKING, Any

import pytest

from stripe_lint.runtime import Delivery, Event, LeaseLost, PermanentError, RetryLater, StoreUnavailable, WebhookInbox
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
