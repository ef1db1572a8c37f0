"""Alerts fire when they should, and not while all is well."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from conformance import FACTS
from refusing import SECRETS, refuse

from stripe_lint.runtime import IdempotencyKeys, OutcomeNotRecorded, WebhookInbox
from stripe_lint.runtime.event import EventKey
from stripe_lint.runtime.metrics import METRICS
from stripe_lint.runtime.prometheus import PREFIX, PrometheusMetrics
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.testing import deliver, event, signed_request

if TYPE_CHECKING:
    from conformance import Clock
    from prometheus_client import CollectorRegistry

RULES = {
    rule["alert"]: rule
    for group in yaml.safe_load((files("stripe_lint.runtime") / "alerts/prometheus.yml").read_text())["groups"]
    for rule in group["rules"]
}


class Series:
    """As much of PromQL as the rules have: increases over a window, gauges, sums, comparisons, ``and``.

    Each metric has one value before the window and one after it.
    """

    def __init__(self, before: dict[str, float], after: dict[str, float]) -> None:
        self._after = after
        self._grown = {name: after[name] - before.get(name, 0) for name in after}

    def holds(self, rule: str) -> bool:
        text = re.sub(r"sum(?: by \(\w+\))? \(?", "", RULES[rule]["expr"]).replace("\n", " ")
        text = re.sub(r"sum\(", "(", text)
        text = re.sub(
            r'increase\((\w+)(?:\{(\w+)="(\w+)"\})?\[\w+\]\)', lambda match: str(self._increase(*match.groups())), text
        )
        text = re.sub(r'(stripe_\w+)(?:\{(\w+)="(\w+)"\})?', lambda match: str(self._largest(*match.groups())), text)
        text = text.replace("(", " ").replace(")", " ")
        parts = [
            re.fullmatch(r"\s*([\d.e+-]+)\s*>\s*(?:([\d.]+)\s*\*\s*)?([\d.e+-]+)\s*", part)
            for part in text.split("and")
        ]
        assert all(parts), text
        return all(float(part[1]) > float(part[2] or 1) * float(part[3]) for part in parts if part)

    def _increase(self, name: str, label: str | None, value: str | None) -> float:
        wanted = f'{label}="{value}"' if label else ""
        return sum(grown for each, grown in self._grown.items() if each.split("{")[0] == name and wanted in each)

    def _largest(self, name: str, label: str | None, value: str | None) -> float:
        wanted = f'{label}="{value}"' if label else ""
        found = [value for each, value in self._after.items() if each.split("{")[0] == name and wanted in each]
        return max(found, default=0.0)


def samples(registry: CollectorRegistry) -> dict[str, float]:
    found = {}
    for metric in registry.collect():
        for sample in metric.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


class TestAlerts:
    def firing(self, registry: CollectorRegistry, before: dict[str, float]) -> set[str]:
        series = Series(before, samples(registry))
        return {name for name in RULES if series.holds(name)}

    def test_they_are_about_metrics_that_exist(self, registry: CollectorRegistry) -> None:
        PrometheusMetrics(registry)
        known = {PREFIX + name for name in METRICS} | {f"{PREFIX}{name}_count" for name in METRICS}
        for rule in RULES.values():
            assert set(re.findall(r"stripe_inbox_\w+", rule["expr"])) <= known
            assert rule["labels"]["severity"] in {"warning", "critical"}
            assert {"summary", "description"} <= set(rule["annotations"])

    def test_none_fires_while_all_is_well(self, measured: WebhookInbox, registry: CollectorRegistry) -> None:
        before = samples(registry)
        for _ in range(60):
            deliver(measured, event("invoice.paid"), times=2)
        for _ in range(5):
            refuse(measured)
        deliver(measured, event("invoice.paid", {"fails": True}))
        assert self.firing(registry, before) == set()

    def test_forgeries(self, measured: WebhookInbox, registry: CollectorRegistry) -> None:
        before = samples(registry)
        for _ in range(20):
            deliver(measured, event("invoice.paid"))
            refuse(measured)
        assert self.firing(registry, before) == {"StripeVerificationFailures"}

    def test_handler_errors(self, measured: WebhookInbox, registry: CollectorRegistry) -> None:
        before = samples(registry)
        for number in range(50):
            deliver(measured, event("invoice.paid", {"fails": number % 10 == 0}))
        assert self.firing(registry, before) == {"StripeHandlerErrors"}

    def test_dead_events_and_unusable_ones(self, measured: WebhookInbox, registry: CollectorRegistry) -> None:
        before = samples(registry)
        deliver(measured, event("invoice.voided"))
        deliver(measured, signed_request(b"[]"))
        assert self.firing(registry, before) == {"StripeDeadEvents", "StripeVerifiedButUnusable"}

    def test_store_errors(self, registry: CollectorRegistry) -> None:
        store = MemoryStore(busy_timeout=0.01)
        inbox = WebhookInbox(SECRETS, store, metrics=PrometheusMetrics(registry))
        inbox.on("invoice.paid")(lambda event: None)
        before = samples(registry)
        blocking = store.transaction()
        assert deliver(inbox, event("invoice.paid"))[0].status == 503
        blocking.close(discard=False)
        assert self.firing(registry, before) == {"StripeStoreErrors"}

    def test_events_that_are_not_finished(self, store: Any, clock: Clock, registry: CollectorRegistry) -> None:
        inbox = WebhookInbox(SECRETS, store, metrics=PrometheusMetrics(registry))
        inbox.on("invoice.paid")(lambda event: None)
        before = samples(registry)
        stuck = [event("invoice.paid") for _ in range(4)]
        for each in stuck:
            store.claim(EventKey("default", "", False, each["id"]), FACTS, lease=60, worker="w")
        clock.now += 890
        assert self.firing(registry, before) == set()
        clock.now += 20
        assert self.firing(registry, before) == {"StripeUnfinishedEvents"}
        for each in stuck:
            assert deliver(inbox, each)[0].outcome == "succeeded"
        assert self.firing(registry, before) == {"StripeTakeovers"}

    def test_operations_of_which_nobody_knows(self, store: Any, clock: Clock, registry: CollectorRegistry) -> None:
        keys = IdempotencyKeys(store, "shop-test", metrics=PrometheusMetrics(registry))
        for api in ("v1", "v2"):
            with pytest.raises(OutcomeNotRecorded), keys.operation("a", 1, {}, api=api):  # type: ignore[arg-type]
                pass
        before = samples(registry)
        clock.now += 20 * 3600 - 1
        assert self.firing(registry, before) == set()
        clock.now += 2
        assert self.firing(registry, before) == {"StripeUnknownOperations"}
        assert keys.reconcile(lambda record: "pi_1") == 2
        assert self.firing(registry, before) == set()
