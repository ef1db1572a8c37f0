"""What is measured: deliveries as they come, and the state of the stores when the numbers are read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from conformance import FACTS
from prometheus_client import CollectorRegistry, generate_latest
from refusing import SECRETS, refuse

from stripe_lint.runtime import IdempotencyKeys, OutcomeNotRecorded, PermanentError, WebhookInbox
from stripe_lint.runtime.event import EventKey
from stripe_lint.runtime.metrics import METRICS
from stripe_lint.runtime.prometheus import PREFIX, PrometheusMetrics
from stripe_lint.runtime.stores import Claim
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.testing import deliver, event

if TYPE_CHECKING:
    from pathlib import Path

    from conformance import Clock


class TestMetrics:
    def test_of_deliveries(self, measured: WebhookInbox, registry: CollectorRegistry) -> None:
        paid = event("invoice.paid")
        deliver(measured, paid, times=3)
        deliver(measured, {**paid, "created": 5})
        deliver(measured, event("invoice.voided"))
        deliver(measured, event("invoice.paid", {"fails": True}))
        refuse(measured)

        def value(name: str, **labels: str) -> float | None:
            return registry.get_sample_value(PREFIX + name, labels)

        assert value("deliveries_total", endpoint="default", outcome="succeeded") == 1
        assert value("deliveries_total", endpoint="default", outcome="duplicate") == 3
        assert value("deliveries_total", endpoint="default", outcome="dead") == 1
        assert value("deliveries_total", endpoint="default", outcome="unverified") == 1
        assert value("verify_failures_total", endpoint="default", reason="malformed_header") == 1
        assert value("secret_slot_total", endpoint="default", slot="1") == 6
        assert value("handler_seconds_count", type="invoice.paid") == 2
        assert value("handler_errors_total", type="invoice.paid") == 1
        assert value("dead_total") == 1
        assert value("payload_drift_total") == 1
        assert value("inflight") == 0
        assert value("store_seconds_count", op="find") == 6
        assert value("store_seconds_count", op="complete") == 1
        assert value("signature_age_seconds_count") == 6

    def test_every_metric_is_used_and_every_use_is_known(self) -> None:
        source = "".join(
            path.read_text() for path in (files("stripe_lint") / "runtime").iterdir() if path.name.endswith(".py")
        )
        used = set(re.findall(r'(?:_?metrics\.(?:count|add|observe)|Sample)\(\s*"(\w+)"', source))
        assert used == set(METRICS)


class TestGaugesOfTheStore:
    """They are read when the numbers are, and nothing is read for a delivery."""

    def value(self, registry: CollectorRegistry, name: str, **labels: str) -> float | None:
        return registry.get_sample_value(PREFIX + name, labels)

    def test_of_events(self, store: Any, clock: Clock, registry: CollectorRegistry) -> None:
        inbox = WebhookInbox(SECRETS, store, consumer="shop", metrics=PrometheusMetrics(registry))
        WebhookInbox(SECRETS, store, consumer="mail", metrics=PrometheusMetrics(CollectorRegistry()))

        @inbox.on("invoice.paid", "invoice.voided")
        def paid(event: Any) -> None:
            if event.type == "invoice.voided":
                raise PermanentError
            if event.object.get("fails"):
                raise ValueError

        states = ("processing", "failed", "dead")

        def counts() -> list[float | None]:
            return [self.value(registry, "events", consumer="shop", state=each) for each in states]

        assert counts() == [0, 0, 0]
        assert self.value(registry, "oldest_unfinished_seconds", consumer="shop") == 0
        failing = event("invoice.paid", {"fails": True})
        deliver(inbox, event("invoice.voided"))
        clock.now += 100
        deliver(inbox, failing, times=4)
        deliver(inbox, event("invoice.paid"), times=2)
        assert isinstance(store.claim(EventKey("shop", "", False, "evt_9"), FACTS, lease=60, worker="w"), Claim)
        assert isinstance(store.claim(EventKey("mail", "", False, "evt_9"), FACTS, lease=60, worker="w"), Claim)
        clock.now += 1000
        assert counts() == [1, 1, 1]
        assert self.value(registry, "oldest_unfinished_seconds", consumer="shop") == 1000
        assert self.value(registry, "attempts", consumer="shop") == 4
        failing["data"]["object"]["fails"] = False
        deliver(inbox, failing)
        assert counts() == [1, 0, 1]
        assert self.value(registry, "attempts", consumer="shop") == 1

    def test_of_operations(self, store: Any, clock: Clock, registry: CollectorRegistry) -> None:
        keys = IdempotencyKeys(store, "shop-test", metrics=PrometheusMetrics(registry))
        states = ("pending", "unknown", "executed", "conflict")

        def counts() -> list[float | None]:
            return [self.value(registry, "ops", namespace="shop-test", state=each) for each in states]

        def oldest(api: str) -> float | None:
            return self.value(registry, "ops_unknown_oldest_seconds", namespace="shop-test", api=api)

        assert counts() == [0, 0, 0, 0]
        with pytest.raises(OutcomeNotRecorded), keys.operation("a", 1, {}):
            pass
        with keys.operation("a", 2, {}) as op:
            op.succeeded({"id": "pi_1"})
        clock.now += 100
        keys.operation("a", 3, {}, api="v2").__enter__()
        assert counts() == [1, 1, 0, 0]
        assert (oldest("v1"), oldest("v2")) == (100, None)
        clock.now += 100  # the sender of the third one died
        assert counts() == [0, 2, 0, 0]
        assert (oldest("v1"), oldest("v2")) == (200, 100)

    def test_a_store_that_fails_takes_only_its_own_away(self, registry: CollectorRegistry) -> None:
        store = MemoryStore(busy_timeout=0.01)
        inbox = WebhookInbox(SECRETS, store, metrics=PrometheusMetrics(registry))
        blocking = store.transaction()
        assert PREFIX + "inflight" in generate_latest(registry).decode()
        assert self.value(registry, "attempts", consumer="default") is None
        blocking.close(discard=False)
        assert self.value(registry, "attempts", consumer="default") == 0
        assert self.value(registry, "store_errors_total", op="unfinished_events") == 2
        assert deliver(inbox, event("invoice.paid"))[0].status == 200

    def test_of_two_stores_with_one_name_the_worse_is_shown(self, registry: CollectorRegistry) -> None:
        metrics = PrometheusMetrics(registry)
        for number in (1, 3, 2):
            store = MemoryStore()
            WebhookInbox(SECRETS, store, metrics=metrics)
            for each in range(number):
                store.claim(EventKey("default", "", False, f"evt_{each}"), FACTS, lease=60, worker="w")
        assert self.value(registry, "events", consumer="default", state="processing") == 3

    def test_a_delivery_does_not_read_them(self, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(MemoryStore, "unfinished_events", lambda *_: pytest.fail("a delivery paid for a gauge"))
        inbox = WebhookInbox(SECRETS, MemoryStore(), metrics=PrometheusMetrics(registry))
        inbox.on("invoice.paid")(lambda event: None)
        assert deliver(inbox, event("invoice.paid"))[0].outcome == "succeeded"

    def test_where_several_processes_count(self, tmp_path: Path) -> None:
        """With the multiprocess mode of ``prometheus_client``, as its documentation says to set it up."""
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        command = [sys.executable, "-W", "ignore", "-c", MULTIPROCESS]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.stdout == "3.0 1\n", done.stderr


MULTIPROCESS = """
import os
from prometheus_client import CollectorRegistry, multiprocess
from stripe_lint.runtime import WebhookInbox
from stripe_lint.runtime.event import EventKey
from stripe_lint.runtime.prometheus import PrometheusMetrics
from stripe_lint.runtime.stores import EventFacts
from stripe_lint.runtime.testing import SECRET, MemoryStore, deliver, event
metrics, store = PrometheusMetrics(), MemoryStore()
inbox = WebhookInbox(SECRET, store, metrics=metrics)
facts = EventFacts("invoice.paid", 1, None, b"", None)
store.claim(EventKey("default", "", False, "evt_1"), facts, lease=60, worker="w")
for _ in range(2):
    if not os.fork():
        deliver(inbox, event("invoice.paid"))
        os._exit(0)
    os.wait()
deliver(inbox, event("invoice.paid"))
registry = CollectorRegistry()
multiprocess.MultiProcessCollector(registry)
registry.register(metrics.sampler)
print(registry.get_sample_value("stripe_inbox_deliveries_total", {"endpoint": "default", "outcome": "unhandled"}),
      registry.get_sample_value("stripe_inbox_events", {"consumer": "default", "state": "processing"}))
"""
