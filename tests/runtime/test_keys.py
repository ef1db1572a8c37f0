"""A request is executed once, whatever becomes of its answers: against a Stripe on HTTP, with the SDK."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import stripe
from fake_stripe import FakeStripe

from stripe_lint.runtime import (
    AlreadySucceeded,
    ConfigurationError,
    IdempotencyKeys,
    OperationError,
    OperationExpired,
    OperationFailed,
    OperationInProgress,
    OperationState,
    OutcomeNotRecorded,
    ParamsMismatch,
    StoreUnavailable,
    Verifier,
    WebhookInbox,
    idempotency,
)
from stripe_lint.runtime.fingerprint import fingerprint
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, event, signed_request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance import Clock

HOUR = 3600.0
DAY = 24 * HOUR
PARAMS = {"amount": 1999, "currency": "eur", "metadata": {"operation": "charge_order:17"}}


@pytest.fixture
def fake(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStripe]:
    server = FakeStripe(clock)
    server.start()
    monkeypatch.setattr(stripe, "api_base", server.address)
    monkeypatch.setattr(stripe, "api_key", "sk_test_1")
    monkeypatch.setattr(stripe, "max_network_retries", 0)
    yield server
    server.stop()


@pytest.fixture
def keys(store: Any) -> IdempotencyKeys:
    return IdempotencyKeys(store, "shop-test")


def charge(
    keys: IdempotencyKeys, fault: str = "", params: dict[str, Any] = PARAMS, business_id: Any = 17, **options: Any
) -> Any:
    """One attempt, as an application writes it."""
    with keys.operation("charge_order", business_id, params, result="payment_intent", **options) as op:
        sent = {"idempotency_key": op.key, "headers": {"X-Fault": fault}}
        return op.succeeded(stripe.PaymentIntent.create(**params, **sent))


def fails(keys: IdempotencyKeys, fault: str, **options: Any) -> None:
    with pytest.raises(stripe.StripeError):
        charge(keys, fault, **options)


def states(keys: IdempotencyKeys) -> list[str]:
    return [record.state.value for record in keys.unfinished()]


class TestOutcomes:
    def test_success_is_final(self, keys: IdempotencyKeys, fake: FakeStripe, clock: Clock) -> None:
        made = charge(keys)
        for _ in range(3):
            with pytest.raises(AlreadySucceeded) as caught:
                charge(keys)
            assert caught.value.object_id == made.id
            assert caught.value.request_id == "req_1"
            clock.now += DAY
        assert fake.requests == 1

    @pytest.mark.parametrize("fault", ["401", "429", "lock", "in_use"])
    def test_what_was_not_executed_is_sent_again_with_the_same_key(
        self, keys: IdempotencyKeys, fake: FakeStripe, fault: str
    ) -> None:
        fails(keys, fault)
        assert states(keys) == ["pending"]
        charge(keys)
        assert len(fake.first_seen) == len(fake.objects) == 1

    @pytest.mark.parametrize(("fault", "code"), [("card", "card_declined"), ("invalid", "parameter_invalid")])
    def test_a_refusal_is_final_until_it_is_asked_for_again(
        self, keys: IdempotencyKeys, fake: FakeStripe, fault: str, code: str
    ) -> None:
        fails(keys, fault)
        with pytest.raises(OperationFailed) as caught:
            charge(keys)
        assert caught.value.code == code
        assert fake.requests == 1
        other = {**PARAMS, "payment_method": "pm_other"}
        charge(keys, params=other, retry_failed=True)
        assert len(fake.first_seen) == 2
        assert len(fake.objects) == 1
        with pytest.raises(AlreadySucceeded):
            charge(keys, params=other, retry_failed=True)

    @pytest.mark.parametrize("fault", ["reset-before", "reset-after", "500-before"])
    def test_a_lost_answer_is_asked_for_again_with_the_same_key(
        self, keys: IdempotencyKeys, fake: FakeStripe, fault: str
    ) -> None:
        fails(keys, fault)
        assert states(keys) == ["unknown"]
        charge(keys)
        assert len(fake.first_seen) == len(fake.objects) == 1

    def test_a_500_that_is_played_back_stays_unknown(self, keys: IdempotencyKeys, fake: FakeStripe) -> None:
        for _ in range(3):
            fails(keys, "500")
            assert states(keys) == ["unknown"]
        assert len(fake.objects) == 1

    @pytest.mark.parametrize("fault", ["401", "429", "lock", "in_use"])
    def test_what_is_unknown_is_not_settled_by_a_refusal(
        self, keys: IdempotencyKeys, fake: FakeStripe, fault: str
    ) -> None:
        fails(keys, "reset-after")
        fails(keys, fault)
        assert states(keys) == ["unknown"]
        charge(keys)
        assert len(fake.objects) == 1

    def test_what_is_unknown_is_not_settled_by_an_invalid_request(
        self, keys: IdempotencyKeys, fake: FakeStripe
    ) -> None:
        fails(keys, "500-before")
        fails(keys, "invalid")
        assert states(keys) == ["unknown"]
        fails(keys, "")  # the same answer again, and now as a replay
        assert states(keys) == []
        with pytest.raises(OperationFailed):
            charge(keys)

    def test_what_is_unknown_is_settled_by_a_declined_card(self, keys: IdempotencyKeys, fake: FakeStripe) -> None:
        fails(keys, "reset-before")
        fails(keys, "card")
        assert states(keys) == []
        assert fake.objects == []

    def test_a_key_that_stripe_has_for_another_request_is_a_conflict(
        self, keys: IdempotencyKeys, fake: FakeStripe
    ) -> None:
        with pytest.raises(stripe.StripeError), keys.operation("charge_order", 17, PARAMS) as op:
            stripe.Refund.create(charge="ch_1", idempotency_key=op.key, headers={"X-Fault": "reset-after"})
        with pytest.raises(stripe.StripeError), keys.operation("charge_order", 17, PARAMS) as op:
            stripe.PaymentIntent.create(**PARAMS, idempotency_key=op.key)
        assert states(keys) == ["unknown"]
        with pytest.raises(stripe.StripeError), keys.operation("charge_order", 18, PARAMS) as op:
            stripe.Refund.create(charge="ch_1", idempotency_key=op.key, headers={"X-Fault": "429"})
        fake.answer("/v1/refunds", "charge=ch_1", op.key, "")
        fails(keys, "", business_id=18)
        assert sorted(states(keys)) == ["conflict", "unknown"]
        assert len(fake.first_seen) == 2

    def test_leaving_without_an_outcome_is_an_error(self, keys: IdempotencyKeys) -> None:
        with pytest.raises(OutcomeNotRecorded), keys.operation("charge_order", 17, PARAMS):
            pass
        assert states(keys) == ["unknown"]

    def test_another_exception_passes_and_leaves_it_unknown(self, keys: IdempotencyKeys) -> None:
        with pytest.raises(ZeroDivisionError), keys.operation("charge_order", 17, PARAMS):
            _ = 1 / 0
        assert states(keys) == ["unknown"]

    def test_an_error_that_is_caught_inside_is_told(self, keys: IdempotencyKeys, fake: FakeStripe) -> None:
        with keys.operation("charge_order", 17, PARAMS) as op:
            try:
                stripe.PaymentIntent.create(**PARAMS, idempotency_key=op.key, headers={"X-Fault": "card"})
            except stripe.CardError as error:
                op.failed(error)
        with pytest.raises(OperationFailed):
            charge(keys)

    def test_an_exception_after_the_success_does_not_undo_it(self, keys: IdempotencyKeys, fake: FakeStripe) -> None:
        with pytest.raises(ZeroDivisionError), keys.operation("charge_order", 17, PARAMS) as op:
            op.succeeded(stripe.PaymentIntent.create(**PARAMS, idempotency_key=op.key))
            _ = 1 / 0
        with pytest.raises(AlreadySucceeded):
            charge(keys)

    def test_on_an_event_loop(self, keys: IdempotencyKeys, fake: FakeStripe) -> None:
        async def pay(fault: str) -> Any:
            async with keys.operation("charge_order", 17, PARAMS) as op:
                intent = await asyncio.to_thread(
                    stripe.PaymentIntent.create, **PARAMS, idempotency_key=op.key, headers={"X-Fault": fault}
                )
                return await op.succeeded_async(intent)

        with pytest.raises(stripe.APIConnectionError):
            asyncio.run(pay("reset-after"))
        assert asyncio.run(pay("")).id == "pi_1"
        with pytest.raises(AlreadySucceeded):
            asyncio.run(pay(""))
        assert len(fake.objects) == 1


class TestParameters:
    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"amount": 2000}, ("amount",)),
            ({"currency": None}, ("currency",)),
            ({"description": "x"}, ("description",)),
        ],
    )
    def test_other_parameters_are_refused_before_the_network(
        self, keys: IdempotencyKeys, fake: FakeStripe, change: dict[str, Any], named: tuple[str, ...]
    ) -> None:
        fails(keys, "429")
        with pytest.raises(ParamsMismatch) as caught:
            charge(keys, params={**PARAMS, **change})
        assert caught.value.changed == named
        assert fake.requests == 1

    def test_of_a_finished_operation_too(self, keys: IdempotencyKeys, fake: FakeStripe) -> None:
        charge(keys)
        with pytest.raises(ParamsMismatch):
            charge(keys, params={**PARAMS, "amount": 1})

    def test_another_account_is_another_operation(self, keys: IdempotencyKeys, fake: FakeStripe) -> None:
        charge(keys)
        charge(keys, account="acct_1")
        assert len(fake.first_seen) == 2

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"a": 100}, {"a": "100"}),
            ({"a": True}, {"a": "true"}),
            ({"a": Decimal("1.50")}, {"a": "1.5"}),
            ({"a": Decimal(100)}, {"a": 100}),
            ({"a": 1, "b": None}, {"a": 1}),
            ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}),
            ({"a": (1, 2)}, {"a": [1, 2]}),
            ({"a": 1, "idempotency_key": "k", "api_key": "sk"}, {"a": 1}),
            ({"a": datetime(2026, 11, 21, tzinfo=timezone.utc)}, {"a": 1795219200}),
        ],
    )
    def test_what_stripe_sees_alike_is_alike(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        assert fingerprint(one, "", b"k") == fingerprint(other, "", b"k")

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"a": 1}, {"a": 2}),
            ({"a": [1, 2]}, {"a": [2, 1]}),
            ({"a": 1}, {"b": 1}),
            ({"a": ""}, {}),
            ({"metadata": {"x": 1}}, {"metadata": {"x": 2}}),
            ({"a": ["1,2"]}, {"a": ["1", "2"]}),
        ],
    )
    def test_what_differs_differs(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        assert fingerprint(one, "", b"k")[0] != fingerprint(other, "", b"k")[0]
        assert fingerprint(one, "", b"k")[0] != fingerprint(one, "acct_1", b"k")[0]
        assert fingerprint(one, "", b"k")[0] != fingerprint(one, "", b"other")[0]

    @pytest.mark.parametrize("value", [1.5, object(), {1, 2}, b"x", {"deep": [1.0]}])
    def test_what_has_no_exact_spelling_is_refused(self, keys: IdempotencyKeys, value: Any) -> None:
        with pytest.raises(TypeError, match="amount"):
            keys.operation("charge_order", 17, {"amount": value})


class TestKeys:
    def key(self, keys: IdempotencyKeys, business_id: Any = 17, name: str = "charge_order", **options: Any) -> str:
        with pytest.raises(OutcomeNotRecorded), keys.operation(name, business_id, {}, **options) as op:
            pass
        return op.key

    def test_a_key_is_the_same_after_everything_is_lost(self, keys: IdempotencyKeys) -> None:
        key = self.key(keys)
        assert key == self.key(IdempotencyKeys(MemoryStore(), "shop-test"))
        assert re.fullmatch(r"sl_[a-z2-7]{40}", key)

    def test_every_part_of_the_identity_is_in_it(self, store: Any) -> None:
        keys = IdempotencyKeys(store, "shop-test")
        found = [
            self.key(keys),
            self.key(keys, 18),
            self.key(keys, name="refund_order"),
            self.key(keys, account="acct_1"),
            self.key(keys, api="v2"),
            self.key(IdempotencyKeys(store, "shop-production")),
            self.key(IdempotencyKeys(store, "shop-test", livemode=True)),
            self.key(IdempotencyKeys(MemoryStore(), "shop-test", salt="secret")),
            self.key(keys, "charge_order:17", name="x"),
        ]
        assert len(set(found)) == len(found)

    def test_parts_do_not_run_into_each_other(self, store: Any) -> None:
        keys = IdempotencyKeys(store, "shop-test")
        assert self.key(keys, "1", name="a:b") != self.key(keys, "b:1", name="a")

    @pytest.mark.parametrize("business_id", [17, "17"])
    def test_a_number_is_its_text(self, business_id: Any) -> None:
        keys = IdempotencyKeys(MemoryStore(), "shop-test")
        assert self.key(keys, business_id) == "sl_" + self.key(IdempotencyKeys(MemoryStore(), "shop-test"), "17")[3:]
        assert self.key(keys, UUID(int=5)) != self.key(keys, "x")

    @pytest.mark.parametrize("business_id", [None, "", True, 1.5, object()])
    def test_a_row_that_is_not_saved_has_no_id(self, keys: IdempotencyKeys, business_id: Any) -> None:
        with pytest.raises(ConfigurationError, match="charge_order"):
            keys.operation("charge_order", business_id, {})

    def test_no_key_exists_before_it_is_committed(self, keys: IdempotencyKeys) -> None:
        op = keys.operation("charge_order", 17, {})
        with pytest.raises(ConfigurationError):
            _ = op.key
        with pytest.raises(OutcomeNotRecorded), op:
            assert op.metadata == {"sl_op": op.key}
            assert states(keys) == ["pending"]
        with pytest.raises(ConfigurationError), op:
            pass

    def test_nothing_is_sent_if_the_key_cannot_be_committed(self, tmp_path: Path, fake: FakeStripe) -> None:
        store = SQLiteStore(tmp_path / "a.db", busy_timeout=0.05)
        keys = IdempotencyKeys(store, "shop-test")
        blocking = store.transaction()
        with pytest.raises(StoreUnavailable):
            charge(keys)
        blocking.close(discard=False)
        assert fake.requests == 0

    def test_a_success_that_cannot_be_recorded_is_still_one(self, tmp_path: Path, fake: FakeStripe) -> None:
        store = SQLiteStore(tmp_path / "a.db", busy_timeout=0.05)
        keys = IdempotencyKeys(store, "shop-test", lease=0.001)
        with keys.operation("charge_order", 17, PARAMS) as op:
            blocking = store.transaction()
            assert op.succeeded(stripe.PaymentIntent.create(**PARAMS, idempotency_key=op.key)).id == "pi_1"
        blocking.close(discard=False)
        assert charge(keys).id == "pi_1"
        assert len(fake.objects) == 1

    @pytest.mark.parametrize("namespace", ["", " ", None])
    def test_a_namespace_is_needed(self, namespace: Any) -> None:
        with pytest.raises(ConfigurationError):
            IdempotencyKeys(MemoryStore(), namespace)

    def test_a_store_that_forgets_is_refused(self) -> None:
        store = MemoryStore()
        store.forgetful = True  # type: ignore[misc]
        with pytest.raises(ConfigurationError, match="allow_forgetful"):
            IdempotencyKeys(store, "shop-test")
        assert IdempotencyKeys(store, "shop-test", allow_forgetful=True)


class TestLeases:
    def test_one_sends_at_a_time(self, keys: IdempotencyKeys, clock: Clock) -> None:
        first = keys.operation("charge_order", 17, PARAMS)
        first.__enter__()
        with pytest.raises(OperationInProgress) as caught, keys.operation("charge_order", 17, PARAMS):
            pass
        assert caught.value.seconds == 90

    def test_a_sender_that_died_leaves_it_unknown(self, keys: IdempotencyKeys, fake: FakeStripe, clock: Clock) -> None:
        keys.operation("charge_order", 17, PARAMS, result="payment_intent").__enter__()
        clock.now += 91
        fails(keys, "429")
        assert states(keys) == ["unknown"]

    def test_what_a_stale_sender_reports_counts_only_if_it_is_a_success(
        self, keys: IdempotencyKeys, clock: Clock
    ) -> None:
        stale = keys.operation("charge_order", 17, PARAMS)
        stale.__enter__()
        clock.now += 91
        current = keys.operation("charge_order", 17, PARAMS)
        current.__enter__()
        stale.failed(card_error())
        with pytest.raises(OperationInProgress), keys.operation("charge_order", 17, PARAMS):
            pass
        current.failed(connection_error())
        assert states(keys) == ["unknown"]
        again = keys.operation("charge_order", 18, PARAMS)
        again.__enter__()
        clock.now += 91
        keys.operation("charge_order", 18, PARAMS).__enter__()
        again.succeeded({"id": "pi_9"})
        with pytest.raises(AlreadySucceeded), keys.operation("charge_order", 18, PARAMS):
            pass


def card_error() -> stripe.CardError:
    body = {"error": {"type": "card_error", "code": "card_declined"}}
    return stripe.CardError("declined", None, "card_declined", http_status=402, json_body=body)


def connection_error() -> stripe.APIConnectionError:
    return stripe.APIConnectionError("reset")


class TestWindow:
    @pytest.mark.parametrize("fault", ["reset-after", "reset-before", "429", "lock", "500"])
    def test_no_key_is_sent_when_stripe_may_have_forgotten_it(
        self, keys: IdempotencyKeys, fake: FakeStripe, clock: Clock, fault: str
    ) -> None:
        fails(keys, fault)
        clock.now += 23 * HOUR - 1
        fails(keys, fault)
        clock.now += 2
        with pytest.raises(OperationExpired):
            charge(keys)
        assert fake.too_late == []
        assert fake.requests == 2

    @pytest.mark.parametrize(("back", "sent"), [(0.5 * HOUR, True), (1.5 * HOUR, False), (3 * DAY, False)])
    def test_a_clock_that_went_back_makes_no_key_younger(
        self, keys: IdempotencyKeys, fake: FakeStripe, clock: Clock, back: float, sent: bool
    ) -> None:
        """A first send in the future was longer ago than its time says: Stripe may have forgotten the key."""
        fails(keys, "reset-after")
        clock.now -= back
        if sent:
            charge(keys)
        else:
            with pytest.raises(OperationExpired):
                charge(keys)
        assert fake.requests == 1 + sent

    def test_of_version_2_it_is_30_days(self, keys: IdempotencyKeys, clock: Clock) -> None:
        for state in (OutcomeNotRecorded, OutcomeNotRecorded, OperationExpired):
            with pytest.raises(state), keys.operation("create_account", 1, {}, api="v2"):
                pass
            clock.now += 30 * DAY - HOUR - 1 if state is OutcomeNotRecorded and clock.now < 1_800_000_100 else 2
        with pytest.raises(ConfigurationError):
            keys.operation("x", 1, {}, api="v3")  # type: ignore[arg-type]

    def test_what_expires_soon_is_found(self, keys: IdempotencyKeys, fake: FakeStripe, clock: Clock) -> None:
        fails(keys, "reset-after")
        clock.now += 20 * HOUR
        fails(keys, "reset-after", business_id=18)
        assert len(keys.unfinished()) == 2
        assert [each.identity.business_id for each in keys.unfinished(older_than=HOUR)] == ["17"]
        assert [each.identity.business_id for each in keys.unfinished(expires_within=4 * HOUR)] == ["17"]


class TestReconciliation:
    def test_what_is_found_out_is_recorded(self, keys: IdempotencyKeys, fake: FakeStripe, clock: Clock) -> None:
        fails(keys, "reset-after")
        fails(keys, "reset-before", business_id=18)
        fails(keys, "reset-after", business_id=19)
        clock.now += 2 * DAY

        def look_up(record: Any) -> str | None:
            if record.identity.business_id == "19":
                raise ConnectionError
            return next((made["id"] for made in fake.objects if made["key"] == record.key), None)

        assert keys.reconcile(look_up) == 2
        with pytest.raises(AlreadySucceeded) as caught:
            charge(keys)
        assert caught.value.object_id == "pi_1"
        with pytest.raises(OperationFailed) as failed:
            charge(keys, business_id=18)
        assert failed.value.code == "not_executed"
        with pytest.raises(OperationExpired):
            charge(keys, business_id=19)
        charge(keys, business_id=18, retry_failed=True)
        assert len(fake.objects) == 3

    def test_of_more_than_a_page_all_are_found_out(
        self, keys: IdempotencyKeys, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also where what comes first can't be found out, which must not hide the rest."""
        monkeypatch.setattr(idempotency, "PAGE", 3)
        for number in range(10):
            with pytest.raises(OutcomeNotRecorded), keys.operation("a", number, {}):
                pass
            clock.now += number % 3

        def look_up(record: Any) -> str | None:
            if int(record.identity.business_id) < 4:
                raise ConnectionError
            return f"pi_{record.identity.business_id}"

        assert len(keys.unfinished()) == 10
        assert len(keys.unfinished(expires_within=DAY)) == 10
        assert keys.reconcile(look_up, older_than=0) == 6
        assert {record.identity.business_id for record in keys.unfinished()} == {"0", "1", "2", "3"}
        assert keys.reconcile(look_up, older_than=0) == 0

    def test_the_same_is_found_out_on_an_event_loop(
        self, keys: IdempotencyKeys, fake: FakeStripe, clock: Clock
    ) -> None:
        fails(keys, "reset-after")
        fails(keys, "reset-before", business_id=18)
        clock.now += 2 * DAY

        async def look_up(record: Any) -> str | None:
            await asyncio.sleep(0)
            return next((made["id"] for made in fake.objects if made["key"] == record.key), None)

        async def find_out() -> tuple[int, int, int]:
            before = len(await keys.unfinished_async())
            resolved = await keys.reconcile_async(look_up)
            return before, resolved, len(await keys.unfinished_async(older_than=HOUR))

        assert asyncio.run(find_out()) == (2, 2, 0)
        with pytest.raises(AlreadySucceeded) as caught:
            charge(keys)
        assert caught.value.object_id == "pi_1"
        (key,) = {made["key"] for made in fake.objects}
        assert not asyncio.run(keys.resolve_async(key, "pi_1"))

    def test_a_sender_that_died_before_the_clock_went_back_can_be_found_out_about(
        self, keys: IdempotencyKeys, clock: Clock
    ) -> None:
        op = keys.operation("charge_order", 17, PARAMS)
        op.__enter__()
        clock.now -= 3 * DAY
        assert keys.reconcile(lambda record: "pi_1", older_than=-4 * DAY) == 1
        with pytest.raises(AlreadySucceeded), keys.operation("charge_order", 17, PARAMS):
            pass

    def test_what_is_on_its_way_is_left_alone(self, keys: IdempotencyKeys, clock: Clock) -> None:
        op = keys.operation("charge_order", 17, PARAMS)
        op.__enter__()
        assert not keys.resolve(op.key, None)
        clock.now += 91
        assert keys.resolve(op.key, None)
        assert not keys.resolve(op.key, "pi_1")


