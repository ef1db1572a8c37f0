"""What every test of the shell needs."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest
from shop import Shop

if TYPE_CHECKING:
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option for tests that have a small and a full size."""
    parser.addoption("--full", action="store_true", help="run tests that inject faults at their full size")


def pytest_configure(config: pytest.Config) -> None:
    """Where Python is told to write no bytecode, gives what the tests start a folder for it that goes with the session.

    Tests start some thousand commands; each of them would compile everything that it imports.
    """
    if sys.dont_write_bytecode and "PYTHONDONTWRITEBYTECODE" in os.environ:
        folder = tempfile.mkdtemp(prefix="stripe-lint-bytecode-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        del os.environ["PYTHONDONTWRITEBYTECODE"]
        os.environ["PYTHONPYCACHEPREFIX"] = folder


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """An empty folder to put code in."""
    root = tmp_path / "shop"
    root.mkdir()
    return Shop(root, tmp_path / "extra")
