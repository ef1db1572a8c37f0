"""What a store of events has to do."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from stripe_lint.runtime.errors import StoreUnavailable
from stripe_lint.runtime.event import EventKey
from stripe_lint.runtime.stores import Claim, EventFacts, Failure, Once, Record, State

if TYPE_CHECKING:
    from conformance.clock import Clock

KEY = EventKey("shop", "", False, "evt_1")
FACTS = EventFacts("invoice.paid", 1000, "2026-10-28.endive", b"d" * 32, "in_1")
FAILURE = Failure("ValueError", "0" * 16)
LEASE = 60.0


def claimed(store: Any, key: EventKey = KEY, facts: EventFacts = FACTS, **options: Any) -> Claim:
    claim = store.claim(key, facts, lease=LEASE, worker="w", **options)
    assert isinstance(claim, Claim)
    return claim


def state_of(store: Any, key: EventKey = KEY) -> State | None:
    record = store.find(key)
    return record.state if record else None


class EventStoreConformance:
    """The life of events."""

    def test_an_event_that_never_came_is_not_known(self, store: Any) -> None:
        assert store.find(KEY) is None

    def test_the_first_claim_wins_and_the_second_learns_why_not(self, store: Any) -> None:
        claim = claimed(store)
        assert (claim.token, claim.attempts, claim.takeover, claim.mark) == (1, 1, False, None)
        other = store.claim(KEY, FACTS, lease=LEASE, worker="v")
        assert isinstance(other, Record)
        assert other.state is State.PROCESSING
        assert other.live

    @pytest.mark.parametrize(
        "key",
        [
            KEY._replace(consumer="mail"),
            KEY._replace(account="acct_1"),
            KEY._replace(livemode=True),
            KEY._replace(id="evt_2"),
        ],
    )
    def test_each_part_of_the_key_makes_another_event(self, store: Any, key: EventKey) -> None:
        assert store.complete(claimed(store), FACTS)
        assert store.find(key) is None
        assert claimed(store, key).token == 1

    def test_a_completed_event_is_not_claimed_again(self, store: Any, clock: Clock) -> None:
        assert store.complete(claimed(store), FACTS)
        clock.now += 10 * LEASE
        for revive in (False, True):
            known = store.claim(KEY, FACTS, lease=LEASE, worker="v", revive=revive)
            assert isinstance(known, Record)
            assert (known.state, known.live, known.lease_until) == (State.COMPLETED, False, None)

    def test_a_failed_event_is_claimed_again_at_once(self, store: Any) -> None:
        assert store.fail(claimed(store), FAILURE, dead=False)
        known = store.find(KEY)
        assert (known.state, known.error_class) == (State.FAILED, "ValueError")
        claim = claimed(store)
        assert (claim.token, claim.attempts, claim.takeover) == (2, 2, False)

    def test_a_dead_event_is_claimed_only_to_revive_it(self, store: Any) -> None:
        assert store.fail(claimed(store), FAILURE, dead=True)
        known = store.claim(KEY, FACTS, lease=LEASE, worker="v")
        assert isinstance(known, Record)
        assert known.state is State.DEAD
        assert claimed(store, revive=True).token == 2

    def test_a_lease_ends_and_not_before(self, store: Any, clock: Clock) -> None:
        claimed(store)
        clock.now += LEASE
        assert isinstance(store.claim(KEY, FACTS, lease=LEASE, worker="v"), Record)
        clock.now += 0.001
        claim = claimed(store)
        assert (claim.token, claim.attempts, claim.takeover) == (2, 2, True)

    @pytest.mark.parametrize(("back", "over"), [(3600, False), (86400 + LEASE, True), (30 * 86400, True)])
    def test_a_clock_that_went_back_blocks_no_event_for_long(
        self, store: Any, clock: Clock, back: float, over: bool
    ) -> None:
        claim = claimed(store)
        clock.now -= back
        assert store.find(KEY).live is not over
        if over:
            assert store.record_failure(KEY, FACTS, FAILURE, worker="v", dead=False) is None
            assert claimed(store).token == 3
            assert not store.complete(claim, FACTS)
        else:
            assert store.record_failure(KEY, FACTS, FAILURE, worker="v", dead=False).live
            assert isinstance(store.claim(KEY, FACTS, lease=LEASE, worker="v"), Record)

    def test_a_lease_is_extended_by_its_holder(self, store: Any, clock: Clock) -> None:
        claim = claimed(store)
        clock.now += LEASE - 1
        assert store.extend(claim, LEASE)
        clock.now += LEASE - 1
        assert store.find(KEY).live

    def test_nothing_stale_is_accepted(self, store: Any, clock: Clock) -> None:
        stale = claimed(store)
        clock.now += LEASE + 1
        current = claimed(store)
        assert not store.extend(stale, LEASE)
        assert not store.fail(stale, FAILURE, dead=False)
        assert not store.fail(stale, FAILURE, dead=True)
        assert not store.complete(stale, FACTS)
        assert store.once(stale, "work") is Once.STALE
        assert state_of(store) is State.PROCESSING
        assert store.complete(current, FACTS)

    def test_an_invented_token_is_not_accepted(self, store: Any) -> None:
        claim = claimed(store)
        assert not store.complete(replace(claim, token=claim.token + 1), FACTS)
        assert state_of(store) is State.PROCESSING

    def test_nothing_is_written_after_the_end(self, store: Any) -> None:
        claim = claimed(store)
        assert store.complete(claim, FACTS)
        assert not store.complete(claim, FACTS)
        assert not store.extend(claim, LEASE)
        assert not store.fail(claim, FAILURE, dead=True)
        assert store.once(claim, "work") is Once.STALE
        assert state_of(store) is State.COMPLETED

    def test_an_expired_lease_that_nobody_took_is_still_its_holders(self, store: Any, clock: Clock) -> None:
        claim = claimed(store)
        clock.now += 10 * LEASE
        assert store.complete(claim, FACTS)

    def test_once_is_owned_by_the_event_and_its_retries(self, store: Any) -> None:
        first = claimed(store)
        assert store.once(first, "fulfil:1") is Once.OWNED
        assert store.once(first, "fulfil:1") is Once.OWNED
        assert store.fail(first, FAILURE, dead=False)
        again = claimed(store)
        assert store.once(again, "fulfil:1") is Once.OWNED

    @pytest.mark.parametrize("end", ["processing", "failed", "dead"])
    def test_others_are_undecided_until_the_owner_is_completed(self, store: Any, end: str) -> None:
        owner = claimed(store)
        assert store.once(owner, "fulfil:1") is Once.OWNED
        if end != "processing":
            assert store.fail(owner, FAILURE, dead=end == "dead")
        other = claimed(store, KEY._replace(id="evt_2"))
        assert store.once(other, "fulfil:1") is Once.UNDECIDED
        assert store.once(other, "fulfil:2") is Once.OWNED

    def test_others_have_nothing_to_do_once_the_owner_is_completed(self, store: Any) -> None:
        owner = claimed(store)
        store.once(owner, "fulfil:1")
        assert store.complete(owner, FACTS)
        assert store.once(claimed(store, KEY._replace(id="evt_2")), "fulfil:1") is Once.DONE

    def test_once_is_of_one_consumer_account_and_mode(self, store: Any) -> None:
        store.once(claimed(store), "fulfil:1")
        for number, other in enumerate(({"consumer": "mail"}, {"account": "acct_1"}, {"livemode": True})):
            claim = claimed(store, KEY._replace(id=f"evt_{number + 5}", **other))
            assert store.once(claim, "fulfil:1") is Once.OWNED

    def test_marks_come_with_the_completion_and_ignore_the_event_itself(self, store: Any) -> None:
        claim = claimed(store)
        assert store.fail(claim, FAILURE, dead=False)
        assert claimed(store, KEY._replace(id="evt_2")).mark is None
        assert store.complete(claimed(store), FACTS)
        assert claimed(store, KEY._replace(id="evt_3")).mark == FACTS.created
        other = replace(FACTS, object_id="in_2")
        assert claimed(store, KEY._replace(id="evt_4"), other).mark is None
        assert claimed(store, KEY._replace(id="evt_5", livemode=True)).mark is None

    def test_an_older_event_does_not_lower_the_mark(self, store: Any) -> None:
        assert store.complete(claimed(store), FACTS)
        older = replace(FACTS, created=FACTS.created - 5)
        late = KEY._replace(id="evt_2")
        assert store.complete(claimed(store, late, older), older)
        assert claimed(store, KEY._replace(id="evt_3")).mark == FACTS.created

    def test_a_stale_completion_leaves_no_mark(self, store: Any, clock: Clock) -> None:
        stale = claimed(store)
        clock.now += LEASE + 1
        claimed(store)
        assert not store.complete(stale, replace(FACTS, created=9999))
        assert claimed(store, KEY._replace(id="evt_2")).mark is None

    def test_a_failure_without_a_claim_is_recorded(self, store: Any) -> None:
        for attempts in (1, 2):
            assert store.record_failure(KEY, FACTS, FAILURE, worker="w", dead=False) is None
            record = store.find(KEY)
            assert (record.state, record.attempts, record.token) == (State.FAILED, attempts, attempts)
        assert store.record_failure(KEY, FACTS, FAILURE, worker="w", dead=True) is None
        assert state_of(store) is State.DEAD

    def test_a_failure_without_a_claim_touches_no_other_outcome(self, store: Any) -> None:
        claim = claimed(store)
        other = store.record_failure(KEY, FACTS, FAILURE, worker="v", dead=False)
        assert other.live
        assert store.complete(claim, FACTS)
        assert store.record_failure(KEY, FACTS, FAILURE, worker="v", dead=True).state is State.COMPLETED
        assert state_of(store) is State.COMPLETED

    def test_the_purge_takes_only_what_is_done_and_old(self, store: Any, clock: Clock) -> None:
        for number, end in enumerate(("completed", "dead", "failed", "processing")):
            claim = claimed(store, KEY._replace(id=f"evt_{end}"))
            if end == "completed":
                assert store.complete(claim, FACTS)
            elif end != "processing":
                assert store.fail(claim, FAILURE, dead=end == "dead")
            clock.now += number
        old = clock.now + 1
        clock.now += 100
        assert store.complete(claimed(store, KEY._replace(id="evt_young")), FACTS)
        assert store.purge(old, 1000) == 2
        found = {end: state_of(store, KEY._replace(id=f"evt_{end}")) for end in ("completed", "dead", "failed")}
        assert found == {"completed": None, "dead": None, "failed": State.FAILED}
        assert state_of(store, KEY._replace(id="evt_processing")) is State.PROCESSING
        assert state_of(store, KEY._replace(id="evt_young")) is State.COMPLETED

    def test_the_purge_takes_no_more_than_it_is_told(self, store: Any, clock: Clock) -> None:
        for number in range(5):
            assert store.complete(claimed(store, KEY._replace(id=f"evt_{number}")), FACTS)
        clock.now += 100
        assert [store.purge(clock.now, 2) for _ in range(4)] == [2, 2, 1, 0]

    def test_the_purge_keeps_what_once_has_promised(self, store: Any, clock: Clock) -> None:
        done, given_up = claimed(store), claimed(store, KEY._replace(id="evt_2"))
        store.once(done, "fulfil:1")
        store.once(given_up, "fulfil:2")
        assert store.complete(done, FACTS)
        assert store.fail(given_up, FAILURE, dead=True)
        clock.now += 100
        assert store.purge(clock.now, 10) == 2
        later = claimed(store, KEY._replace(id="evt_3"))
        assert store.once(later, "fulfil:1") is Once.DONE
        assert store.once(later, "fulfil:2") is Once.OWNED

    def test_seeded_events_are_completed_and_others_stay(self, store: Any) -> None:
        claimed(store)
        keys = [KEY, KEY._replace(id="evt_2"), KEY._replace(id="evt_3")]
        assert store.seed(keys, FACTS) == 2
        assert [state_of(store, key) for key in keys] == [State.PROCESSING, State.COMPLETED, State.COMPLETED]

    def test_what_is_unfinished_is_counted(self, store: Any, clock: Clock) -> None:
        nothing = store.unfinished_events("shop")
        assert (set(nothing.counts.values()), nothing.oldest, nothing.attempts) == ({0}, 0, 0)
        assert store.fail(claimed(store, KEY._replace(id="evt_dead")), FAILURE, dead=True)
        clock.now += 100
        for _ in range(3):
            assert store.fail(claimed(store), FAILURE, dead=False)
        clock.now += 10
        claimed(store, KEY._replace(account="acct_1"))
        claimed(store, KEY._replace(consumer="mail"))
        done = claimed(store, KEY._replace(id="evt_done"))
        assert store.complete(done, FACTS)
        clock.now += 5
        found = store.unfinished_events("shop")
        assert found.counts == {State.PROCESSING: 1, State.FAILED: 1, State.DEAD: 1}
        assert (found.oldest, found.attempts) == (15, 3)

    def test_a_transaction_takes_all_or_nothing(self, store: Any) -> None:
        taken_back = store.transaction()
        claim = claimed(taken_back)
        assert taken_back.once(claim, "fulfil:1") is Once.OWNED
        assert taken_back.complete(claim, FACTS)
        taken_back.close(discard=False)
        assert store.find(KEY) is None
        kept = store.transaction()
        claim = claimed(kept)
        assert kept.intact
        assert kept.complete(claim, FACTS)
        kept.commit()
        kept.close(discard=False)
        assert state_of(store) is State.COMPLETED
        other = claimed(store, KEY._replace(id="evt_2"))
        assert store.once(other, "fulfil:1") is Once.OWNED

    def test_what_an_abandoned_handler_writes_is_not_kept(self, store: Any) -> None:
        unit = store.transaction()
        claim = claimed(unit)
        unit.abandon()
        with contextlib.suppress(StoreUnavailable):
            assert not unit.complete(claim, FACTS)
        with contextlib.suppress(StoreUnavailable):
            unit.claim(KEY, FACTS, lease=LEASE, worker="w")
        unit.close(discard=False)
        assert store.find(KEY) is None
        assert store.complete(claimed(store), FACTS)

    def test_a_transaction_sees_what_others_hold(self, store: Any) -> None:
        claimed(store)
        unit = store.transaction()
        assert isinstance(unit.claim(KEY, FACTS, lease=LEASE, worker="v"), Record)
        unit.close(discard=False)
        unit.close(discard=False)
        assert state_of(store) is State.PROCESSING

    def test_of_many_threads_one_wins(self, store: Any) -> None:
        for number in range(25):
            key = KEY._replace(id=f"evt_{number}")
            barrier = threading.Barrier(4)
            found: list[object] = []

            def take(key: EventKey = key, barrier: threading.Barrier = barrier, found: list[object] = found) -> None:
                barrier.wait()
                found.append(store.claim(key, FACTS, lease=LEASE, worker="w"))

            threads = [threading.Thread(target=take) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sum(isinstance(each, Claim) for each in found) == 1
            assert len(found) == 4
