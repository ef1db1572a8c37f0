"""What every test of the shell needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shop import Shop

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """An empty folder to put code in."""
    root = tmp_path / "shop"
    root.mkdir()
    return Shop(root, tmp_path / "extra")
