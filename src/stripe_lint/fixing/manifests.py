"""Repairs the findings in one manifest: whole texts, one repair after the other, and each checked before it counts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.catalogue import COULD_NOT_CHECK, rule
from stripe_lint.engine import FileReport, JudgedManifest, describe_crash, judge_manifest
from stripe_lint.errors import Declined
from stripe_lint.fixing.releases import reject_breaking_releases
from stripe_lint.model import Finding, Hit

if TYPE_CHECKING:
    from pathlib import Path

    from stripe_lint.config import Configurations
    from stripe_lint.fixing.options import Options
    from stripe_lint.manifests.repairs import NewText
    from stripe_lint.manifests.versions import VersionRange
    from stripe_lint.run import ManifestTask
    from stripe_lint.sources import Source


class ManifestOutcome(NamedTuple):
    """One manifest after all repairs: its bytes, what was repaired by what, what is left and why.

    ``others`` are new texts of other files.
    """

    judged: JudgedManifest
    data: bytes
    fixed: tuple[tuple[Finding, NewText], ...]
    not_fixed: tuple[tuple[Finding, str | None], ...]
    others: tuple[NewText, ...]


def fix_manifest(
    task: ManifestTask, configurations: Configurations, options: Options, pending: dict[Path, str] | None
) -> ManifestOutcome | FileReport | None:
    """Repairs what can be repaired in one manifest. Writes nothing.

    ``pending`` are the texts that other repairs of this run give to other files, this one's are added; ``None`` where
    no other file may change. The rest is as in ``judge_manifest``.
    """
    config_for = partial(configurations.at, task.place.path.parent)
    judged = judge_manifest(task.data, task.place, task.kind, config_for)
    if not isinstance(judged, JudgedManifest):
        return judged
    work = _Repairing(task, configurations, options, pending, judged)
    while (finding := work.next()) is not None:
        work.attempt(finding)
    left = ((each, work.reasons.get(_key(each))) for each in work.judged.findings if _key(each) not in work.settled)
    return ManifestOutcome(work.judged, work.data, tuple(work.fixed), tuple(left), tuple(work.others))


class _Repairing:
    """The repairs of one manifest as they go."""

    def __init__(
        self,
        task: ManifestTask,
        configurations: Configurations,
        options: Options,
        pending: dict[Path, str] | None,
        judged: JudgedManifest,
    ) -> None:
        self.judged = judged
        self.data = task.data
        self.fixed: list[tuple[Finding, NewText]] = []
        self.others: list[NewText] = []
        self.reasons: dict[tuple[str, int], str | None] = {}
        self.settled: set[tuple[str, int]] = set()
        self._task = task
        self._configurations = configurations
        self._options = options
        self._pending = pending

    def next(self) -> Finding | None:
        """A finding that nothing was tried for yet."""
        tried = self.reasons.keys() | self.settled
        waiting = (each for each in self.judged.findings if _key(each) not in tried)
        return next((each for each in waiting if each.code != COULD_NOT_CHECK.code), None)

    def attempt(self, finding: Finding) -> None:
        """Repairs one finding, or remembers why not."""
        try:
            self._repair(finding)
        except Declined as error:
            self.reasons[_key(finding)] = str(error)
        except Exception as error:
            self.reasons[_key(finding)] = f"the fix of {finding.code} crashed: {describe_crash(error)}"

    def _repair(self, finding: Finding) -> None:
        self.judged.subject.pending = self._pending or {}
        new = _repaired(self.judged, finding)
        place = self._task.place
        if new is None:
            self.reasons[_key(finding)] = None
        elif new.path == place.path:
            written = _encoded(self.judged.source, new.text)
            config_for = partial(self._configurations.at, place.path.parent)
            after = judge_manifest(written, place, self._task.kind, config_for)
            gone = _gone(self.judged, after, finding)
            if new.admits is not None:
                admitted = _admitted(_confirmed(after), finding)
                reject_breaking_releases(place.path, new.admits, admitted, self._configurations)
            self._ask_leave(new)
            self.fixed += [(each, new) for each in gone]
            self.judged, self.data = _confirmed(after), written
        elif self._pending is None:
            raise Declined(f"the fix writes another file, {new.path.name}")
        else:
            self._ask_leave(new)
            self._pending[new.path] = new.text
            self.settled.add(_key(finding))
            self.others.append(new)
            self.fixed.append((finding, new))

    def _ask_leave(self, new: NewText) -> None:
        """Raises ``Declined`` where the user has to ask for a repair, which nothing else speaks against."""
        if not self._options.unsafe:
            raise Declined(f"{new.caution} (--unsafe-fixes does it)")


def _key(finding: Finding) -> tuple[str, int]:
    """What stays the same of a finding while other lines change: no repair adds or removes a line."""
    return finding.code, finding.span.line


def _repaired(judged: JudgedManifest, finding: Finding) -> NewText | None:
    """What the rule makes of it, ``None`` if it has no repair. Raises ``Declined``."""
    repair = rule(finding.code).repair_manifest
    if repair is None:
        return None
    hit = Hit(finding.span, finding.message, finding.severity, finding.confidence, finding.steps)
    return repair(judged.subject, hit, judged.source.text)


def _gone(before: JudgedManifest, after: JudgedManifest | FileReport | None, repaired: Finding) -> list[Finding]:
    """The findings that a repair took away, among them the one that it is for. Raises ``Declined`` where it is not."""
    now = _confirmed(after)
    known = {_key(each) for each in before.findings}
    remaining = {_key(each) for each in now.findings}
    if _key(repaired) in remaining:
        raise Declined("the finding would still be there")
    if not remaining <= known:
        raise Declined("another finding would come up")
    return [each for each in before.findings if _key(each) not in remaining]


def _admitted(after: JudgedManifest, repaired: Finding) -> VersionRange:
    """The releases that the repaired line admits. Raises ``Declined`` where that is not one range."""
    for entry in after.subject.entries:
        versions = after.subject.versions(entry)
        if entry.span.line == repaired.span.line and versions is not None and len(versions.alternatives) == 1:
            return versions
    raise Declined("the outcome can't be read")


def _confirmed(after: JudgedManifest | FileReport | None) -> JudgedManifest:
    if not isinstance(after, JudgedManifest):
        raise Declined("the outcome can't be read")
    return after


def _encoded(source: Source, text: str) -> bytes:
    """``text`` in the encoding and with the line ends of ``source``. Raises ``Declined`` where these are mixed."""
    mark = "\N{ZERO WIDTH NO-BREAK SPACE}".encode(source.encoding) if source.bom else b""

    def encoded(any_text: str) -> bytes:
        return mark + any_text.replace("\n", source.newline).encode(source.encoding)

    if encoded(source.text) != source.data:
        raise Declined("its line ends are mixed")
    return encoded(text)
