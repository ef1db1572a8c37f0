"""What the rules about dependencies share: which entries are judged, and how a version is called in a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packaging.version import Version

    from stripe_lint.manifests.checked import CheckedManifest
    from stripe_lint.manifests.knowledge import Weakness
    from stripe_lint.manifests.model import Entry

REACHED_KINDS = frozenset({"payload", "secret"})
"""Kinds of holes that matter more where the project's own code opens them."""


class Flaw(NamedTuple):
    """What is wrong with the version that an entry leads to.

    ``withdrawn`` is the authors' reason, ``None`` for a release that stands. One of the two fields says something.
    """

    version: Version
    withdrawn: str | None
    weaknesses: tuple[Weakness, ...]

    @property
    def severity(self) -> Severity:
        """How bad it is by itself, whatever the project does."""
        from stripe_lint.manifests.knowledge import ADVISORY

        published = any(weakness.kind == ADVISORY for weakness in self.weaknesses)
        return Severity.ERROR if self.withdrawn is not None or published else Severity.INFO


def flaw(manifest: CheckedManifest, entry: Entry) -> Flaw | None:
    """What is wrong with ``entry``: its pin is, or every version that it admits."""
    versions = manifest.versions(entry)
    if versions is None:
        return None
    knowledge = manifest.knowledge
    version = knowledge.highest(versions)
    if version is None:
        return None
    withdrawn = knowledge.withdrawn.get(version) if versions.pinned else None
    if withdrawn is None and not all(knowledge.weaknesses_of(each) for each in knowledge.admitted(versions)):
        return None
    return Flaw(version, withdrawn, knowledge.weaknesses_of(version))


def majors_behind(manifest: CheckedManifest, entry: Entry) -> int:
    """How many major versions the entry lies behind the newest release; 0 where that is not known."""
    highest = manifest.highest(entry)
    return 0 if highest is None else max(0, manifest.knowledge.newest.major - highest.major)


def is_outdated(manifest: CheckedManifest, entry: Entry) -> bool:
    """Whether the entry lies further behind than the configuration allows."""
    return majors_behind(manifest, entry) > manifest.majors_behind


def declared(manifest: CheckedManifest) -> Iterator[tuple[CheckedManifest, Entry]]:
    """The entries from which the choice in ``manifest``, a lock file or a compiled list, was made."""
    for declaration in manifest.declarations:
        for entry in declaration.manifest.requirements:
            yield declaration, entry


def is_reported_as_constraint(
    manifest: CheckedManifest, entry: Entry, is_bad: Callable[[CheckedManifest, Entry], object]
) -> bool:
    """Whether ``entry`` would do, were it not for a file of constraints, where the same is reported."""
    from stripe_lint.manifests.model import Role

    if entry.role is not Role.REQUIREMENT or is_bad(manifest.unconstrained, entry):
        return False
    return any(is_bad(*constraint) for constraint in manifest.constraining)


def described(manifest: CheckedManifest, entry: Entry) -> str:
    """The version that the entry leads to, as the subject of a message."""
    from stripe_lint.manifests.model import Role

    versions = manifest.versions(entry)
    highest = manifest.highest(entry)
    if entry.role is Role.LOCKED or versions is None or versions.pinned:
        return f"stripe {highest}"
    return f"stripe {highest}, the newest that this requirement admits,"
