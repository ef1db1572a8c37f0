"""What tests of fixes share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rule_cases import make_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without code."""
    make_project(tmp_path / "project")
    return tmp_path / "project"