class TestHealing:
    def heal(self, keys: IdempotencyKeys, store: Any, key: str, kind: str = "payment_intent", **fields: Any) -> None:
        inbox = WebhookInbox(SECRET, store, keys=keys)
        request = {"id": "req_1", "idempotency_key": key}
        made = event("payment_intent.succeeded", {"id": "pi_7", "object": kind}, request=request, **fields)
        assert deliver(inbox, made)[0].outcome == "unhandled"

    def unknown(self, keys: IdempotencyKeys) -> str:
        with pytest.raises(OutcomeNotRecorded), keys.operation("a", 1, PARAMS, result="payment_intent") as op:
            pass
        return op.key

    def test_a_webhook_tells_that_a_request_was_executed(self, keys: IdempotencyKeys, store: Any, clock: Clock) -> None:
        self.heal(keys, store, self.unknown(keys))
        (record,) = keys.unfinished()
        assert (record.state, record.object_id) == (OperationState.EXECUTED, "pi_7")
        clock.now += 2 * DAY
        with pytest.raises(OperationExpired) as caught, keys.operation("a", 1, PARAMS):
            pass
        assert caught.value.object_id == "pi_7"

    def test_only_an_object_of_the_declared_type_is_the_result(self, keys: IdempotencyKeys, store: Any) -> None:
        key = self.unknown(keys)
        self.heal(keys, store, key, "charge")
        (record,) = keys.unfinished()
        assert (record.state, record.object_id) == (OperationState.EXECUTED, None)
        self.heal(keys, store, key)
        assert keys.unfinished()[0].object_id == "pi_7"

    def test_what_is_being_sent_or_known_or_anothers_is_left(self, keys: IdempotencyKeys, store: Any) -> None:
        op = keys.operation("b", 1, PARAMS, result="payment_intent")
        op.__enter__()
        self.heal(keys, store, op.key)
        assert states(keys) == ["pending"]
        op.succeeded({"id": "pi_1"})
        self.heal(keys, store, op.key)
        assert states(keys) == []
        other = IdempotencyKeys(store, "other")
        self.heal(other, store, self.unknown(keys))
        assert states(keys) == ["unknown"]
        self.heal(keys, store, "sl_" + "a" * 40)
        self.heal(keys, store, "not-one-of-ours")

    def test_what_changes_nothing_takes_no_write_lock(self, tmp_path: Path) -> None:
        """So that a duplicate, or an event of a request that succeeded, does not wait for other writers."""
        store = SQLiteStore(tmp_path / "keys.db", busy_timeout=0.05)
        keys = IdempotencyKeys(store, "shop-test")
        with keys.operation("a", 2, PARAMS, result="payment_intent") as op:
            op.succeeded({"id": "pi_1"})
        known = self.unknown(keys)
        self.heal(keys, MemoryStore(), known)
        blocking = store.transaction()
        for key in (op.key, known, "sl_" + "a" * 40):
            made = event("payment_intent.succeeded", {"id": "pi_7", "object": "payment_intent"})
            made["request"]["idempotency_key"] = key
            request = signed_request(made)
            assert not keys.observe(Verifier(SECRET).verify(request.body, request.signature).event)
        blocking.close(discard=False)

    def test_a_store_of_keys_that_fails_does_not_cost_the_event(self, tmp_path: Path) -> None:
        broken = SQLiteStore(tmp_path / "keys.db", busy_timeout=0.05)
        keys = IdempotencyKeys(broken, "shop-test")
        key = self.unknown(keys)
        blocking = broken.transaction()
        self.heal(keys, MemoryStore(), key)
        blocking.close(discard=False)
        assert states(keys) == ["unknown"]


