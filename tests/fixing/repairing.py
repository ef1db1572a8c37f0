"""Fixes one file in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.config import Configurations
from stripe_lint.fixing.options import Options
from stripe_lint.fixing.run import fix_text
from stripe_lint.options import Place

if TYPE_CHECKING:
    from pathlib import Path


class Result(NamedTuple):
    """The fixed text, how many findings were fixed, and why the others were not."""

    text: bytes
    fixed: int
    reasons: list[str]


def fix(data: bytes, project: Path, *, unsafe: bool = False, select: str = "STP201") -> Result:
    """What becomes of ``data`` as the file ``pay.py`` of a project."""
    configurations = Configurations(None, {"select": [select]}, Place("test ", project))
    report = fix_text(data, project / "pay.py", "pay.py", configurations, Options(unsafe=unsafe))
    (file,) = report.files
    assert file.failure is None
    return Result(file.after, len(file.fixed), [each.reason or "" for each in file.not_fixed])
