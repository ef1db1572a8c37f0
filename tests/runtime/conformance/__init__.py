"""What every store has to do. A store's test module subclasses these with a fixture ``store`` and nothing else."""

from __future__ import annotations

from conformance.clock import Clock
from conformance.events import FACTS, KEY, EventStoreConformance, claimed
from conformance.operations import OperationStoreConformance

__all__ = ["FACTS", "KEY", "Clock", "EventStoreConformance", "OperationStoreConformance", "claimed"]
