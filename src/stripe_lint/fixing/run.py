"""Fixes the files that a user means: looks at all of them, in several processes where that is faster, then writes.

Nothing is written before everything was looked at, so what a fix knows of other files does not depend on the order.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.catalogue import COULD_NOT_CHECK
from stripe_lint.engine import could_not_check, describe_crash, lines_of, project_of
from stripe_lint.errors import SourceError
from stripe_lint.fixing.engine import NotFixed, fix_source
from stripe_lint.model import Severity
from stripe_lint.run import Task, lost, map_tasks, tasks_in_paths, tasks_in_text
from stripe_lint.sources import decode, display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from stripe_lint.config import Configurations
    from stripe_lint.engine import FileReport
    from stripe_lint.fixing.options import Options
    from stripe_lint.manifests.repairs import NewText
    from stripe_lint.model import Finding
    from stripe_lint.run import ManifestTask


class FixedFinding(NamedTuple):
    """A finding that was repaired, in its place in the fixed file; the rest is as in ``Repair``.

    ``partly`` tells that the rule still has something milder to say about the place.
    """

    finding: Finding
    unsafe: bool
    description: str
    notes: tuple[str, ...]
    partly: bool = False


class FileFixes(NamedTuple):
    """What was done to one file, and what is left to do there.

    ``before`` and ``after`` are its bytes, ``lines`` the lines of the fixed file that findings begin on. ``failure``
    says why the file could not be fixed or written; nothing was done to it then.
    """

    name: str
    before: bytes = b""
    after: bytes = b""
    path: Path | None = None
    fixed: tuple[FixedFinding, ...] = ()
    not_fixed: tuple[NotFixed, ...] = ()
    lines: Mapping[int, str] = {}
    fail_on: Severity = Severity.WARNING
    failure: FileReport | None = None

    @property
    def changed(self) -> bool:
        """Whether the bytes differ."""
        return self.before != self.after

    @property
    def failed(self) -> bool:
        """Whether the file, or a part of what the rules ask, could not be looked at, or it could not be written."""
        crashed = any(each.finding.code == COULD_NOT_CHECK.code for each in self.not_fixed)
        return self.failure is not None or crashed

    @property
    def fails(self) -> bool:
        """Whether a finding is left that is severe enough to fail the run."""
        return any(each.finding.severity.value >= self.fail_on.value for each in self.not_fixed)


class FixReport(NamedTuple):
    """What a run of ``fix`` did; ``found``, ``skipped`` and ``empty`` are those of a check."""

    files: tuple[FileFixes, ...]
    found: int
    skipped: int
    empty: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """How many files could not be looked at or written."""
        return sum(file.failed for file in self.files)

    @property
    def changed(self) -> tuple[FileFixes, ...]:
        """The files that fixes change."""
        return tuple(file for file in self.files if file.changed)


class _FixTask(NamedTuple):
    task: Task
    options: Options


def fix_paths(
    paths: Sequence[Path],
    configurations: Configurations,
    options: Options,
    *,
    jobs: int | None = None,
    force_exclude: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> FixReport:
    """Finds out what fixes would do to files and everything below directories; writes nothing.

    ``progress`` is told how many of how many files are done.
    """
    work = tasks_in_paths(paths, configurations, force_exclude=force_exclude)
    # A file that is also named by a link is fixed once.
    once = list({os.path.realpath(task.path): task for task in reversed(work.tasks)}.values())[::-1]
    tasks = [_FixTask(task, options) for task in once]
    done = dict(zip((task.path for task in once), map_tasks(_fix, tasks, jobs, _lost, progress), strict=True))
    failures = {path: _failed(report) for path, report in work.failures.items()}
    manifests = _fix_manifests(work.manifests, configurations, options)
    every = {**done, **failures, **manifests}
    empty = tuple(
        display_name(folder) for folder in work.empty if not any(path.is_relative_to(folder) for path in manifests)
    )
    order = [*work.order, *(path for path in manifests if path not in work.order)]
    found = work.found + len(set(manifests) & set(work.order))
    return FixReport(tuple(every[path] for path in order if path in every), found, work.skipped, empty)


def fix_text(
    data: bytes,
    path: Path,
    name: str,
    configurations: Configurations,
    options: Options,
    *,
    force_exclude: bool = False,
) -> FixReport:
    """Finds out what fixes would do to bytes that are not read from the absolute ``path`` but belong there."""
    work = tasks_in_text(data, path, name, configurations, force_exclude=force_exclude)
    files = [_fix(_FixTask(task, options)) for task in work.tasks] + [_failed(each) for each in work.failures.values()]
    manifests = _fix_manifests(work.manifests, configurations, options, alone=True)
    files += manifests.values()
    return FixReport(tuple(files), work.found + len(work.manifests), work.skipped)


def _fix_manifests(
    tasks: Sequence[ManifestTask], configurations: Configurations, options: Options, *, alone: bool = False
) -> dict[Path, FileFixes]:
    """What is done to manifests, and, unless ``alone``, to the files beside them that their repairs write."""
    from stripe_lint.fixing.manifests import ManifestOutcome, fix_manifest

    every: dict[Path, FileFixes] = {}
    pending: dict[Path, str] | None = None if alone else {}
    # outer folders first: an entry of Dependabot's for one covers lists of requirements in those below
    for task in sorted(tasks, key=lambda each: len(each.place.path.parts)):
        path, name = task.place
        outcome = fix_manifest(task, configurations, options, pending)
        if isinstance(outcome, ManifestOutcome):
            fixed = tuple(FixedFinding(each, True, new.description, ()) for each, new in outcome.fixed)
            left = tuple(NotFixed(*each) for each in outcome.not_fixed)
            lines = lines_of(
                [*(each.finding for each in fixed), *(each.finding for each in left)], outcome.judged.source
            )
            fail_on = outcome.judged.config.fail_on
            every[path] = FileFixes(name, task.data, outcome.data, path, fixed, left, lines, fail_on)
            every.update((new.path, _other_file(new)) for new in outcome.others)
        elif outcome is not None:
            every[path] = _failed(outcome)
    return every


def _other_file(new: NewText) -> FileFixes:
    before = new.path.read_bytes() if new.path.is_file() else b""
    return FileFixes(display_name(new.path), before, new.text.encode(), new.path)


def write(report: FixReport) -> FixReport:
    """Writes what ``report`` says; a file that can't be written is a failure in the report that is returned."""
    written: dict[str, bytes] = {}
    return report._replace(files=tuple(_write(file, written) if file.changed else file for file in report.files))


