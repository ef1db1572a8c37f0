"""What ``stripe-lint fix`` does once its options are known. Knows nothing of how they are written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.cli.pipes import quiet_when_reader_leaves

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stripe_lint.config import Configurations
    from stripe_lint.fixing.options import Options
    from stripe_lint.fixing.run import FixReport


class Request(NamedTuple):
    """The options of one run; ``layer`` holds those that have a key in the configuration, raw, by that key.

    ``paths`` is ``None`` for standard input, which ``stdin_filename`` names.
    """

    paths: Sequence[Path] | None
    layer: Mapping[str, object] = {}
    unsafe: bool = False
    key_style: str = "uuid"
    diff: bool = False
    check: bool = False
    config: Path | None = None
    stdin_filename: Path | None = None
    force_exclude: bool = False
    jobs: int | None = None


def fix(request: Request) -> int:
    """Fixes, reports, and returns the exit code. Raises ``StripeLintError`` where there is nothing to report on."""
    from stripe_lint.config import Configurations
    from stripe_lint.fixing.options import options_of
    from stripe_lint.options import Place

    configurations = Configurations(request.config, request.layer, Place("--", Path.cwd()))
    options = options_of(unsafe=request.unsafe, key_style=request.key_style)
    report = _fix_text(request, configurations, options) if request.paths is None else None
    if report is None:
        report = _fix_files(request, configurations, options)
    for directory in report.empty:
        sys.stderr.write(f"stripe-lint: no Python files found in {directory}\n")
    if request.diff:
        _show_changes(report)
    _tell(report, request)
    if report.failed:
        return 2
    if _is_dry(request):
        return 1 if report.changed else 0
    return 1 if any(file.fails for file in report.files) else 0


def _is_dry(request: Request) -> bool:
    """Whether nothing is to be written."""
    return request.diff or request.check


def _fix_text(request: Request, configurations: Configurations, options: Options) -> FixReport:
    """Fixes standard input; what can't be fixed is written to standard output as it came."""
    from stripe_lint.fixing.run import fix_text
    from stripe_lint.sources import absolute, display_name

    path = absolute(request.stdin_filename or "<stdin>")
    data = sys.stdin.buffer.read()
    name = display_name(path)
    report = fix_text(data, path, name, configurations, options, force_exclude=request.force_exclude)
    if not _is_dry(request):
        fixed = next((file.after for file in report.changed), data)
        with quiet_when_reader_leaves():
            sys.stdout.buffer.write(fixed)
            sys.stdout.buffer.flush()
    return report


def _fix_files(request: Request, configurations: Configurations, options: Options) -> FixReport:
    from stripe_lint.fixing.run import fix_paths, write
    from stripe_lint.reports.progress import shown_progress

    # A broken configuration around the current directory is the user's own, and worth stopping for.
    configurations.at(Path.cwd())
    with shown_progress(sys.stderr, "Fixing") as progress:
        report = fix_paths(
            request.paths or (Path(),),
            configurations,
            options,
            jobs=request.jobs,
            force_exclude=request.force_exclude,
            progress=progress,
        )
    return report if _is_dry(request) else write(report)


def _show_changes(report: FixReport) -> None:
    from stripe_lint.reports.fixes import diff
    from stripe_lint.reports.text import printable

    hiding = []
    with quiet_when_reader_leaves():
        for file in report.changed:
            change = diff(file)
            sys.stdout.buffer.write(change.text)
            if change.hides_secrets:
                hiding.append(printable(file.name))
        sys.stdout.buffer.flush()
    for name in hiding:
        sys.stderr.write(f"stripe-lint: {name}: secrets are shown as stars, so that this part can't be applied\n")


def _tell(report: FixReport, request: Request) -> None:
    """Writes the report, to standard error where standard output holds code or a diff."""
    from stripe_lint.reports.fixes import lines

    stream = sys.stderr if request.diff or request.paths is None else sys.stdout
    with quiet_when_reader_leaves():
        stream.writelines(f"{line}\n" for line in lines(report, written=not _is_dry(request)))
