"""What every test of the shell needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shop import Shop

if TYPE_CHECKING:
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option for tests that have a small and a full size."""
    parser.addoption("--full", action="store_true", help="run tests that inject faults at their full size")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """An empty folder to put code in."""
    root = tmp_path / "shop"
    root.mkdir()
    return Shop(root, tmp_path / "extra")
