"""``stripe-lint check``: the options of the check."""

from __future__ import annotations

from pathlib import Path

import click

from stripe_lint.cli.checking import Request, check
from stripe_lint.cli.options import STDIN, layer_of, split_list
from stripe_lint.model import Severity
from stripe_lint.reports import FORMATS


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", help="How to report.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
@click.option("--select", multiple=True, callback=split_list, metavar="RULES", help="Check these rules only.")
@click.option("--ignore", multiple=True, callback=split_list, metavar="RULES", help="Do not check these rules.")
@click.option("--extend-select", multiple=True, callback=split_list, metavar="RULES", help="Check these rules too.")
@click.option("--exclude", multiple=True, callback=split_list, metavar="PATTERNS", help="Leave out what matches.")
@click.option("--extend-exclude", multiple=True, callback=split_list, metavar="PATTERNS", help="Leave out more.")
@click.option("--force-exclude", is_flag=True, help="Leave out what is excluded even if it is named.")
@click.option(
    "--fail-on",
    type=click.Choice([severity.label for severity in Severity]),
    help="The least severity that fails the run.",
)
@click.option("--exit-zero", is_flag=True, help="Findings do not fail the run.")
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Report only what is not in FILE.")
@click.option("--update-baseline", is_flag=True, help="Write what is found now into the baseline.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Read the configuration from here.")
@click.option("--stdin-filename", type=click.Path(path_type=Path), metavar="FILE", help="What standard input is.")
@click.option("--include-tests", is_flag=True, default=None, help="Report in test code as in other code.")
@click.option("--require-reason", is_flag=True, default=None, help="Report suppressions without a reason.")
@click.option("--stripe-version", metavar="VERSION", help="The stripe that the code runs with: 12.5.1, or >=12,<15.")
@click.option("--online", is_flag=True, help="Ask the package index and OSV about newer releases and advisories.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="NUMBER", help="How many processes to use.")
def command(
    *,
    paths: tuple[Path, ...],
    format_: str,
    output: Path | None,
    force_exclude: bool,
    exit_zero: bool,
    baseline: Path | None,
    update_baseline: bool,
    online: bool,
    config: Path | None,
    stdin_filename: Path | None,
    jobs: int | None,
    **options: object,
) -> int:
    """Look for mistakes in files and directories.

    Without PATHS the current directory is checked; - reads standard input. RULES are codes (STP101), beginnings of
    codes (STP1) or names, PATTERNS are written as in .gitignore; both may be repeated or separated by commas.

    Exits with 0 if nothing was found that fails the run (see --fail-on, which is warning by default), 1 if something
    was, and 2 if anything could not be checked.
    """
    from_stdin = Path(STDIN) in paths
    if from_stdin and len(paths) > 1:
        raise click.UsageError("standard input can't be checked together with other paths")
    return check(
        Request(
            paths=None if from_stdin else paths,
            layer=layer_of(options),
            config=config,
            format=format_,
            output=output,
            stdin_filename=stdin_filename,
            force_exclude=force_exclude,
            exit_zero=exit_zero,
            baseline=baseline,
            update_baseline=update_baseline,
            online=online,
            jobs=jobs,
        )
    )
