"""The stores of this package do what a store has to do."""

from __future__ import annotations

from conformance import EventStoreConformance, OperationStoreConformance


class TestEvents(EventStoreConformance):
    """On each store."""


class TestOperations(OperationStoreConformance):
    """On each store."""
