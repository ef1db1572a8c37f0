"""What the user lets the fixes do."""

from __future__ import annotations

from enum import Enum
from importlib.util import find_spec
from typing import NamedTuple

from stripe_lint.errors import ConfigError


class KeyStyle(Enum):
    """Where a new idempotency key comes from when no id of the program's own serves."""

    UUID = "uuid"
    STORE = "store"


class Options(NamedTuple):
    """``unsafe`` allows repairs that may change what a correct program does."""

    unsafe: bool = False
    key_style: KeyStyle = KeyStyle.UUID


def options_of(*, unsafe: bool, key_style: str) -> Options:
    """The options as a user writes them. Raises ``ConfigError`` for a style that can't be had."""
    style = KeyStyle(key_style)
    if style is KeyStyle.STORE and find_spec("stripe_lint.runtime") is None:
        raise ConfigError("--key-style: this version of stripe-lint has no key store; use uuid")
    return Options(unsafe, style)
