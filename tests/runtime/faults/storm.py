"""A storm of duplicates shared by processes, or a race of all processes for each key.

python storm.py FOLDER MODE DURABILITY EVENTS DELIVERIES WORKERS
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path

from harness import Ledger, deliver_until_received, effects, forked, invoices, report, shop, signal_of, with_effects

from stripe_lint.runtime.testing import deliver


def main() -> None:
    folder, mode, durability = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    number, deliveries, workers = map(int, sys.argv[4:7])
    ledger = Ledger(folder / "effects.log")
    inbox = shop(folder, mode, ledger, durability=durability)
    with_effects(folder)
    events = invoices(number)
    began = time.monotonic()
    answers: dict[str, int] = {}
    read, write = os.pipe()

    def work(share: list[dict[str, object]]) -> None:
        os.write(write, (json.dumps(deliver_until_received(inbox, share, 300)) + "\n").encode())

    everything = events * deliveries
    random.shuffle(everything)
    children = [forked(lambda share=everything[each::workers]: work(share)) for each in range(workers)]
    for child in children:
        signal_of(child)
    os.close(write)
    with os.fdopen(read) as lines:
        for line in lines:
            for status, count in json.loads(line).items():
                answers[status] = answers.get(status, 0) + count
    seconds = time.monotonic() - began
    found = effects(folder, mode, ledger)
    again = {reply.outcome for each in events[:200] for reply in deliver(inbox, each)}
    report(
        events=number,
        lost=sum(each["id"] not in found for each in events),
        doubled=sum(len(tokens) > 1 for tokens in found.values()),
        answers=answers,
        again=sorted(again),
        seconds=round(seconds, 2),
    )


if __name__ == "__main__":
    main()
