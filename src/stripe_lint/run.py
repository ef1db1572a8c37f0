"""Runs the engine over the files that a user means, in several processes where that is faster."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from stripe_lint.config import Config, Configurations
from stripe_lint.discovery import discover, is_excluded
from stripe_lint.engine import FileReport, Place, check_manifest, check_source, could_not_check, project_of
from stripe_lint.errors import ConfigError, SourceError
from stripe_lint.manifests.kinds import Kind, kind_of_named, may_be_included
from stripe_lint.sources import concerns_stripe, decode, display_name, is_regular, read_bytes, read_file, reject_binary

if TYPE_CHECKING:
    from stripe_lint.manifests.knowledge import Knowledge

T = TypeVar("T")
R = TypeVar("R")

PARALLEL_FROM = 50
"""From this number of files on that are to be parsed, starting other processes pays."""


class Report(NamedTuple):
    """What a run found: one report for each file that was looked into, in the order of the files.

    ``found`` counts the Python files, and the manifests that speak of the package ``stripe``; ``skipped`` the Python
    files that do not mention Stripe and were only read. ``empty`` names directories with nothing to count. ``notes``
    are lines for the user about the run as a whole; ``baselined`` counts the findings that a baseline has taken out.
    """

    files: tuple[FileReport, ...]
    found: int
    skipped: int
    empty: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    baselined: int = 0

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


class ManifestTask(NamedTuple):
    """One manifest to look at: where it is, its bytes and its kind."""

    place: Place
    data: bytes
    kind: Kind


class Work(NamedTuple):
    """What there is to do: ``failures`` are reports on what can't be done, ``order`` are all paths as they came.

    ``found`` and ``skipped`` count Python files, ``empty`` are directories without any; ``manifests`` come on top.
    """

    tasks: tuple[Task, ...]
    failures: Mapping[Path, FileReport]
    order: tuple[Path, ...]
    found: int
    skipped: int
    empty: tuple[Path, ...] = ()
    manifests: tuple[ManifestTask, ...] = ()


def check_paths(
    paths: Sequence[Path],
    configurations: Configurations,
    *,
    jobs: int | None = None,
    force_exclude: bool = False,
    online: bool = False,
) -> Report:
    """Checks files and everything below directories.

    ``jobs`` is the number of processes, by default one for each processor when there is enough to do. ``online`` asks
    the package index and OSV about ``stripe`` where there is a manifest that names it. What can't be checked is in the
    report; only a configuration that is broken everywhere raises, when ``configurations`` is made.
    """
    work = tasks_in_paths(paths, configurations, force_exclude=force_exclude)
    checked = map_tasks(_check, work.tasks, jobs, lost)
    manifests, notes = _check_manifests(work.manifests, configurations, online=online)
    reports = {**dict(zip((task.path for task in work.tasks), checked, strict=True)), **manifests, **work.failures}
    return Report(
        files=tuple(reports[path] for path in work.order if path in reports),
        found=work.found + len(manifests),
        skipped=work.skipped,
        empty=tuple(
            display_name(folder) for folder in work.empty if not any(path.is_relative_to(folder) for path in manifests)
        ),
        notes=notes,
    )


def check_text(
    data: bytes,
    path: Path,
    name: str,
    configurations: Configurations,
    *,
    force_exclude: bool = False,
    online: bool = False,
) -> Report:
    """Checks bytes that are not read from the absolute ``path`` but belong there."""
    work = tasks_in_text(data, path, name, configurations, force_exclude=force_exclude)
    manifests, notes = _check_manifests(work.manifests, configurations, online=online)
    reports = (*map(_check, work.tasks), *manifests.values(), *work.failures.values())
    return Report(reports, found=work.found + len(manifests), skipped=work.skipped, notes=notes)


def tasks_in_paths(paths: Sequence[Path], configurations: Configurations, *, force_exclude: bool) -> Work:
    """The files that ``paths`` mean, those left out that do not concern Stripe."""
    discovery = discover(paths, configurations, force_exclude=force_exclude)
    tasks: list[Task] = []
    manifests: list[ManifestTask] = []
    failures = {path: could_not_check(display_name(path), error) for path, error in discovery.problems}
    found = skipped = 0
    # what is installed by a list is asked of it, wherever it is written; it is reported there, and once
    included = _included_lists(discovery.files, configurations)
    order = tuple(dict.fromkeys((*discovery.files, *included)))
    for path in order:
        kind = Kind.REQUIREMENTS if path in included else kind_of_named(path)
        task = _prepare(path, kind, configurations)
        is_code = kind is None
        found += is_code or isinstance(task, FileReport)
        if isinstance(task, Task):
            tasks.append(task)
        elif isinstance(task, ManifestTask):
            manifests.append(task)
        elif task is not None:
            failures[path] = task
        else:
            skipped += is_code
    return Work(
        tasks=tuple(tasks),
        failures=failures,
        order=(*dict(discovery.problems), *order),
        found=found,
        skipped=skipped,
        empty=discovery.empty,
        manifests=tuple(manifests),
    )


def tasks_in_text(data: bytes, path: Path, name: str, configurations: Configurations, *, force_exclude: bool) -> Work:
    """What there is to do for bytes that belong to the absolute ``path``."""
    if force_exclude and is_excluded(path, configurations):
        return Work((), {}, (path,), found=0, skipped=0)
    try:
        task = _gate(data, path, name, kind_of_named(path), configurations)
    except (SourceError, ConfigError) as error:
        return Work((), {path: could_not_check(name, error)}, (path,), found=1, skipped=0)
    if task is None:
        return Work((), {}, (path,), found=1, skipped=1)
    if isinstance(task, ManifestTask):
        return Work((), {}, (path,), found=0, skipped=0, manifests=(task,))
    return Work((task,), {}, (path,), found=1, skipped=0)


def _prepare(path: Path, kind: Kind | None, configurations: Configurations) -> Task | ManifestTask | FileReport | None:
    """What there is to do for a file: a task, nothing at all (``None``), or only to say why it can't be checked."""
    name = display_name(path)
    try:
        data = read_bytes(path) if kind is None else read_file(path)
        return _gate(data, path, name, kind, configurations)
    except (SourceError, ConfigError) as error:
        return could_not_check(name, error)


