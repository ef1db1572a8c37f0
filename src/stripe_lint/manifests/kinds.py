"""Tells by its name whether a file is a dependency manifest, and of which kind. Opens nothing and imports nothing."""

from __future__ import annotations

import fnmatch
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Kind(Enum):
    """The kinds of manifests."""

    REQUIREMENTS = "requirements"
    PYPROJECT = "pyproject.toml"
    SETUP_CFG = "setup.cfg"
    SETUP_PY = "setup.py"
    PIPFILE = "Pipfile"
    POETRY_LOCK = "poetry.lock"
    UV_LOCK = "uv.lock"
    PDM_LOCK = "pdm.lock"
    PIPFILE_LOCK = "Pipfile.lock"
    PYLOCK = "pylock.toml"

    @property
    def is_lock(self) -> bool:
        """Whether such a file records what was resolved, rather than what is asked for."""
        return self in _LOCKS


_LOCKS = frozenset({Kind.POETRY_LOCK, Kind.UV_LOCK, Kind.PDM_LOCK, Kind.PIPFILE_LOCK, Kind.PYLOCK})
_BY_NAME = {kind.value: kind for kind in Kind if kind is not Kind.REQUIREMENTS}
_REQUIREMENT_SUFFIXES = (".txt", ".in", ".pip")
_REQUIREMENT_WORDS = ("requirement", "constraint")
REQUIREMENT_FOLDERS = frozenset({"requirements", "reqs", "deps", "dependencies"})
"""Folders, in lower case, in which every text file is a list of requirements."""


def kind_of(path: Path) -> Kind | None:
    """What kind of manifest a file is that was found in a folder; ``None`` for anything else.

    ``setup.py`` is Python for a check, and a manifest only where a version is asked for.
    """
    name = path.name
    kind = _BY_NAME.get(name)
    if kind is not None:
        return None if kind is Kind.SETUP_PY else kind
    if name.endswith(".toml"):
        return Kind.PYLOCK if fnmatch.fnmatchcase(name, "pylock.*.toml") else None
    if not name.endswith(_REQUIREMENT_SUFFIXES):
        return None
    lower = name.lower()
    # "reqs.txt" and "requirements-dev.txt", but not "robots.txt"
    named = any(word in lower for word in _REQUIREMENT_WORDS) or lower.startswith("reqs")
    return Kind.REQUIREMENTS if named or path.parent.name.lower() in REQUIREMENT_FOLDERS else None


def kind_of_named(path: Path) -> Kind | None:
    """The same for a file that the user names: there any ``.txt``, ``.in`` or ``.pip`` holds them."""
    return kind_of(path) or (Kind.REQUIREMENTS if path.name.endswith(_REQUIREMENT_SUFFIXES) else None)


def may_be_included(path: Path) -> bool:
    """Whether a file that a list of requirements names can be one too: pip takes it for one under any name.

    What has another meaning here, code or another kind of manifest, keeps that.
    """
    return kind_of_named(path) in {None, Kind.REQUIREMENTS} and path.suffix not in {".py", ".pyw", ".toml", ".cfg"}
