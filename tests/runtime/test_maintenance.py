"""What operators do with an inbox: they set it up, run events again, forget old ones and seed it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from stripe_lint.runtime import ConfigurationError, Delivery, Event, PermanentError, WebhookInbox
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, event

if TYPE_CHECKING:
    from pathlib import Path

    from conformance import Clock


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
