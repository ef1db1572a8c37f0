"""A request is executed once, whatever becomes of its answers: against a Stripe on HTTP, with the SDK."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from charging import DAY, HOUR, PARAMS, charge, fails, states

from stripe_lint.runtime import (
    AlreadySucceeded,
    ConfigurationError,
    IdempotencyKeys,
    OperationError,
    OperationExpired,
    OperationFailed,
    OperationInProgress,
    OutcomeNotRecorded,
)

if TYPE_CHECKING:
    from conformance import Clock
    from fake_stripe import FakeStripe


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
