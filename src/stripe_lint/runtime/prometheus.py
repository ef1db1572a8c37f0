"""Metrics for Prometheus, on ``prometheus_client`` (extra ``prometheus``).

Its multiprocess mode works as usual, and reads gauges of the store where it is told to:

    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    registry.register(metrics.sampler)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from stripe_lint.runtime.metrics import COUNTER, GAUGE, METRICS, SAMPLED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stripe_lint.runtime.metrics import Sample

PREFIX = "stripe_inbox_"

_BUCKETS = {
    "event_age_seconds": (1, 2, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400, 259200),
    "signature_age_seconds": (0.5, 1, 2, 5, 10, 30, 60, 120, 200, 300),
    "store_seconds": (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5),
}


class Sampler(Collector):
    """Asks the stores for their gauges whenever Prometheus asks for the numbers."""

    def __init__(self) -> None:
        self.reads: list[Callable[[], Iterable[Sample]]] = []

    def describe(self) -> list[GaugeMetricFamily]:
        """The gauges without values, so that a registry can tell their names without a look at the stores."""
        return list(_families().values())

    def collect(self) -> list[GaugeMetricFamily]:
        """The gauges. Where two stores have values with the same labels, the larger one is shown."""
        found: dict[tuple[str, tuple[str, ...]], float] = {}
        for read in self.reads:
            for name, value, labels in read():
                found[name, labels] = max(value, found.get((name, labels), value))
        families = _families()
        for (name, labels), value in found.items():
            families[name].add_metric(labels, value)
        return list(families.values())


def _families() -> dict[str, GaugeMetricFamily]:
    return {
        name: GaugeMetricFamily(PREFIX + name, metric.help, labels=metric.labels)
        for name, metric in METRICS.items()
        if metric.kind == SAMPLED
    }


class PrometheusMetrics:
    """Registers all metrics of the runtime, each as ``stripe_inbox_…``.

    Attributes:
        sampler: The collector of gauges that are read from stores.

    Args:
        registry: Where to register them; two of these need two registries.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.sampler = Sampler()
        registry.register(self.sampler)
        self._metrics: dict[str, Any] = {}
        for name, metric in METRICS.items():
            if metric.kind == SAMPLED:
                continue
            options: dict[str, Any] = {"registry": registry}
            if metric.kind == COUNTER:
                made: Any = Counter(PREFIX + name, metric.help, metric.labels, **options)
            elif metric.kind == GAUGE:
                made = Gauge(PREFIX + name, metric.help, metric.labels, multiprocess_mode="livesum", **options)
            else:
                buckets = _BUCKETS.get(name, Histogram.DEFAULT_BUCKETS)
                made = Histogram(PREFIX + name, metric.help, metric.labels, buckets=buckets, **options)
            self._metrics[name] = made
        self._children: dict[tuple[str, ...], Any] = {}

    def count(self, name: str, *labels: str) -> None:
        """Adds one to a counter."""
        self._child(name, *labels).inc()

    def add(self, name: str, amount: float, *labels: str) -> None:
        """Adds to a counter or a gauge."""
        self._child(name, *labels).inc(amount)

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Takes a value into a histogram."""
        self._child(name, *labels).observe(value)

    def sampled(self, read: Callable[[], Iterable[Sample]]) -> None:
        """Takes a function that asks a store for gauges."""
        self.sampler.reads.append(read)

    def _child(self, *name_and_labels: str) -> Any:
        child = self._children.get(name_and_labels)
        if child is None:
            name, *labels = name_and_labels
            metric = self._metrics[name]
            child = self._children[name_and_labels] = metric.labels(*labels) if labels else metric
        return child
