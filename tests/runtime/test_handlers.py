"""What may be a handler, and what a delivery tells it of others: ``once`` and ``freshness``."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import pytest

from stripe_lint.runtime import ConfigurationError, Delivery, Event, UnknownEventType, WebhookInbox
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.testing import SECRET, deliver, event


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
