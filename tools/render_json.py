"""How generated data is written: as JSON with one line an entry, sorted, so that a change reads well in a diff."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def rendered(data: Mapping[str, Any]) -> str:
    """The data as text; each mapping in it becomes a block with a line for each of its entries."""
    return "{\n" + ",\n".join(f"{json.dumps(key)}: {block(value)}" for key, value in data.items()) + "\n}\n"


def block(value: object) -> str:
    """One value of the outermost mapping."""
    if not isinstance(value, dict):
        return json.dumps(value)
    lines = (f"{json.dumps(name)}:{compact(entry)}" for name, entry in sorted(value.items()))
    return "{\n" + ",\n".join(lines) + "\n}"


def compact(entry: object) -> str:
    """One entry, as short as JSON allows."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"))
