"""Gauges of what is not finished, read from the stores when somebody looks at the numbers. No delivery pays for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.runtime.audit import LOG
from stripe_lint.runtime.errors import StoreUnavailable
from stripe_lint.runtime.flow import Call
from stripe_lint.runtime.metrics import Sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_lint.runtime.flow import SyncDriver
    from stripe_lint.runtime.metrics import Metrics
    from stripe_lint.runtime.stores import EventBacklog, EventStore, OperationBacklog, OperationStore


def sample_events(metrics: Metrics, store: EventStore, consumer: str, driver: SyncDriver) -> None:
    """Lets the metrics read what a consumer has not finished."""

    def read() -> list[Sample]:
        found: EventBacklog = driver.perform(Call("unfinished_events", store.unfinished_events, (consumer,)))
        return [
            *[Sample("events", count, (consumer, state.value)) for state, count in found.counts.items()],
            Sample("oldest_unfinished_seconds", found.oldest, (consumer,)),
            Sample("attempts", found.attempts, (consumer,)),
        ]

    metrics.sampled(_available(metrics, "unfinished_events", read))


def sample_operations(metrics: Metrics, store: OperationStore, namespace: str, driver: SyncDriver) -> None:
    """Lets the metrics read what a namespace's operations have come to."""

    def read() -> list[Sample]:
        call = Call("unfinished_operations", store.unfinished_operations, (namespace,))
        found: OperationBacklog = driver.perform(call)
        return [
            *[Sample("ops", count, (namespace, state.value)) for state, count in found.counts.items()],
            *[Sample("ops_unknown_oldest_seconds", age, (namespace, api)) for api, age in found.oldest_unknown.items()],
        ]

    metrics.sampled(_available(metrics, "unfinished_operations", read))


def _available(metrics: Metrics, name: str, read: Callable[[], list[Sample]]) -> Callable[[], list[Sample]]:
    """A store that fails takes its gauges away, and leaves the other numbers."""

    def guarded() -> list[Sample]:
        try:
            return read()
        except StoreUnavailable as error:
            metrics.count("store_errors_total", name)
            LOG.warning("the store is not available: %s", error)
            return []

    return guarded
