"""What the readers of manifests give: entries that speak of ``stripe``, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from stripe_lint.manifests.kinds import Kind
    from stripe_lint.manifests.versions import VersionRange
    from stripe_lint.model import Span

PACKAGE = "stripe"
"""The name, as PEP 503 normalises it, of the package that all of this is about."""


class Role(Enum):
    """What an entry does."""

    REQUIREMENT = "requirement"
    """Asks for the package to be installed."""
    CONSTRAINT = "constraint"
    """Only limits the version, should the package be installed (``constraints.txt``)."""
    LOCKED = "locked"
    """Records the version that was chosen."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One place where a manifest speaks of ``stripe``.

    ``versions`` are those that it admits, ``None`` where that can't be told (a branch of a repository, a folder).
    ``hashed`` tells whether the very files are fixed by their hashes.
    """

    span: Span
    role: Role
    versions: VersionRange | None
    hashed: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """Another requirements file that one names: by ``-r``, or by ``-c`` as constraints. ``path`` is absolute."""

    span: Span
    path: Path
    role: Role


@dataclass(frozen=True, slots=True)
class Manifest:
    """One file, read. ``path`` is absolute.

    ``compiled_from`` are the names of the files from which a tool compiled a list of requirements, empty where it names
    none; ``None`` for what someone wrote.
    """

    path: Path
    kind: Kind
    entries: tuple[Entry, ...] = ()
    includes: tuple[Include, ...] = ()
    compiled_from: tuple[str, ...] | None = None

    @property
    def requirements(self) -> tuple[Entry, ...]:
        """The entries that ask for the package."""
        return tuple(entry for entry in self.entries if entry.role is Role.REQUIREMENT)

    @property
    def locked(self) -> tuple[Entry, ...]:
        """The entries that record what was chosen; a lock file may hold several, for different platforms."""
        return tuple(entry for entry in self.entries if entry.role is Role.LOCKED)
