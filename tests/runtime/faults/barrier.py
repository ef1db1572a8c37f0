"""All processes claim the same event at the same moment, for many events.

python barrier.py FOLDER MODE DURABILITY EVENTS WORKERS
"""

from __future__ import annotations

import mmap
import os
import sys
import time
from collections import Counter
from pathlib import Path

from harness import Ledger, effects, forked, invoices, report, shop, signal_of, with_effects

from stripe_lint.runtime.testing import deliver


def main() -> None:
    folder, mode, durability = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    number, workers = map(int, sys.argv[4:6])
    ledger = Ledger(folder / "effects.log")
    inbox = shop(folder, mode, ledger, durability=durability)
    with_effects(folder)
    events = invoices(number)
    here = mmap.mmap(-1, 8 * workers)
    read, write = os.pipe()

    def work(own: int) -> None:
        counted: Counter[str] = Counter()
        for turn, each in enumerate(events, start=1):
            here[8 * own : 8 * own + 8] = turn.to_bytes(8, "little")
            while any(int.from_bytes(here[8 * one : 8 * one + 8], "little") < turn for one in range(workers)):
                time.sleep(0)
            counted[deliver(inbox, each)[0].outcome] += 1
        os.write(write, (" ".join(f"{name}={count}" for name, count in counted.items()) + "\n").encode())

    began = time.monotonic()
    for child in [forked(lambda own=own: work(own)) for own in range(workers)]:
        signal_of(child)
    os.close(write)
    total: Counter[str] = Counter()
    with os.fdopen(read) as lines:
        for line in lines:
            for word in line.split():
                name, _, count = word.partition("=")
                total[name] += int(count)
    found = effects(folder, mode, ledger)
    report(
        events=number,
        outcomes=total,
        lost=number - len(found),
        doubled=sum(len(tokens) > 1 for tokens in found.values()),
        seconds=round(time.monotonic() - began, 2),
    )


if __name__ == "__main__":
    main()
