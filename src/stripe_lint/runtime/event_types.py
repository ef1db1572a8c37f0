"""The types of events that Stripe knows, to notice a misspelt one."""

from __future__ import annotations

import json
from difflib import get_close_matches
from functools import cache
from importlib.resources import files


@cache
def known() -> frozenset[str]:
    """Snapshot and thin types of all releases of stripe-python that the package's data were generated from."""
    data = json.loads((files("stripe_lint") / "data" / "event_types.json").read_text(encoding="utf-8"))
    return frozenset(data["snapshot"]) | frozenset(data["thin"])


def nearest(name: str) -> str | None:
    """The known type that an unknown one most likely stands for."""
    return next(iter(get_close_matches(name, known(), n=1, cutoff=0.6)), None)