def test_decisions_are_audited_without_keys_or_parameters(
    keys: IdempotencyKeys, fake: FakeStripe, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    caplog.set_level(logging.INFO, "stripe_lint.runtime.audit")
    fails(keys, "reset-after")
    charge(keys)
    for params in (PARAMS, {**PARAMS, "amount": 5}):
        with pytest.raises(OperationError):
            charge(keys, params=params)
    fails(keys, "card", business_id=18)
    charge(keys, business_id=18, retry_failed=True)
    fails(keys, "429", business_id=19)
    clock.now += DAY
    with pytest.raises(OperationExpired):
        charge(keys, business_id=19)
    text = caplog.text
    decisions = re.findall(r'"decision":"(\w+)"', text)
    assert decisions == [
        "created", "unknown", "reused", "succeeded", "already_succeeded", "mismatch",
        "created", "failed", "new_generation", "succeeded", "created", "pending", "expired",
    ]  # fmt: skip
    assert "sl_" not in text
    assert "1999" not in text
    assert '"changed":["amount"]' in text


def test_metrics_count_decisions(store: Any, fake: FakeStripe) -> None:
    from stripe_lint.runtime.metrics import NoMetrics

    class Counted(NoMetrics):
        def __init__(self) -> None:
            self.seen: list[tuple[str, ...]] = []

        def count(self, name: str, *labels: str) -> None:
            self.seen.append((name, *labels))

    counted = Counted()
    charge(IdempotencyKeys(store, "shop-test", metrics=counted))
    assert counted.seen == [("operations_total", "created"), ("operations_total", "succeeded")]


def test_a_record_says_nothing_of_the_parameters(keys: IdempotencyKeys, store: Any) -> None:
    with pytest.raises(OutcomeNotRecorded), keys.operation("charge_order", 17, PARAMS):
        pass
    (record,) = keys.unfinished()
    assert set(record.fields) == {"amount", "currency", "metadata", "account"}
    assert "1999" not in repr(replace(record, first_sent_at=0, last_sent_at=0, created_at=0, lease_until=0, key=""))
