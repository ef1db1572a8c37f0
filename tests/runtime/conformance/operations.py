"""What a store of operations has to do."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from stripe_lint.runtime.lifecycle import Identity, OperationState, Request, begin

if TYPE_CHECKING:
    from conformance.clock import Clock

IDENTITY = Identity("shop-test", "", False, "v1", "charge_order", "17")
REQUEST = Request(IDENTITY, "f" * 32, {"amount": "a" * 32}, "", "payment_intent")


class OperationStoreConformance:
    """Outgoing operations: the store only keeps them, so it is asked little."""

    def test_what_a_step_writes_is_what_the_next_one_gets(self, store: Any, clock: Clock) -> None:
        granted = store.change(IDENTITY, lambda record, now: begin(record, now, REQUEST))
        assert granted.record.first_sent_at == clock.now
        seen = store.change(IDENTITY, lambda record, now: (None, (record, now)))
        assert seen == (granted.record, clock.now)
        assert store.change_by_key(granted.record.key, lambda record, _: (None, record)) == granted.record

    def test_nothing_is_known_of_another_identity(self, store: Any) -> None:
        store.change(IDENTITY, lambda record, now: begin(record, now, REQUEST))
        for other in (
            IDENTITY._replace(namespace="x"),
            IDENTITY._replace(account="acct_1"),
            IDENTITY._replace(livemode=True),
            IDENTITY._replace(api="v2"),
            IDENTITY._replace(operation="x"),
            IDENTITY._replace(business_id="18"),
        ):
            assert store.change(other, lambda record, _: (None, record)) is None
        assert store.change_by_key("sl_unknown", lambda record, _: (None, record)) is None

    def test_every_field_survives(self, store: Any) -> None:
        record = store.change(IDENTITY, lambda record, now: begin(record, now, REQUEST)).record
        full = replace(
            record,
            state=OperationState.EXECUTED,
            lease_until=None,
            indeterminate=True,
            request_id="req_1",
            object_id="pi_1",
            http_status=500,
            error_code="api_error",
            replayed=True,
        )
        store.change(IDENTITY, lambda _, now: (full, now))
        assert store.change(IDENTITY, lambda record, _: (None, record)) == full

    def test_the_newest_generation_counts(self, store: Any) -> None:
        first = store.change(IDENTITY, lambda record, now: begin(record, now, REQUEST)).record
        second = replace(first, generation=2, key="sl_second")
        store.change(IDENTITY, lambda _, now: (second, now))
        assert store.change(IDENTITY, lambda record, _: (None, record)) == second
        assert store.change_by_key(first.key, lambda record, _: (None, record)) == first
        assert store.operation_by_key(first.key) == first
        assert store.operation_by_key("sl_unknown") is None
        assert store.unfinished_page("shop-test", sent_until=first.first_sent_at + 1, limit=9) == [second]

    def in_every_state(self, store: Any, clock: Clock, seconds: float) -> None:
        """Makes one operation for each state."""
        for number, state in enumerate(OperationState):
            identity = IDENTITY._replace(business_id=str(number))
            request = replace(REQUEST, identity=identity)
            record = store.change(identity, lambda record, now, request=request: begin(record, now, request)).record
            store.change(identity, lambda _, now, record=record, state=state: (replace(record, state=state), now))
            clock.now += seconds

    def test_a_list_is_of_a_namespace_and_a_time(self, store: Any, clock: Clock) -> None:
        self.in_every_state(store, clock, 10)

        def found(namespace: str = "shop-test", before: float = clock.now, limit: int = 99) -> list[str]:
            listed = store.unfinished_page(namespace, sent_until=before, limit=limit)
            return [record.state.value for record in listed]

        assert found() == ["pending", "unknown", "executed", "conflict"]
        assert found(limit=2) == ["pending", "unknown"]
        assert found(before=clock.now - 45) == ["pending", "unknown"]
        assert found("other") == []

    @pytest.mark.parametrize("seconds", [0, 10])
    @pytest.mark.parametrize("limit", [1, 2, 3])
    def test_pages_have_everything_once(self, store: Any, clock: Clock, seconds: float, limit: int) -> None:
        self.in_every_state(store, clock, seconds)
        everything = store.unfinished_page("shop-test", sent_until=clock.now, limit=99)
        found: list[Any] = []
        while page := store.unfinished_page(
            "shop-test", sent_until=clock.now, limit=limit, after=found[-1] if found else None
        ):
            assert len(page) <= limit
            found += page
        assert len(found) == 4
        assert found == everything

    def test_what_is_unfinished_is_counted(self, store: Any, clock: Clock) -> None:
        assert store.unfinished_operations("shop-test").oldest_unknown == {}
        self.in_every_state(store, clock, 10)
        found = store.unfinished_operations("shop-test")
        assert found.counts == {
            OperationState.PENDING: 1,
            OperationState.UNKNOWN: 1,
            OperationState.EXECUTED: 1,
            OperationState.CONFLICT: 1,
        }
        assert found.oldest_unknown == {"v1": 50}
        clock.now += 1000
        found = store.unfinished_operations("shop-test")
        assert (found.counts[OperationState.PENDING], found.counts[OperationState.UNKNOWN]) == (0, 2)
        assert found.oldest_unknown == {"v1": 1060}
        assert set(store.unfinished_operations("other").counts.values()) == {0}

    def test_a_step_that_fails_leaves_nothing(self, store: Any) -> None:
        def fail(record: object, now: float) -> Any:
            raise KeyError

        with pytest.raises(KeyError):
            store.change(IDENTITY, fail)
        assert store.change(IDENTITY, lambda record, _: (None, record)) is None

    def test_of_many_threads_one_creates(self, store: Any) -> None:
        found: list[str] = []

        def take() -> None:
            answer = store.change(IDENTITY, lambda record, now: begin(record, now, REQUEST))
            found.append(type(answer).__name__)

        threads = [threading.Thread(target=take) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == ["Granted", *["OperationInProgress"] * 5]
