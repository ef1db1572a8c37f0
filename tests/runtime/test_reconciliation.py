"""What became of a request is found out later: from Stripe, or from a webhook."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from charging import DAY, HOUR, PARAMS, charge, fails, states

from stripe_lint.runtime import (
    AlreadySucceeded,
    IdempotencyKeys,
    OperationExpired,
    OperationFailed,
    OperationState,
    OutcomeNotRecorded,
    Verifier,
    WebhookInbox,
    idempotency,
)
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, event, signed_request

if TYPE_CHECKING:
    from pathlib import Path

    from conformance import Clock
    from fake_stripe import FakeStripe


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
