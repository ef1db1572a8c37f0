"""Stores by their address."""

from __future__ import annotations

from stripe_lint.runtime.errors import ConfigurationError
from stripe_lint.runtime.stores.sqlite import SQLiteStore

_SQLITE = "sqlite:///"


def store_at(address: str) -> SQLiteStore:
    """The store at ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or a path.

    Raises:
        ConfigurationError: There is no such kind of store.
    """
    if address.startswith(_SQLITE):
        address = address.removeprefix(_SQLITE)
    elif "://" in address:
        raise ConfigurationError(f"no store for {address.partition('://')[0]}://: write sqlite:////absolute/file.db")
    if not address or address.startswith(":memory:"):
        raise ConfigurationError("the store has to be a file: write sqlite:////absolute/file.db")
    return SQLiteStore(address)
