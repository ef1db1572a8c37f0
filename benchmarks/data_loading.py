"""How long the generated data takes to load, and how long one question takes after that.

    python benchmarks/data_loading.py

Every run is a process of its own, so that nothing is loaded already; the reference is a process that only parses the
same JSON.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

RUNS = 15
MEASURED = {
    "reference: json.loads": (
        "import json, pathlib; from stripe_lint.data import surface; path = surface.SURFACE",
        "json.loads(path.read_bytes())",
    ),
    "first resource method": (
        "from stripe_lint.data import surface",
        "surface.resource_method('stripe.Charge.create')",
    ),
    "first service path": (
        "from stripe_lint.data import surface",
        "surface.is_service_path('checkout')",
    ),
    "first event type": (
        "from stripe_lint.data import event_types",
        "event_types.is_known('charge.refunded')",
    ),
    "next resource method": (
        "from stripe_lint.data import surface; surface.resource_method('stripe.Charge.create')",
        "surface.resource_method('stripe.Refund.create')",
    ),
}


def measure(prepare: str, run: str) -> float:
    """Milliseconds that one statement takes in a fresh process."""
    program = f"{prepare}\nimport time\nstart = time.perf_counter()\n{run}\nprint((time.perf_counter() - start) * 1000)"
    return float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print the median of each."""
    for name, (prepare, run) in MEASURED.items():
        times = [measure(prepare, run) for _ in range(RUNS)]
        print(f"{name:28}{statistics.median(times):8.2f} ms (fastest {min(times):.2f})")


if __name__ == "__main__":
    main()
