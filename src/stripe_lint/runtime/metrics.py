"""What can be measured, and the hook through which it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Metric(NamedTuple):
    """A name as in Prometheus, without the prefix ``stripe_inbox_``."""

    kind: str
    help: str
    labels: tuple[str, ...] = ()


class Sample(NamedTuple):
    """What a gauge stands at: its name, and its labels in the order of :data:`METRICS`."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


COUNTER, GAUGE, HISTOGRAM, SAMPLED = "counter", "gauge", "histogram", "sampled"
"""``SAMPLED`` is a gauge that is read from a store when the numbers are."""

METRICS = {
    "deliveries_total": Metric(COUNTER, "Requests by how they were answered.", ("endpoint", "outcome")),
    "verify_failures_total": Metric(COUNTER, "Requests that were not believed.", ("endpoint", "reason")),
    "secret_slot_total": Metric(COUNTER, "Verified requests by the secret that matched.", ("endpoint", "slot")),
    "handler_seconds": Metric(HISTOGRAM, "How long handlers ran.", ("type",)),
    "event_age_seconds": Metric(HISTOGRAM, "Age of events when they arrived."),
    "signature_age_seconds": Metric(HISTOGRAM, "Age of signatures when they arrived: clocks and networks."),
    "handler_errors_total": Metric(COUNTER, "Handlers that raised.", ("type",)),
    "store_errors_total": Metric(COUNTER, "Calls of the store that failed.", ("op",)),
    "store_seconds": Metric(HISTOGRAM, "How long calls of the store took.", ("op",)),
    "inflight": Metric(GAUGE, "Events being processed."),
    "takeovers_total": Metric(COUNTER, "Events taken over after a lease ran out."),
    "lease_lost_total": Metric(COUNTER, "Results discarded because another worker had taken over."),
    "dead_total": Metric(COUNTER, "Events given up by PermanentError."),
    "payload_drift_total": Metric(COUNTER, "Deliveries whose content differs from the first of the same event."),
    "purged_total": Metric(COUNTER, "Events forgotten after the retention."),
    "operations_total": Metric(COUNTER, "Outgoing operations by decision.", ("decision",)),
    "events": Metric(SAMPLED, "Events that are not completed.", ("consumer", "state")),
    "oldest_unfinished_seconds": Metric(
        SAMPLED, "Since the oldest event that is neither completed nor dead first came.", ("consumer",)
    ),
    "attempts": Metric(SAMPLED, "Most attempts of an event that is neither completed nor dead.", ("consumer",)),
    "ops": Metric(SAMPLED, "Outgoing operations without a final outcome.", ("namespace", "state")),
    "ops_unknown_oldest_seconds": Metric(
        SAMPLED, "Since the oldest operation of which nobody knows the outcome was first sent.", ("namespace", "api")
    ),
}
"""All metrics by name. Labels take few values: types are those that have a handler."""


class Metrics(Protocol):
    """Implemented by whoever wants the numbers. Called from many threads; it must be quick and never raise."""

    def count(self, name: str, *labels: str) -> None:
        """Adds one to a counter; ``labels`` in the order of :data:`METRICS`."""

    def add(self, name: str, amount: float, *labels: str) -> None:
        """Adds to a counter, or to a gauge, where it may be negative."""

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Takes a value into a histogram."""

    def sampled(self, read: Callable[[], Iterable[Sample]]) -> None:
        """Takes a function that asks a store for gauges, to be called each time the numbers are looked at."""


class NoMetrics:
    """Measures nothing."""

    def count(self, name: str, *labels: str) -> None:
        """Does nothing."""

    def add(self, name: str, amount: float, *labels: str) -> None:
        """Does nothing."""

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Does nothing."""

    def sampled(self, read: Callable[[], Iterable[Sample]]) -> None:
        """Does nothing."""
