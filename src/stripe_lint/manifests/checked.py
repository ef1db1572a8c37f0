"""A manifest as the rules see it: what it says, what stands beside it, and what is known of the releases it names."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from stripe_lint.manifests.folder import manifest_at, manifests_in
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.model import Entry, Manifest, Role
from stripe_lint.manifests.updates import repository_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
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
        self.pending: Mapping[Path, str] = {}
        """What repairs of other manifests are about to write: texts of whole files."""

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
        for folder in self._folders_of_sources():
            found = tuple(self._beside(other) for other in manifests_in(folder) if self._is_made_from(other))
            if found:
                return found
        return ()

    @cached_property
    def neighbours(self) -> tuple[CheckedManifest, ...]:
        """The other manifests in the same folder that are checked as such."""
        folder = self.path.parent
        return tuple(
            self._beside(each)
            for each in manifests_in(folder)
            if each.path.parent == folder and each.path != self.path and each.kind is not Kind.SETUP_PY
        )

    @cached_property
    def compiled(self) -> tuple[CheckedManifest, ...]:
        """The lists of requirements beside this manifest that are compiled from it."""
        return tuple(
            each
            for each in self.neighbours
            if not each.manifest.kind.is_lock and any(source.path == self.path for source in each.declarations)
        )

    @cached_property
    def constraining(self) -> tuple[tuple[CheckedManifest, Entry], ...]:
        """The entries in other files that this manifest names as its constraints."""
        named = [include.path for include in self.manifest.includes if include.role is Role.CONSTRAINT]
        manifests = [manifest for path in named if (manifest := manifest_at(path, Kind.REQUIREMENTS)) is not None]
        return tuple((self._beside(each), entry) for each in manifests for entry in each.entries)

    @cached_property
    def unconstrained(self) -> CheckedManifest:
        """This manifest as it would be without the constraints in other files."""
        return self._beside(replace(self.manifest, includes=()))

    def _beside(self, other: Manifest) -> CheckedManifest:
        return CheckedManifest(other, self.knowledge, self.majors_behind, self._project)

    def _folders_of_sources(self) -> Iterator[Path]:
        """Where the sources of this manifest may lie; a tool that compiles a list is run further up, too."""
        folder, root = self.path.parent, repository_root(self.path)
        yield folder
        if self.manifest.compiled_from is not None:
            while folder not in (root, folder.parent):
                folder = folder.parent
                yield folder

    def _is_made_from(self, other: Manifest) -> bool:
        if other.path == self.path or not (other.kind in _DECLARING or other.path.suffix == ".in"):
            return False
        if self.manifest.kind.is_lock:
            return other.kind is (Kind.PIPFILE if self.manifest.kind is Kind.PIPFILE_LOCK else Kind.PYPROJECT)
        if self.manifest.kind is not Kind.REQUIREMENTS or self.path.suffix == ".in":
            return False
        if self.manifest.compiled_from:
            return other.path.name in self.manifest.compiled_from
        if other.kind is Kind.REQUIREMENTS:
            return other.path.stem == self.path.stem
        return self.manifest.compiled_from is not None or any(entry.hashed for entry in self.entries)

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
        own = [entry for entry in self.entries if entry.role is Role.CONSTRAINT]
        named = [entry for _, entry in self.constraining]
        return tuple(dict.fromkeys(entry.versions for entry in (*own, *named)))
