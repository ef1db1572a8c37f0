"""What an idempotency key is made of, when there is one, and which parameters it stands for."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import stripe
from charging import PARAMS, charge, fails, states

from stripe_lint.runtime import (
    ConfigurationError,
    IdempotencyKeys,
    OutcomeNotRecorded,
    ParamsMismatch,
    StoreUnavailable,
)
from stripe_lint.runtime.fingerprint import fingerprint
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.stores.sqlite import SQLiteStore

if TYPE_CHECKING:
    from pathlib import Path

    from fake_stripe import FakeStripe


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
