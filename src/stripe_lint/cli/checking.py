"""What ``stripe-lint check`` does once its options are known. Knows nothing of how they are written."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.cli.pipes import quiet_when_reader_leaves
from stripe_lint.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from stripe_lint.baseline import Baseline
    from stripe_lint.config import Configurations
    from stripe_lint.run import Report


class Request(NamedTuple):
    """The options of one check; ``layer`` holds those that have a key in the configuration, raw, by that key.

    ``paths`` is ``None`` for standard input, which ``stdin_filename`` names. ``output`` is ``None`` for standard
    output, ``jobs`` for as many processes as pay. ``baseline`` is the file with the known findings.
    """

    paths: Sequence[Path] | None
    layer: Mapping[str, object] = {}
    config: Path | None = None
    format: str = "text"
    output: Path | None = None
    stdin_filename: Path | None = None
    force_exclude: bool = False
    exit_zero: bool = False
    baseline: Path | None = None
    update_baseline: bool = False
    online: bool = False
    jobs: int | None = None


def check(request: Request) -> int:
    """Checks, reports, and returns the exit code. Raises ``StripeLintError`` where there is nothing to report on."""
    from stripe_lint.config import Configurations
    from stripe_lint.options import Place

    configurations = Configurations(request.config, request.layer, Place("--", Path.cwd()))
    baseline = _baseline(request)
    report = _find(request, configurations)
    if baseline is not None:
        report = _judge(report, baseline, update=request.update_baseline)
    for directory in report.empty:
        sys.stderr.write(f"stripe-lint: no Python files found in {directory}\n")
    for note in report.notes:
        sys.stderr.write(f"stripe-lint: {note}\n")
    _write(report, request)
    if report.failed:
        return 2
    return 1 if not request.exit_zero and any(file.fails for file in report.files) else 0


def _find(request: Request, configurations: "Configurations") -> "Report":
    from stripe_lint.run import check_paths, check_text
    from stripe_lint.sources import absolute, display_name

    if request.paths is None:
        path = absolute(request.stdin_filename or "<stdin>")
        data = sys.stdin.buffer.read()
        return check_text(
            data,
            path,
            display_name(path),
            configurations,
            force_exclude=request.force_exclude,
            online=request.online,
        )
    # A broken configuration around the current directory is the user's own, and worth stopping for.
    configurations.at(Path.cwd())
    paths = request.paths or (Path(),)
    return check_paths(
        paths, configurations, jobs=request.jobs, force_exclude=request.force_exclude, online=request.online
    )


def _baseline(request: Request) -> "Baseline | None":
    """The baseline that was asked for; what is wrong with it shows before the files are checked."""
    if request.baseline is None:
        if request.update_baseline:
            raise ConfigError("--update-baseline: say which file to write with --baseline FILE")
        return None
    from stripe_lint.baseline import read_baseline

    return read_baseline(request.baseline, may_be_missing=request.update_baseline)


def _judge(report: "Report", baseline: "Baseline", *, update: bool) -> "Report":
    if update:
        baseline = baseline.updated(report)
        number = baseline.write()
        sys.stderr.write(f"stripe-lint: {baseline.name} now holds {number} finding{'' if number == 1 else 's'}\n")
    judged = baseline.judge(report)
    for entry, number in judged.stale:
        times = f" ({number} times)" if number > 1 else ""
        sys.stderr.write(
            f"stripe-lint: {baseline.name}: {entry.code} is no longer found in {entry.path}{times};"
            " --update-baseline takes it out\n"
        )
    return judged.report


def _write(report: "Report", request: Request) -> None:
    write: Callable[[Report, TextIO], None] = import_module(f"stripe_lint.reports.{request.format}").write
    if request.output is None:
        with quiet_when_reader_leaves():
            write(report, sys.stdout)
        return
    try:
        with request.output.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            write(report, stream)
    except OSError as error:
        raise ConfigError(f"--output: {request.output} can't be written: {error.strerror}") from error
