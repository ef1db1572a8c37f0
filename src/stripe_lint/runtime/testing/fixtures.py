"""Fixtures for pytest. Import them in ``conftest.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stripe_lint.runtime.inbox import WebhookInbox
from stripe_lint.runtime.testing import SECRET, MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stripe_store() -> Iterator[MemoryStore]:
    """An empty store in memory."""
    store = MemoryStore()
    yield store
    store.close()


@pytest.fixture
def stripe_inbox(stripe_store: MemoryStore) -> WebhookInbox:
    """An inbox without handlers, which knows the secret that ``signed_request`` signs with."""
    return WebhookInbox(SECRET, stripe_store)
