"""What the user lets the fixes do."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class KeyStyle(Enum):
    """Where a new idempotency key comes from when no id of the program's own serves."""

    UUID = "uuid"
    STORE = "store"


class Options(NamedTuple):
    """``unsafe`` allows repairs that may change what a correct program does."""

    unsafe: bool = False
    key_style: KeyStyle = KeyStyle.UUID
