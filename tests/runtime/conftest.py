"""What tests of the runtime share."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from conformance import Clock
from fake_stripe import FakeStripe
from refusing import SECRETS

from stripe_lint.runtime import IdempotencyKeys, PermanentError, WebhookInbox
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, deliver_async

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import CollectorRegistry

REALISTIC = Path(__file__).parent.parent.parent / "benchmarks" / "checkout_session_completed.json"


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still unless the test moves it."""
    return Clock()


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Any]:
    """Each store, empty."""
    made = SQLiteStore(tmp_path / "inbox.db", clock=clock) if request.param == "sqlite" else MemoryStore(clock=clock)
    yield made
    made.close()


@pytest.fixture(params=["lease", "transactional"])
def mode(request: pytest.FixtureRequest) -> Any:
    """Each mode of an inbox."""
    return request.param


@pytest.fixture
def inbox(store: Any, mode: Any) -> WebhookInbox:
    """An inbox on each store, in each mode."""
    return WebhookInbox(SECRET, store, mode=mode)


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Callable[..., list[str]]:
    """Delivers an event some times, from a thread or an event loop, and gives the outcomes."""

    def from_thread(inbox: WebhookInbox, *given: Any, **options: Any) -> list[str]:
        return [reply.outcome for reply in deliver(inbox, *given, **options)]

    def from_loop(inbox: WebhookInbox, *given: Any, **options: Any) -> list[str]:
        return [reply.outcome for reply in asyncio.run(deliver_async(inbox, *given, **options))]

    return from_thread if request.param == "sync" else from_loop


@pytest.fixture
def fake(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStripe]:
    """A Stripe over HTTP, which the SDK talks to."""
    server = FakeStripe(clock)
    server.start()
    monkeypatch.setattr(stripe, "api_base", server.address)
    monkeypatch.setattr(stripe, "api_key", "sk_test_1")
    monkeypatch.setattr(stripe, "max_network_retries", 0)
    yield server
    server.stop()


@pytest.fixture
def keys(store: Any) -> IdempotencyKeys:
    """Keys in each store."""
    return IdempotencyKeys(store, "shop-test")


@pytest.fixture
def registry() -> CollectorRegistry:
    """Where metrics are counted."""
    from prometheus_client import CollectorRegistry

    return CollectorRegistry()


@pytest.fixture
def measured(registry: CollectorRegistry) -> WebhookInbox:
    """An inbox that counts in ``registry``, with a handler that fails on demand."""
    from stripe_lint.runtime.prometheus import PrometheusMetrics

    made = WebhookInbox(SECRETS, MemoryStore(), metrics=PrometheusMetrics(registry))

    @made.on("invoice.paid", "invoice.voided")
    def paid(event: Any) -> None:
        if event.type == "invoice.voided":
            raise PermanentError
        if event.object.get("fails"):
            raise ValueError

    return made


@pytest.fixture
def realistic() -> dict[str, Any]:
    """An event as Stripe sends it: a checkout session with its lists and addresses."""
    return json.loads(REALISTIC.read_text(encoding="utf-8"))


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether tests that inject faults run at their full size (``pytest --full``)."""
    return bool(request.config.getoption("--full"))
