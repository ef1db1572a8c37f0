"""Workers are stopped for longer than their lease, others take over, and then the first ones go on.

    python zombies.py FOLDER MODE DURABILITY ZOMBIES

In lease mode a third of them wakes up to complete the event, a third to record a failure, and a third to extend the
lease first. In transactional mode a stopped worker holds the lock, and others are told to come back.
"""

from __future__ import annotations

import os
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
    report,
    shop,
    signal_of,
    stop_myself,
    with_effects,
)

from stripe_lint.runtime.testing import deliver

if TYPE_CHECKING:
    from stripe_lint.runtime import WebhookInbox

LEASE = 0.5
AT_ONCE = 20


def main() -> None:
    folder, mode, durability, number = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    ledger, woken = Ledger(folder / "effects.log"), Ledger(folder / "woken.log")
    inbox = shop(folder, mode, ledger, durability=durability, lease=LEASE)
    with_effects(folder)
    began = time.monotonic()
    events: list[dict[str, Any]] = []
    at_once = AT_ONCE if mode == "lease" else 1
    for start in range(0, number, at_once):
        batch = invoices(min(at_once, number - start))
        events += batch
        write = ("complete", "fail", "extend")[(start // at_once) % 3] if mode == "lease" else "commit"
        zombies = [forked(lambda each=each, write=write: become(inbox, each, write, woken)) for each in batch]
        for zombie in zombies:
            _, status = os.waitpid(zombie, os.WUNTRACED)
            assert os.WIFSTOPPED(status), status
        if mode == "lease":
            time.sleep(LEASE * 1.1)
            assert signal_of(forked(lambda batch=batch: deliver_until_received(inbox, batch))) == 0
        else:
            other = forked(lambda batch=batch: deliver_until_received(inbox, batch))
            time.sleep(0.05)
        for zombie in zombies:
            os.kill(zombie, signal.SIGCONT)
        for zombie in zombies:
            assert signal_of(zombie) == 0
        if mode != "lease":
            assert signal_of(other) == 0
    found = effects(folder, mode, ledger)
    replies = [line[0] for line in woken.lines()]
    report(
        zombies=len(replies),
        accepted=sum(reply == "succeeded" for reply in replies) if mode == "lease" else 0,
        replies={reply: replies.count(reply) for reply in set(replies)},
        lost=sum(each["id"] not in found for each in events),
        doubled=sum(len(tokens) > 1 for tokens in found.values()),
        tripled=sum(len(tokens) > 2 for tokens in found.values()),
        again=sorted({reply.outcome for each in events for reply in deliver(inbox, each)}),
        seconds=round(time.monotonic() - began, 2),
    )


def become(inbox: WebhookInbox, each: dict[str, Any], write: str, woken: Ledger) -> None:
    """Stops in the handler after its effect, and then does the write that it was about to do."""
    if write == "fail":
        each["data"]["object"]["fails"] = True
    inbox._driver = FaultyDriver("effect", "after", lambda: stopped(inbox, write))
    reply = deliver(inbox, each)[0]
    woken.add(reply.outcome)


def stopped(inbox: WebhookInbox, write: str) -> None:
    stop_myself()
    if write == "extend":  # whatever the heartbeat's thread does now, once more by hand
        heartbeat = inbox._processor.heartbeat
        for beat in list(heartbeat._pulses[os.getpid()].beats.values()):
            heartbeat._extend(beat, beat.claim)
            assert beat.lost


if __name__ == "__main__":
    main()
