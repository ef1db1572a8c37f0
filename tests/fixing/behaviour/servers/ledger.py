"""What the servers of these tests do for an event: a line in a file."""

import os
from pathlib import Path


def fulfil(session):
    with Path(os.environ["LEDGER"]).open("a", encoding="utf-8") as ledger:
        ledger.write(f"{session}\n")
