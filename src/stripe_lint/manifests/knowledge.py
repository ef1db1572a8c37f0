"""What is known of the releases of ``stripe``, ready to compare with: our own data, and what registries add."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from stripe_lint.data import releases as data
from stripe_lint.manifests.versions import parse_range, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.version import Version

    from stripe_lint.manifests.versions import VersionRange

ADVISORY = "advisory"
"""The kind of a weakness that was published."""


@dataclass(frozen=True, slots=True)
class Weakness:
    """Something that is wrong with the releases in ``affected``; the other fields are those of ``data.releases.Hole``.

    ``fixed`` is ``None`` where no release without it is known.
    """

    name: str
    kind: str
    affected: VersionRange
    fixed: Version | None
    effect: str
    source: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that is known.

    ``standing`` are the releases that were not withdrawn, oldest first; ``withdrawn`` has the others with the reason,
    which is often empty. ``requires_python`` has what each release asks for (PEP 440), empty for any.
    """

    standing: tuple[Version, ...]
    withdrawn: Mapping[Version, str]
    weaknesses: tuple[Weakness, ...]
    requires_python: Mapping[Version, str]
    _weaknesses: dict[Version, tuple[Weakness, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def newest(self) -> Version:
        """The newest release that stands."""
        return self.standing[-1]

    def highest(self, versions: VersionRange) -> Version | None:
        """The version that an installer takes today: the pinned one, else the newest that the range admits."""
        return versions.pinned or next((each for each in reversed(self.standing) if versions.admits(each)), None)

    def admitted(self, versions: VersionRange) -> Iterator[Version]:
        """The releases in a range, newest first; a pin admits its own version, known or not."""
        pinned = versions.pinned
        return iter((pinned,)) if pinned else (each for each in reversed(self.standing) if versions.admits(each))

    def runs_with(self, version: Version, python: str) -> bool:
        """Whether ``version`` can be installed for a Python (``3.11``).

        Of a release that came out since the data were made nothing is known: it is taken to ask for what the newest in
        them does.
        """
        wanted = self.requires_python.get(version)
        if wanted is None:
            wanted = self.requires_python[max(self.requires_python)]
        return parse_range(wanted).alternatives[0].contains(python)

    def weaknesses_of(self, version: Version) -> tuple[Weakness, ...]:
        """What is wrong with one version."""
        known = self._weaknesses.get(version)
        if known is None:
            known = tuple(weakness for weakness in self.weaknesses if weakness.affected.contains(version))
            self._weaknesses[version] = known
        return known


@cache
def shipped_knowledge() -> Knowledge:
    """What the data that came with this version of the linter say."""
    withdrawn: dict[Version, str] = {}
    standing: list[Version] = []
    requires_python: dict[Version, str] = {}
    for release in data.releases():
        version = version_of(release.version)
        if version is None:
            raise AssertionError(f"{data.RELEASES.name}: {release.version} is no version")
        requires_python[version] = release.requires_python
        if release.withdrawn is None:
            standing.append(version)
        else:
            withdrawn[version] = release.withdrawn
    weaknesses = tuple(_weakness(hole) for hole in data.holes())
    return Knowledge(tuple(standing), withdrawn, weaknesses, requires_python)


def _weakness(hole: data.Hole) -> Weakness:
    return Weakness(hole.name, hole.kind, parse_range(hole.affected), version_of(hole.fixed), hole.effect, hole.source)
