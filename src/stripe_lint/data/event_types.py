"""The types that a Stripe event can have, in all known releases of the ``stripe`` package together.

Snapshot events carry the object as it was (``charge.refunded``), thin events only a reference to it
(``v1.charge.refunded``, ``v2.core.account.created``).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

EVENT_TYPES = Path(__file__).with_name("event_types.json")
"""The generated file that all answers come from."""

ALL: frozenset[str]
"""Every known event type; read on first use."""

# Two words that differ more are no misspelling of each other.
_LIKENESS = 0.75


def is_known(name: str) -> bool:
    """Whether some release knows an event of this type."""
    return name in _all()


@cache
def nearest(name: str) -> str | None:
    """The known type that a name most resembles, if any is close enough to have been meant."""
    from difflib import get_close_matches

    matches = get_close_matches(name, sorted(_all()), n=1, cutoff=_LIKENESS)
    return matches[0] if matches else None


@cache
def versions(name: str) -> tuple[str, str] | None:
    """The oldest and the newest of the examined releases that know a type."""
    found = _data()["snapshot"].get(name) or _data()["thin"].get(name)
    return (found[0], found[1]) if found else None


@cache
def _data() -> dict[str, Any]:
    import json

    loaded: dict[str, Any] = json.loads(EVENT_TYPES.read_bytes())
    return loaded


@cache
def _all() -> frozenset[str]:
    return frozenset(_data()["snapshot"]) | frozenset(_data()["thin"])


def __getattr__(name: str) -> frozenset[str]:
    if name == "ALL":
        return _all()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
