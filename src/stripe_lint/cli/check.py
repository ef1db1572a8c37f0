"""``stripe-lint check``: looks for mistakes and reports them."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from stripe_lint.config import Configurations, Place
from stripe_lint.errors import ConfigError
from stripe_lint.model import Severity
from stripe_lint.reports import FORMATS
from stripe_lint.run import Report, check_paths, check_text
from stripe_lint.sources import absolute

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STDIN = "-"


def _split(context: click.Context, parameter: click.Parameter, value: Sequence[str]) -> list[str] | None:  # noqa: ARG001
    """A list option may be repeated, and may hold several values with commas between."""
    if not value:
        return None
    items = [item.strip() for word in value for item in word.split(",") if item.strip()]
    if not items:
        raise click.BadParameter("the list is empty")
    return items


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", help="How to report.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
@click.option("--select", multiple=True, callback=_split, metavar="RULES", help="Check these rules only.")
@click.option("--ignore", multiple=True, callback=_split, metavar="RULES", help="Do not check these rules.")
@click.option("--extend-select", multiple=True, callback=_split, metavar="RULES", help="Check these rules too.")
@click.option("--exclude", multiple=True, callback=_split, metavar="PATTERNS", help="Leave out what matches.")
@click.option("--extend-exclude", multiple=True, callback=_split, metavar="PATTERNS", help="Leave out more.")
@click.option("--force-exclude", is_flag=True, help="Leave out what is excluded even if it is named.")
@click.option("--fail-on", type=click.Choice([severity.label for severity in Severity]), help="What fails the run.")
@click.option("--exit-zero", is_flag=True, help="Findings do not fail the run.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Read the configuration from here.")
@click.option("--stdin-filename", type=click.Path(path_type=Path), metavar="FILE", help="What standard input is.")
@click.option("--include-tests", is_flag=True, default=None, help="Report in test code as in other code.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="NUMBER", help="How many processes to use.")
def command(
    *,
    paths: tuple[Path, ...],
    format_: str,
    output: Path | None,
    force_exclude: bool,
    exit_zero: bool,
    config: Path | None,
    stdin_filename: Path | None,
    jobs: int | None,
    **options: object,
) -> int:
    """Look for mistakes in files and directories.

    Without PATHS the current directory is checked; - reads standard input. RULES are codes (STP101), beginnings of
    codes (STP1) or names, PATTERNS are written as in .gitignore; both may be repeated or separated by commas.

    Exits with 0 if nothing was found, 1 for findings, and 2 if anything could not be checked.
    """
    layer = {key.replace("_", "-"): value for key, value in options.items() if value is not None}
    configurations = Configurations(config, layer, Place("--", Path.cwd()))
    if Path(_STDIN) in paths:
        if len(paths) > 1:
            raise click.UsageError("standard input can't be checked together with other paths")
        report = _check_stdin(stdin_filename, configurations)
    else:
        # A broken configuration around the current directory is the user's own, and worth stopping for.
        configurations.at(Path.cwd())
        report = check_paths(paths or (Path(),), configurations, jobs=jobs, force_exclude=force_exclude)
    for directory in report.empty:
        click.echo(f"stripe-lint: no Python files found in {directory}", err=True)
    _write(report, format_, output)
    if report.failed:
        return 2
    return 1 if not exit_zero and any(file.fails for file in report.files) else 0


def _check_stdin(filename: Path | None, configurations: Configurations) -> Report:
    data = sys.stdin.buffer.read()
    name = "<stdin>" if filename is None else filename.as_posix()
    return check_text(data, absolute(filename or Path(name)), name, configurations)


def _write(report: Report, format_: str, output: Path | None) -> None:
    write: Callable[[Report, TextIO], None] = import_module(f"stripe_lint.reports.{format_}").write
    if output is None:
        write(report, sys.stdout)
        return
    try:
        with output.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            write(report, stream)
    except OSError as error:
        raise ConfigError(f"--output: {output} can't be written: {error.strerror}") from error
