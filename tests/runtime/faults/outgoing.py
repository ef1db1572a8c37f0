"""Operations against a Stripe that fails in every way it can, sent by workers that are killed.

    python outgoing.py FOLDER OPERATIONS KILLS WORKERS

First every operation is tried up to five times; then webhooks tell what they know; then a day passes, after which
nothing may be sent; then what is unknown is looked up, and what was not executed or was refused is sent again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import mmap
import os
import random
import signal
import struct
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import stripe
from fake_stripe import FakeStripe
from harness import FaultyDriver, Ledger, forked, kill_myself, report, signal_of

from stripe_lint.runtime import (
    AlreadySucceeded,
    IdempotencyKeys,
    OperationError,
    OperationInProgress,
    ParamsMismatch,
    WebhookInbox,
)
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, event

TRIES = 5
DAY = 86400.0
FAULTS = ["", "", "", "401", "429", "lock", "in_use", "card", "500", "500-before", "reset-before", "reset-after"]
STEPS = [
    ("operation_begin", "before"),
    ("operation_begin", "after"),
    ("send", "before"),
    ("send", "after"),
    ("operation_settle", "before"),
    ("operation_settle", "after"),
]

logging.getLogger("stripe_lint.runtime").setLevel(logging.CRITICAL)
logging.getLogger("stripe").setLevel(logging.CRITICAL)
shifted = mmap.mmap(-1, 8)


def now() -> float:
    (shift,) = struct.unpack("d", shifted[:8])
    return time.time() + float(shift)


def let_pass(seconds: float) -> None:
    (shift,) = struct.unpack("d", shifted[:8])
    shifted[:8] = struct.pack("d", shift + seconds)


def params_of(number: int) -> dict[str, Any]:
    return {"amount": 100 + number, "currency": "eur", "metadata": {"operation": str(number)}}


class Worker:
    def __init__(self, store: SQLiteStore, progress: Ledger, seed: int, kills: dict[tuple[int, int], int]) -> None:
        self._keys = keys_in(store)
        self._progress = progress
        self._seed = seed
        self._kills = kills

    def run(self, share: list[int]) -> None:
        started = {tuple(map(int, line[1:3])): line[0] for line in self._progress.lines()}
        for number in share:
            for attempt in range(TRIES):
                if (number, attempt) in started:
                    continue
                self._progress.add("try", number, attempt)
                if not self._attempt(number, attempt):
                    break

    def _attempt(self, number: int, attempt: int) -> bool:
        """Whether another attempt makes sense."""
        chance = random.Random(f"{self._seed} {number} {attempt}")
        label, when = STEPS[self._kills[number, attempt]] if (number, attempt) in self._kills else ("", "")
        self._keys.driver = FaultyDriver(label, when, kill_myself)
        while True:
            try:
                send(self._keys, number, "" if label == "send" else chance.choice(FAULTS), label, when)
            except OperationInProgress:
                time.sleep(0.05)
            except stripe.StripeError:
                return True
            except OperationError:
                return False
            else:
                return False


def keys_in(store: SQLiteStore) -> IdempotencyKeys:
    return IdempotencyKeys(store, "shop-test", lease=0.3)


def send(keys: IdempotencyKeys, number: int, fault: str = "", label: str = "", when: str = "", **options: Any) -> None:
    params = params_of(number)
    with keys.operation("charge_order", number, params, result="payment_intent", **options) as op:
        if (label, when) == ("send", "before"):
            kill_myself()
        intent = stripe.PaymentIntent.create(**params, idempotency_key=op.key, headers={"X-Fault": fault})
        if (label, when) == ("send", "after"):
            kill_myself()
        op.succeeded(intent)


def main() -> None:
    folder, number, kills, workers = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    seed = time.time_ns() % 10**9
    chance = random.Random(seed)
    fake = FakeStripe(now)
    server = forked(fake.serve)
    stripe.api_base, stripe.api_key, stripe.max_network_retries = fake.address, "sk_test_1", 0
    store = SQLiteStore(folder / "keys.db", durability="normal", busy_timeout=20, clock=now)
    progress = Ledger(folder / "progress.log")
    killed = {
        (each, 0): turn % len(STEPS) for turn, each in enumerate(chance.sample(range(number), min(kills, number)))
    }
    began = time.monotonic()
    worker = Worker(store, progress, seed, killed)
    deaths = 0
    waiting = {forked(lambda share=range(own, number, workers): worker.run(list(share))): own for own in range(workers)}
    while waiting:
        child, status = os.wait()
        own = waiting.pop(child)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            deaths += 1
            share = range(own, number, workers)
            waiting[forked(lambda share=share: worker.run(list(share)))] = own
        else:
            assert os.WEXITSTATUS(status) == 0

    def ledger() -> dict[str, Any]:
        with urllib.request.urlopen(fake.address) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    seen: dict[str, Any] = {}

    def afterwards() -> None:
        keys = keys_in(store)
        time.sleep(0.35)
        made = {each["key"]: each for each in ledger()["objects"]}
        inbox = WebhookInbox(SECRET, MemoryStore(), keys=keys)
        for each in made.values():
            deliver(
                inbox,
                event(
                    "payment_intent.created",
                    {"id": each["id"], "object": "payment_intent"},
                    request={"id": "req_1", "idempotency_key": each["key"]},
                ),
            )
        open_ones = keys.unfinished()
        unhealed = [each for each in open_ones if each.key in made and each.object_id != made[each.key]["id"]]
        let_pass(DAY)
        requests = ledger()["requests"]
        refused: Counter[str] = Counter()
        for each in range(number):
            try:
                send(keys, each)
            except OperationError as error:
                refused[type(error).__name__] += 1
            try:
                with keys.operation("charge_order", each, {"amount": 1}):
                    pass
            except ParamsMismatch:
                refused["mismatch"] += 1
            except OperationError as error:
                refused[f"changed {type(error).__name__}"] += 1
        sent = ledger()["requests"] - requests
        while keys.reconcile(lambda record: made[record.key]["id"] if record.key in made else None, older_than=0):
            pass
        for each in range(number):
            with contextlib.suppress(AlreadySucceeded):
                send(keys, each, retry_failed=True)
        seen.update(
            unhealed=len(unhealed), healed=sum(each.key in made for each in open_ones), sent_after_window=sent,
            refused=refused, still_unknown=len(keys.unfinished()),
        )  # fmt: skip
        (folder / "seen.json").write_text(json.dumps(seen))

    assert signal_of(forked(afterwards)) == 0
    everything = ledger()
    os.kill(server, signal.SIGKILL)
    os.waitpid(server, 0)
    each_made = Counter(made["operation"] for made in everything["objects"])
    report(
        seed=seed,
        operations=number,
        requests=everything["requests"],
        kills=deaths,
        missing=number - len(each_made),
        doubled=sum(count > 1 for count in each_made.values()),
        too_late=len(everything["too_late"]),
        **json.loads((folder / "seen.json").read_text()),
        seconds=round(time.monotonic() - began, 2),
    )


if __name__ == "__main__":
    main()