def _write(file: FileFixes, written: dict[str, bytes]) -> FileFixes:
    """``written`` holds what went into files so far, by their real paths: a file may be named by a link too."""
    from stripe_lint.writing import create_file, replace_file

    if file.path is None:
        raise ValueError("what was not read from a file is not written to one")
    real_path = os.path.realpath(file.path)
    if written.get(real_path) == file.after:
        return file
    try:
        if file.before or file.path.exists():
            replace_file(file.path, file.before, file.after)
        else:
            create_file(file.path, file.after)
    except SourceError as error:
        return _failed(could_not_check(file.name, error))
    written[real_path] = file.after
    return file


def _failed(report: FileReport) -> FileFixes:
    return FileFixes(report.name, failure=report)


def _lost(task: _FixTask) -> FileFixes:
    return _failed(lost(task.task))


def _fix(task: _FixTask) -> FileFixes:
    path, name, data, config = task.task
    try:
        source = decode(data, path, name)
        outcome = fix_source(source, config.rules_for(path), config, project_of(path, config), task.options)
    except SourceError as error:
        return _failed(could_not_check(name, error))
    except Exception as error:
        return _failed(could_not_check(name, SourceError(f"the fix crashed: {describe_crash(error)}")))
    # The edits stay here: they hold the whole tree, and the report may go to another process.
    fixed = tuple(
        FixedFinding(
            each.finding,
            each.repair.unsafe,
            each.repair.description,
            each.repair.notes,
            each.repair.leaves is not None,
        )
        for each in outcome.fixed
    )
    findings = [each.finding for each in fixed] + [each.finding for each in outcome.not_fixed]
    lines = lines_of(findings, outcome.source)
    return FileFixes(name, data, outcome.source.data, path, fixed, outcome.not_fixed, lines, config.fail_on)
