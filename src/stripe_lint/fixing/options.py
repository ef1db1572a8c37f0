"""What the user lets the fixes do."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class KeyStyle(Enum):
    """Where a new idempotency key comes from: made in the program, or kept in the runtime's key store."""

    UUID = "uuid"
    STORE = "store"


class Options(NamedTuple):
    """``unsafe`` allows repairs that may change what a correct program does."""

    unsafe: bool = False
    key_style: KeyStyle = KeyStyle.UUID

    @property
    def from_store(self) -> bool:
        """Whether keys come from the key store of ``stripe_lint.runtime``."""
        return self.key_style is KeyStyle.STORE


def options_of(*, unsafe: bool, key_style: str) -> Options:
    """The options as a user writes them."""
    return Options(unsafe, KeyStyle(key_style))
