"""Runs the engine over the files that a user means, in several processes where that is faster."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.discovery import discover, is_excluded
from stripe_lint.engine import FileReport, check_source, could_not_check, project_of
from stripe_lint.errors import ConfigError, SourceError
from stripe_lint.sources import concerns_stripe, decode, display_name, read_bytes, reject_binary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stripe_lint.config import Config, Configurations

PARALLEL_FROM = 50
"""From this number of files on that are to be parsed, starting other processes pays."""


class Report(NamedTuple):
    """What a run found: one report for each file that was looked into, in the order of the files.

    ``found`` counts the Python files; ``skipped`` those of them that do not mention Stripe and were only read.
    ``empty`` names directories without Python files.
    """

    files: tuple[FileReport, ...]
    found: int
    skipped: int
    empty: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """How many files, or paths that are no file, could not be checked."""
        return sum(file.could_not_check for file in self.files)

    @property
    def checked(self) -> int:
        """How many files were checked."""
        return len(self.files) - self.failed


class _Task(NamedTuple):
    path: Path
    name: str
    data: bytes
    config: Config


def check_paths(
    paths: Sequence[Path], configurations: Configurations, *, jobs: int | None = None, force_exclude: bool = False
) -> Report:
    """Checks files and everything below directories.

    ``jobs`` is the number of processes, by default one for each processor when there is enough to do. What can't be
    checked is in the report; only a configuration that is broken everywhere raises, when ``configurations`` is made.
    """
    discovery = discover(paths, configurations, force_exclude=force_exclude)
    tasks: list[_Task] = []
    failures = {path: could_not_check(display_name(path), error) for path, error in discovery.problems}
    skipped = 0
    for path in discovery.files:
        task = _prepare(path, configurations)
        if isinstance(task, _Task):
            tasks.append(task)
        elif task is None:
            skipped += 1
        else:
            failures[path] = task
    reports = dict(zip((task.path for task in tasks), _check_all(tasks, jobs), strict=True)) | failures
    in_order = [*dict(discovery.problems), *discovery.files]
    return Report(
        files=tuple(reports[path] for path in in_order if path in reports),
        found=len(discovery.files),
        skipped=skipped,
        empty=tuple(display_name(path) for path in discovery.empty),
    )


def check_text(
    data: bytes, path: Path, name: str, configurations: Configurations, *, force_exclude: bool = False
) -> Report:
    """Checks bytes that are not read from the absolute ``path`` but belong there."""
    if force_exclude and is_excluded(path, configurations):
        return Report((), found=0, skipped=0)
    task: _Task | FileReport | None
    try:
        task = _gate(data, path, name, configurations)
    except (SourceError, ConfigError) as error:
        task = could_not_check(name, error)
    if task is None:
        return Report((), found=1, skipped=1)
    return Report((_check(task) if isinstance(task, _Task) else task,), found=1, skipped=0)


def _prepare(path: Path, configurations: Configurations) -> _Task | FileReport | None:
    """What there is to do for a file: a check, nothing at all (``None``), or only to say why it can't be checked."""
    name = display_name(path)
    try:
        return _gate(read_bytes(path), path, name, configurations)
    except (SourceError, ConfigError) as error:
        return could_not_check(name, error)


def _gate(data: bytes, path: Path, name: str, configurations: Configurations) -> _Task | None:
    reject_binary(data)
    return _Task(path, name, data, configurations.at(path.parent)) if concerns_stripe(data) else None


def _check_all(tasks: list[_Task], jobs: int | None) -> list[FileReport]:
    if jobs is None and len(tasks) > PARALLEL_FROM:
        from stripe_lint.parallel import usable_processors

        jobs = usable_processors()
    processes = min(jobs or 1, len(tasks))
    if processes < 2:
        return [_check(task) for task in tasks]
    from stripe_lint.parallel import map_in_processes

    return map_in_processes(_check, tasks, processes, _lost)


def _check(task: _Task) -> FileReport:
    try:
        source = decode(task.data, task.path, task.name)
    except SourceError as error:
        return could_not_check(task.name, error)
    return check_source(source, task.config.rules(), task.config, project_of(task.path))


def _lost(task: _Task) -> FileReport:
    return could_not_check(
        task.name, SourceError("the process that checked it died: out of memory, or nested too deeply")
    )