def _included_lists(files: Sequence[Path], configurations: Configurations) -> dict[Path, None]:
    """The lists of requirements that manifests among ``files`` include, and these in turn, whatever they are called."""
    waiting = [(path, kind) for path in files if (kind := kind_of_named(path)) is not None]
    included: dict[Path, None] = {}
    for path, kind in waiting:
        for each in _included_by(path, kind):
            if each not in included and not is_excluded(each, configurations):
                included[each] = None
                waiting.append((each, Kind.REQUIREMENTS))
    return included


def _included_by(path: Path, kind: Kind) -> list[Path]:
    """The lists of requirements that a manifest includes and that are there."""
    from stripe_lint.manifests.reading import included_by

    try:
        data = read_file(path)
    except SourceError:
        return []
    return [each for each in included_by(data, path, kind) if may_be_included(each) and is_regular(each)]


def _gate(
    data: bytes, path: Path, name: str, kind: Kind | None, configurations: Configurations
) -> Task | ManifestTask | None:
    if kind is not None:
        from stripe_lint.manifests.reading import mentions_stripe

        return ManifestTask(Place(path, name), data, kind) if mentions_stripe(data) else None
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
    return check_source(source, task.config.rules_for(task.path), task.config, project_of(task.path, task.config))


def _check_manifests(
    tasks: Sequence[ManifestTask], configurations: Configurations, *, online: bool
) -> tuple[dict[Path, FileReport], tuple[str, ...]]:
    """The reports on the manifests that speak of the package, and what to tell the user about the answers from afar."""
    knowledge: Knowledge | None = None
    notes: tuple[str, ...] = ()
    if online and tasks:
        from stripe_lint.manifests.online import ask

        knowledge, notes = ask()
    reports: dict[Path, FileReport] = {}
    for task in tasks:
        folder = task.place.path.parent
        report = check_manifest(task.data, task.place, task.kind, partial(configurations.at, folder), knowledge)
        if report is not None:
            reports[task.place.path] = report
    return reports, notes


def lost(task: Task) -> FileReport:
    """The report on a file whose process died."""
    return could_not_check(
        task.name, SourceError("the process that checked it died: out of memory, or nested too deeply")
    )
