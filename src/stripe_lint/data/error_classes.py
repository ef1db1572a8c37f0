"""The exception classes of the ``stripe`` package, in all known releases together."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

ERROR_CLASSES = Path(__file__).with_name("error_classes.json")
"""The generated file that all answers come from."""


@cache
def bases() -> dict[str, str]:
    """The name of each class with that of the class which it inherits from."""
    import json

    loaded: dict[str, Any] = json.loads(ERROR_CLASSES.read_bytes())
    return {name: base for name, (base, _, _) in loaded["classes"].items()}
