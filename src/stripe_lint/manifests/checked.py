"""A manifest as the rules see it: what it says, what stands beside it, and what is known of the releases it names."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from stripe_lint.manifests.folder import manifest_at, manifests_in
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.model import Entry, Manifest, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from packaging.version import Version

    from stripe_lint.manifests.knowledge import Knowledge
    from stripe_lint.manifests.versions import VersionRange
    from stripe_lint.model import Span
    from stripe_lint.project import Project

_DECLARING = frozenset({Kind.PYPROJECT, Kind.PIPFILE, Kind.SETUP_CFG})


class CheckedManifest:
    """The subject of the rules about dependencies."""

    def __init__(
        self, manifest: Manifest, knowledge: Knowledge, majors_behind: int, project: Callable[[], Project]
    ) -> None:
        """Takes the manifest, what is known, how old a release may be, and the way to the code around it."""
        self.manifest = manifest
        self.knowledge = knowledge
        self.majors_behind = majors_behind
        self._project = project

    @property
    def path(self) -> Path:
        """Where the file is, absolute."""
        return self.manifest.path

    @property
    def project(self) -> Project:
        """The code that the manifest is for."""
        return self._project()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that it says about ``stripe``."""
        return self.manifest.entries

    def entry_at(self, span: Span) -> Entry:
        """The entry that stands at ``span``, which must be there."""
        return next(entry for entry in self.entries if entry.span == span)

    @cached_property
    def declarations(self) -> tuple[CheckedManifest, ...]:
        """The manifests from which this one was made, where it is a lock file or a compiled list of requirements."""
        found = []
        for other in manifests_in(self.path.parent):
            is_source = other.kind in _DECLARING or other.path.suffix == ".in"
            if is_source and other.path != self.path and self._is_made_from(other):
                found.append(CheckedManifest(other, self.knowledge, self.majors_behind, self._project))
        return tuple(found)

    def _is_made_from(self, other: Manifest) -> bool:
        if self.manifest.kind.is_lock:
            return other.kind is (Kind.PIPFILE if self.manifest.kind is Kind.PIPFILE_LOCK else Kind.PYPROJECT)
        if self.manifest.kind is not Kind.REQUIREMENTS or self.path.suffix == ".in":
            return False
        if other.kind is Kind.REQUIREMENTS:
            return other.path.stem == self.path.stem
        return any(entry.hashed for entry in self.entries)

    def versions(self, entry: Entry) -> VersionRange | None:
        """What may be installed for ``entry``, within the constraints that hold for it; ``None`` if that is unknown."""
        if entry.versions is None or entry.role is not Role.REQUIREMENT:
            return entry.versions
        versions = entry.versions
        for constraint in self._constraints:
            if constraint is None:
                return None
            versions &= constraint
        return versions

    def highest(self, entry: Entry) -> Version | None:
        """The version that an installer takes today for ``entry``; ``None`` if that is unknown."""
        versions = self.versions(entry)
        return None if versions is None else self.knowledge.highest(versions)

    @cached_property
    def is_bounded_elsewhere(self) -> bool:
        """Whether another file chooses or limits the version: a lock, a pin beside this one, constraints.

        So it is taken to be where constraints are named that can't be read.
        """
        if any(include.role is Role.CONSTRAINT and not include.path.is_file() for include in self.manifest.includes):
            return True
        return any(True for _ in self._bounds_elsewhere())

    def _bounds_elsewhere(self) -> Iterator[Entry]:
        folder = self.path.parent
        for place in (folder, *folder.parents):
            for other in manifests_in(place):
                if other.path != self.path and (other.kind.is_lock or place == folder):
                    yield from (entry for entry in other.entries if entry.versions and entry.versions.pinned)
            if (place / ".git").exists():
                return

    @cached_property
    def _constraints(self) -> tuple[VersionRange | None, ...]:
        """The different ranges within which every requirement has to stay; ``None`` for one that can't be told."""
        found = [entry for entry in self.entries if entry.role is Role.CONSTRAINT]
        for include in self.manifest.includes:
            constraints = manifest_at(include.path, Kind.REQUIREMENTS) if include.role is Role.CONSTRAINT else None
            if constraints is not None:
                found.extend(constraints.entries)
        return tuple(dict.fromkeys(entry.versions for entry in found))
