"""Ranges of versions, as ``packaging`` understands them, and as Poetry writes them.

The known releases stand for all versions: whether two ranges meet is answered by looking for a release in both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from stripe_lint.data.releases import releases

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

LONGEST_RANGE = 1_000
"""How many characters a range may have; Python makes no numbers of very many digits."""

_UPPER_BOUNDS = frozenset({"<", "<=", "==", "===", "~="})
_POETRY_PART = re.compile(r"(?P<operator>\^|~=|~|===|==|!=|<=|>=|<|>|=)?\s*v?(?P<version>[^\s,^~=<>!]+)")


@dataclass(frozen=True, slots=True)
class VersionRange:
    """The versions in any of ``alternatives``. An empty specifier set admits every version; no alternative, none."""

    alternatives: tuple[SpecifierSet, ...]

    @property
    def pinned(self) -> Version | None:
        """The one version that the range means, ``None`` where there may be several."""
        if len(self.alternatives) != 1:
            return None
        pins = [
            each.version
            for each in self.alternatives[0]
            if each.operator in {"==", "==="} and not each.version.endswith(".*")
        ]
        # "===" takes any text
        return version_of(pins[0]) if pins else None

    @property
    def is_bounded(self) -> bool:
        """Whether the range ends somewhere, so that a new major release is not installed unseen."""
        return all(any(each.operator in _UPPER_BOUNDS for each in alternative) for alternative in self.alternatives)

    @property
    def admitted(self) -> tuple[Version, ...]:
        """Every version in the range that is known, oldest first.

        Where no release fits (the range lies beyond the newest), these are the versions that the range itself names.
        """
        return _admitted(self)

    def admits(self, version: Version) -> bool:
        """Whether ``version`` is in the range; a pre-release only where the range names one."""
        return any(alternative.contains(version) for alternative in self.alternatives)

    def meets(self, other: VersionRange) -> bool:
        """Whether some known version is in both ranges."""
        return any(other.contains(version) for version in self.admitted)

    def contains(self, version: Version) -> bool:
        """Whether ``version`` is in the range, be it a pre-release or not."""
        return any(alternative.contains(version, prereleases=True) for alternative in self.alternatives)

    def __and__(self, other: VersionRange) -> VersionRange:
        """The versions in both ranges."""
        return VersionRange(tuple(mine & theirs for mine in self.alternatives for theirs in other.alternatives))

    def __str__(self) -> str:
        """The range as specifiers, alternatives joined by ``||``; empty where every version will do."""
        return " || ".join(str(alternative) for alternative in self.alternatives)


@cache
def known_versions() -> tuple[Version, ...]:
    """The releases that stand, oldest first."""
    return tuple(_version(release.version) for release in releases() if release.withdrawn is None)


def version_of(text: str) -> Version | None:
    """The version that ``text`` writes, ``None`` if it writes none."""
    from packaging.version import InvalidVersion

    try:
        return _version(text)
    except InvalidVersion:
        return None


def reject_long_range(text: str) -> None:
    """Raises ``ValueError`` for what is too long to write a range of versions."""
    if len(text) > LONGEST_RANGE:
        raise ValueError(f"a range of {len(text)} characters is no version constraint")


def parse_range(text: str) -> VersionRange:
    """A range in the syntax of PEP 440. Raises ``ValueError`` for anything else."""
    from packaging.specifiers import SpecifierSet

    reject_long_range(text)
    return VersionRange((SpecifierSet(text),))


def exactly(version: str) -> VersionRange:
    """The range of one version. Raises ``ValueError`` for what is no version."""
    return parse_range(f"=={_version(version)}")


def parse_poetry_range(text: str) -> VersionRange:
    """A constraint in Poetry's syntax: ``^8.1``, ``~8``, ``8.*``, ``>=8,<10``, ``^7 || ^9``. Raises ``ValueError``."""
    from packaging.specifiers import SpecifierSet

    reject_long_range(text)
    alternatives = []
    for alternative in re.split(r"\s*\|\|?\s*", text.strip()):
        parts = [_poetry_part(part) for part in _split_poetry(alternative)]
        alternatives.append(SpecifierSet(",".join(filter(None, parts))))
    return VersionRange(tuple(alternatives))


def _split_poetry(text: str) -> list[re.Match[str]]:
    """The parts of one alternative, which stand apart by commas or blanks."""
    parts: list[re.Match[str]] = []
    for piece in filter(None, (each.strip() for each in text.split(","))):
        found = list(_POETRY_PART.finditer(piece))
        if not found or _POETRY_PART.sub("", piece).strip():
            raise ValueError(f'"{text}" is no version constraint')
        parts.extend(found)
    return parts


def _poetry_part(match: re.Match[str]) -> str:
    """One part as a PEP 440 specifier; empty for ``*``."""
    operator, version = match["operator"] or "", match["version"]
    if version == "*":
        return ""
    if operator in {"^", "~"}:
        lowest = _version(version)
        release = [int(part) for part in version.split(".") if part.isdigit()] or [lowest.major]
        return f">={version},<{_next(release, is_caret=operator == '^')}"
    if not operator or operator == "=":
        return f"=={version.lower().replace('x', '*')}"
    return f"{operator}{version}"


def _next(release: list[int], *, is_caret: bool) -> str:
    """The first version that ``^`` or ``~`` leaves out: the leftmost number that is not zero, or the second, counts."""
    if is_caret:
        index = next((index for index, number in enumerate(release) if number), len(release) - 1)
    else:
        index = min(1, len(release) - 1)
    return ".".join(map(str, [*release[:index], release[index] + 1]))


@cache
def _version(text: str) -> Version:
    from packaging.version import Version

    return Version(text)


@cache
def _admitted(wanted: VersionRange) -> tuple[Version, ...]:
    pinned = wanted.pinned
    if pinned is not None:
        return (pinned,) if wanted.contains(pinned) else ()
    found = tuple(version for version in known_versions() if wanted.admits(version))
    if found:
        return found
    texts = {each.version.removesuffix(".*") for alternative in wanted.alternatives for each in alternative}
    named = {version for text in texts if (version := version_of(text)) is not None}
    # a range beyond the newest release: "> 20.1" means what comes next
    beyond = named | {_version(f"{version.major}.{version.minor}.{version.micro + 1}") for version in named}
    return tuple(sorted(version for version in beyond if wanted.contains(version)))
