"""Runs the engine over the files that a user means, in several processes where that is faster."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from stripe_lint.discovery import discover, is_excluded
from stripe_lint.engine import FileReport, check_source, could_not_check, project_of
from stripe_lint.errors import ConfigError, SourceError
from stripe_lint.sources import concerns_stripe, decode, display_name, read_bytes, reject_binary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from stripe_lint.config import Config, Configurations

T = TypeVar("T")
R = TypeVar("R")

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


class Task(NamedTuple):
    """One file to work on: its absolute path, what reports call it, its bytes and the configuration that applies."""

    path: Path
    name: str
    data: bytes
    config: Config


class Work(NamedTuple):
    """What there is to do: ``failures`` are reports on what can't be done, ``order`` are all paths as they came."""

    tasks: tuple[Task, ...]
    failures: Mapping[Path, FileReport]
    order: tuple[Path, ...]
    found: int
    skipped: int
    empty: tuple[str, ...] = ()


def check_paths(
    paths: Sequence[Path], configurations: Configurations, *, jobs: int | None = None, force_exclude: bool = False
) -> Report:
    """Checks files and everything below directories.

    ``jobs`` is the number of processes, by default one for each processor when there is enough to do. What can't be
    checked is in the report; only a configuration that is broken everywhere raises, when ``configurations`` is made.
    """
    work = tasks_in_paths(paths, configurations, force_exclude=force_exclude)
    checked = map_tasks(_check, work.tasks, jobs, lost)
    reports = {**dict(zip((task.path for task in work.tasks), checked, strict=True)), **work.failures}
    return Report(
        files=tuple(reports[path] for path in work.order if path in reports),
        found=work.found,
        skipped=work.skipped,
        empty=work.empty,
    )


def check_text(
    data: bytes, path: Path, name: str, configurations: Configurations, *, force_exclude: bool = False
) -> Report:
    """Checks bytes that are not read from the absolute ``path`` but belong there."""
    work = tasks_in_text(data, path, name, configurations, force_exclude=force_exclude)
    return Report((*map(_check, work.tasks), *work.failures.values()), found=work.found, skipped=work.skipped)


def tasks_in_paths(paths: Sequence[Path], configurations: Configurations, *, force_exclude: bool) -> Work:
    """The files that ``paths`` mean, those left out that do not concern Stripe."""
    discovery = discover(paths, configurations, force_exclude=force_exclude)
    tasks: list[Task] = []
    failures = {path: could_not_check(display_name(path), error) for path, error in discovery.problems}
    skipped = 0
    for path in discovery.files:
        task = _prepare(path, configurations)
        if isinstance(task, Task):
            tasks.append(task)
        elif task is None:
            skipped += 1
        else:
            failures[path] = task
    return Work(
        tasks=tuple(tasks),
        failures=failures,
        order=(*dict(discovery.problems), *discovery.files),
        found=len(discovery.files),
        skipped=skipped,
        empty=tuple(display_name(path) for path in discovery.empty),
    )


def tasks_in_text(data: bytes, path: Path, name: str, configurations: Configurations, *, force_exclude: bool) -> Work:
    """What there is to do for bytes that belong to the absolute ``path``."""
    if force_exclude and is_excluded(path, configurations):
        return Work((), {}, (path,), found=0, skipped=0)
    try:
        task = _gate(data, path, name, configurations)
    except (SourceError, ConfigError) as error:
        return Work((), {path: could_not_check(name, error)}, (path,), found=1, skipped=0)
    if task is None:
        return Work((), {}, (path,), found=1, skipped=1)
    return Work((task,), {}, (path,), found=1, skipped=0)


def _prepare(path: Path, configurations: Configurations) -> Task | FileReport | None:
    """What there is to do for a file: a task, nothing at all (``None``), or only to say why it can't be checked."""
    name = display_name(path)
    try:
        return _gate(read_bytes(path), path, name, configurations)
    except (SourceError, ConfigError) as error:
        return could_not_check(name, error)


def _gate(data: bytes, path: Path, name: str, configurations: Configurations) -> Task | None:
    reject_binary(data)
    return Task(path, name, data, configurations.at(path.parent)) if concerns_stripe(data) else None


def map_tasks(
    function: Callable[[T], R],
    tasks: Sequence[T],
    jobs: int | None,
    lost: Callable[[T], R],
    progress: Callable[[int, int], None] | None = None,
) -> list[R]:
    """``function`` of each task, in several processes where that pays or ``jobs`` says so.

    ``lost`` makes the result for a task during which its process died; ``progress`` is told how many of how many tasks
    are done.
    """
    if jobs is None and len(tasks) > PARALLEL_FROM:
        from stripe_lint.parallel import usable_processors

        jobs = usable_processors()
    processes = min(jobs or 1, len(tasks))
    if processes < 2:
        results = []
        for task in tasks:
            results.append(function(task))
            if progress is not None:
                progress(len(results), len(tasks))
        return results
    from stripe_lint.parallel import map_in_processes

    return map_in_processes(function, tasks, processes, lost, progress)


def _check(task: Task) -> FileReport:
    try:
        source = decode(task.data, task.path, task.name)
    except SourceError as error:
        return could_not_check(task.name, error)
    return check_source(source, task.config.rules(), task.config, project_of(task.path))


def lost(task: Task) -> FileReport:
    """The report on a file whose process died."""
    return could_not_check(
        task.name, SourceError("the process that checked it died: out of memory, or nested too deeply")
    )
