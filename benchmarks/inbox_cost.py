"""What a delivery costs, as a share of what the SDK's ``construct_event`` alone costs in the same run.

    python benchmarks/inbox_cost.py

CPU time of this process, the best of several rounds, on a realistic event of 11 kB, with the audit log written to a
file and Prometheus' metrics on, through the WSGI adapter. The exit code is 1 where a limit is passed. The figure for
full durability is wall time, and stands beside how often this disk can sync.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import stripe
from prometheus_client import CollectorRegistry

from stripe_lint.runtime import Verifier, WebhookInbox
from stripe_lint.runtime.adapters import wsgi
from stripe_lint.runtime.prometheus import PrometheusMetrics
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, signed_request

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = Path(__file__).parent / "checkout_session_completed.json"
ROUNDS = 9
LEAST_SPEED_UP = 12.0
LARGEST_SHARE = 0.4


def main() -> int:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder))


def measure(folder: Path) -> int:
    """Measures with files in a folder."""
    audit = logging.getLogger("stripe_lint.runtime.audit")
    audit.setLevel(logging.INFO)
    audit.propagate = False
    audit.addHandler(logging.FileHandler(folder / "audit.log"))
    genuine = signed_request(EVENT.read_bytes())
    verifier = Verifier(SECRET)
    application, _ = served(folder, "normal")
    fresh = iter(list(numbered(200 * ROUNDS)))
    calls: dict[str, Callable[[], object]] = {
        "construct_event": lambda: stripe.Webhook.construct_event(genuine.body, genuine.signature, SECRET),
        "verify and parse": lambda: verifier.verify(genuine.body, genuine.signature),
        "an event, lease mode": lambda: post(application, next(fresh)),
        "a duplicate": lambda: post(application, genuine),
    }
    post(application, genuine)
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):  # all in turn, so that a busy machine is busy for all
        for name, call in calls.items():
            best[name] = min(best[name], cpu_seconds(call, 200))
    reference = best["construct_event"]
    for name, seconds in best.items():
        print(f"{name:22} {seconds * 1e6:8.0f} µs of CPU  {seconds / reference:6.3f} of construct_event")
    speed_up = reference / best["verify and parse"]
    print(f"{'verify and parse is':22} {speed_up:8.1f} times as fast (at least {LEAST_SPEED_UP})")
    durable, _ = served(folder, "full")
    requests = list(numbered(100))
    began = time.monotonic()
    for request in requests:
        post(durable, request)
    print(f"{'full durability':22} {100 / (time.monotonic() - began):8.0f} events/s, where the disk does")
    print(f"{'':22} {syncs_per_second(folder):8.0f} fsync/s")
    return not (speed_up >= LEAST_SPEED_UP and best["an event, lease mode"] / reference <= LARGEST_SHARE)


def served(folder: Path, durability: Literal["full", "normal"]) -> tuple[Any, WebhookInbox]:
    """An application, and its inbox."""
    store = SQLiteStore(folder / f"{durability}.db", durability=durability)
    inbox = WebhookInbox(SECRET, store, metrics=PrometheusMetrics(CollectorRegistry()))
    inbox.on("checkout.session.completed")(lambda event: None)  # noqa: ARG005
    return wsgi.application(inbox), inbox


def numbered(count: int) -> Any:
    """Signed deliveries of different events."""
    event = json.loads(EVENT.read_bytes())
    for number in range(count):
        yield signed_request({**event, "id": f"evt_{time.time_ns()}_{number}"})


def post(application: Any, request: Any) -> None:
    """One request through WSGI."""
    environ = {
        "REQUEST_METHOD": "POST",
        "wsgi.url_scheme": "https",
        "REMOTE_ADDR": "192.0.2.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_STRIPE_SIGNATURE": request.signature,
        "wsgi.input": io.BytesIO(request.body),
    }
    seen: list[str] = []
    application(environ, lambda status, _: seen.append(status))
    assert seen == ["200 OK"], seen  # noqa: S101


def cpu_seconds(call: Callable[[], object], times: int) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - began) / times


def syncs_per_second(folder: Path) -> float:
    """How often the disk can be told to keep what it has."""
    with (folder / "sync").open("wb") as file:
        began = time.monotonic()
        for _ in range(100):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
    return 100 / (time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
