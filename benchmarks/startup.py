"""How long the command takes to start, against the least that any tool on ``ast`` and ``json`` needs.

    python benchmarks/startup.py [--runs N] [--limit RATIO]

Each command runs N times, in turns so that a busy machine hits all alike, and its fastest run counts: noise only ever
adds. Exits with 1 if a ratio is above the limit.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLAIN = "total = sum(range(10))\n"
STRIPE = """import stripe


def read(payload, header, secret):
    return stripe.Webhook.construct_event(payload, header, secret)
"""


# Whoever installs a package has its bytecode; without it the compiler would be measured.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(command: list[str], folder: Path) -> float:
    """The wall time of one run of ``command``, which must succeed."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    """Prints the fastest run of each command and its ratio to the reference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--limit", type=float, default=3.0)
    options = parser.parse_args()
    script = str(Path(sys.executable).with_name("stripe-lint"))
    commands = {
        "python -c 'import ast, json'": [sys.executable, "-c", "import ast, json"],
        "stripe-lint --version": [script, "--version"],
        "stripe-lint check, a file without Stripe": [script, "check", "plain.py"],
        "stripe-lint check, a clean Stripe file": [script, "check", "with_stripe.py"],
    }
    fastest = dict.fromkeys(commands, float("inf"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plain.py").write_text(PLAIN, encoding="utf-8")
        (folder / "with_stripe.py").write_text(STRIPE, encoding="utf-8")
        for _ in range(options.runs):
            for title, command in commands.items():
                fastest[title] = min(fastest[title], seconds(command, folder))
    reference, *others = fastest
    print(f"{fastest[reference] * 1000:7.1f} ms         {reference}")
    for title in others:
        print(f"{fastest[title] * 1000:7.1f} ms  {fastest[title] / fastest[reference]:4.2f} x  {title}")
    return int(max(fastest[title] for title in others) > options.limit * fastest[reference])


if __name__ == "__main__":
    sys.exit(main())
