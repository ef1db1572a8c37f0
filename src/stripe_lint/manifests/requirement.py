"""Which releases of ``stripe`` the code in a file may meet: the question of every rule that depends on the version.

Asked is the nearest folder upward whose manifests speak of ``stripe``. There a lock file decides, else a pin, else the
range; a lock file further up in the same repository (of a workspace) decides for a range below it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from stripe_lint.manifests.folder import manifest_at, manifests_in
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.model import Entry, Manifest, Role
from stripe_lint.manifests.versions import VersionRange, parse_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from packaging.version import Version

_LATER_WORDS = ("dev", "test", "doc", "lint", "ci", "old", "legacy", "example")
"""Words in the name of a manifest that does not say what runs in production."""

_KINDS_BY_WEIGHT = (
    *(Kind.POETRY_LOCK, Kind.UV_LOCK, Kind.PDM_LOCK, Kind.PYLOCK, Kind.PIPFILE_LOCK),
    *(Kind.PYPROJECT, Kind.PIPFILE, Kind.REQUIREMENTS, Kind.SETUP_CFG, Kind.SETUP_PY),
)


@dataclass(frozen=True, slots=True)
class StripeRequirement:
    """What a project asks for.

    ``versions`` are the releases that it admits, ``locked`` is the one that a lock file or pin chose, ``None`` where a
    range leaves the choice to the installer. ``path`` is the absolute path of the manifest that decided, with the
    ``line``, from 1; ``None`` where the user said it (``--stripe-version``).
    """

    versions: VersionRange
    locked: Version | None
    path: Path | None = None
    line: int = 1

    def admits(self, version_range: str) -> bool:
        """Whether some known release in ``version_range`` (PEP 440: ``>=13,<14.0.1``) may be installed."""
        return self.versions.meets(_parsed(version_range))

    def excludes(self, version_range: str) -> bool:
        """Whether no release in ``version_range`` may be installed."""
        return not self.admits(version_range)


def stripe_requirement(path: Path, stripe_version: str | None = None) -> StripeRequirement | None:
    """What applies to the code in the file at the absolute ``path``; ``None`` where no manifest speaks of ``stripe``.

    ``stripe_version`` is what the user says instead: a version or a range (``12.5.1``, ``>=12,<14``). Raises
    ``ValueError`` where that is neither. Answers are remembered by folder, for as long as the process lives.
    """
    return requirement_of(stripe_version) if stripe_version else _in_folder(path.parent)


@cache
def requirement_of(text: str) -> StripeRequirement:
    """What the user says by ``--stripe-version``: a version or a range. Raises ``ValueError`` for anything else."""
    is_version = text.strip()[:1].isdigit() and "," not in text
    versions = parse_range(f"=={text.strip()}" if is_version else text)
    return StripeRequirement(versions, versions.pinned)


@cache
def _in_folder(folder: Path) -> StripeRequirement | None:
    above = folder.parent
    is_top = above == folder or (folder / ".git").exists()
    found = _best(manifests_in(folder))
    if is_top:
        return found
    if found is None:
        return _in_folder(above)
    if found.locked is None:
        locked = _locked_above(above)
        # a lock of another project up there says nothing of this one
        if locked is not None and locked.locked is not None and found.versions.contains(locked.locked):
            return locked
    return found


@cache
def _locked_above(folder: Path) -> StripeRequirement | None:
    """The lock file of the workspace that ``folder`` is in."""
    for manifest in manifests_in(folder):
        if manifest.kind.is_lock:
            locked = _best([manifest])
            if locked is not None:
                return locked
    if folder.parent == folder or (folder / ".git").exists():
        return None
    return _locked_above(folder.parent)


def _best(manifests: Iterable[Manifest]) -> StripeRequirement | None:
    """What the most telling of the manifests of one folder says."""
    candidates = [each for manifest in sorted(manifests, key=_weight) for each in _requirements(manifest, set())]
    known = [candidate for candidate in candidates if candidate.versions is not None]
    pinned = next((each for each in known if each.locked is not None), None)
    return pinned or next(iter(known), None)


def _weight(manifest: Manifest) -> tuple[bool, int, str]:
    name = manifest.path.stem.lower()
    return any(word in name for word in _LATER_WORDS), _KINDS_BY_WEIGHT.index(manifest.kind), name


def _requirements(manifest: Manifest, seen: set[Path]) -> Iterator[StripeRequirement]:
    """What a manifest asks for, with what it includes, within its constraints."""
    seen.add(manifest.path)
    constraints = [entry.versions for entry in _constraints(manifest) if entry.versions is not None]
    for entry in manifest.entries:
        if entry.role is not Role.CONSTRAINT and entry.versions is not None:
            versions = entry.versions
            for constraint in constraints:
                versions &= constraint
            yield StripeRequirement(versions, versions.pinned, manifest.path, entry.span.line)
    for include in manifest.includes:
        if include.role is Role.REQUIREMENT and include.path not in seen:
            included = manifest_at(include.path, Kind.REQUIREMENTS)
            if included is not None:
                yield from _requirements(included, seen)


def _constraints(manifest: Manifest) -> Iterator[Entry]:
    """The constraints in a manifest, and in the files that it names as such."""
    yield from (entry for entry in manifest.entries if entry.role is Role.CONSTRAINT)
    for include in manifest.includes:
        if include.role is Role.CONSTRAINT:
            constraints = manifest_at(include.path, Kind.REQUIREMENTS)
            if constraints is not None:
                yield from (replace(entry, role=Role.CONSTRAINT) for entry in constraints.entries)


@cache
def _parsed(version_range: str) -> VersionRange:
    return parse_range(version_range)
