"""Workers are killed with -9 before and after each labelled call; then Stripe delivers again.

    python kills.py FOLDER MODE DURABILITY KILLS

Every event is first delivered to a worker that kills itself, and then by others until it is answered 2xx.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import (
    FaultyDriver,
    Ledger,
    deliver_until_received,
    effects,
    forked,
    invoices,
    kill_myself,
    report,
    shop,
    signal_of,
    with_effects,
)

from stripe_lint.runtime.testing import deliver

if TYPE_CHECKING:
    from stripe_lint.runtime import WebhookInbox

LEASE = 0.4

STEPS = {
    "lease": [
        ("find", "before"),
        ("find", "after"),
        ("claim", "before"),
        ("claim", "after"),
        ("effect", "after"),
        ("handler", "after"),
        ("complete", "before"),
        ("complete", "after"),
        ("fail", "before"),
        ("fail", "after"),
        ("extend", "before"),
        ("extend", "after"),
        ("purge", "before"),
        ("purge", "after"),
    ],
    "transactional": [
        ("find", "after"),
        ("begin", "before"),
        ("begin", "after"),
        ("claim", "after"),
        ("effect", "after"),
        ("handler", "after"),
        ("complete", "before"),
        ("complete", "after"),
        ("commit", "before"),
        ("commit", "after"),
        ("fail", "before"),
        ("fail", "after"),
    ],
}

BETWEEN_EFFECT_AND_RECORD = {
    ("effect", "after"),
    ("handler", "after"),
    ("complete", "before"),
    ("fail", "before"),
    ("fail", "after"),  # the handler raised after its effect: its retry is what the handler asked for
    ("extend", "before"),
    ("extend", "after"),
}
"""Where a kill may double an effect in lease mode, and nowhere else."""


def main() -> None:
    folder, mode, durability, kills = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    ledger = Ledger(folder / "effects.log")
    inbox = shop(folder, mode, ledger, durability=durability, lease=LEASE)
    with_effects(folder)
    began = time.monotonic()
    killed, lost, doubled, unexplained, backwards = 0, [], 0, [], 0
    for label, when in STEPS[mode]:
        events = invoices(kills, fails=label == "fail")
        for child in [forked(lambda each=each: meet_your_end(inbox, each, label, when)) for each in events]:
            assert signal_of(child) == signal.SIGKILL, f"{label} {when} was not reached"
            killed += 1
        assert signal_of(forked(lambda: deliver_until_received(inbox, events))) == 0
        found = effects(folder, mode, ledger)
        for each in events:
            tokens = found.get(each["id"], [])
            wanted = 1 if mode == "transactional" or (label, when) not in BETWEEN_EFFECT_AND_RECORD else 2
            if not tokens:
                lost.append(f"{label} {when}")
            elif len(tokens) > wanted:
                unexplained.append(f"{label} {when}")
            doubled += len(tokens) > 1
            backwards += tokens != sorted(set(tokens))
    again = {reply.outcome for each in events for reply in deliver(inbox, each)}
    report(
        kills=killed,
        steps=len(STEPS[mode]),
        lost=lost,
        doubled=doubled,
        unexplained=unexplained,
        backwards=backwards,
        again=sorted(again),
        seconds=round(time.monotonic() - began, 2),
    )


def meet_your_end(inbox: WebhookInbox, each: dict[str, Any], label: str, when: str) -> None:
    driver = FaultyDriver(label, when, kill_myself)
    inbox._driver = driver
    if label == "purge":
        deliver(inbox, each)
        inbox.purge()
    if label == "extend":
        inbox._processor.heartbeat._driver = driver
        slow = inbox._handlers.of("invoice.paid")
        assert slow
        quick = slow.function

        def waiting(event: Any, delivery: Any) -> None:
            quick(event, delivery)
            time.sleep(20 * LEASE)

        object.__setattr__(slow, "function", waiting)
    deliver(inbox, each)


if __name__ == "__main__":
    main()
