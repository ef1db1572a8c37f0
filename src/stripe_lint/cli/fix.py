"""``stripe-lint fix``: the options of the fix."""

from __future__ import annotations

from pathlib import Path

import click

from stripe_lint.cli.fixing import Request, fix
from stripe_lint.cli.options import STDIN, layer_of, split_list


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--select", multiple=True, callback=split_list, metavar="RULES", help="Fix what these rules find only.")
@click.option("--ignore", multiple=True, callback=split_list, metavar="RULES", help="Do not fix what these rules find.")
@click.option("--extend-select", multiple=True, callback=split_list, metavar="RULES", help="Fix these rules too.")
@click.option("--unsafe-fixes", is_flag=True, help="Also make fixes that may change what a correct program does.")
@click.option("--key-style", type=click.Choice(("uuid", "store")), default="uuid", help="Where new keys come from.")
@click.option("--diff", is_flag=True, help="Write nothing, show changes (no secrets), exit with 1 if there are any.")
@click.option("--check", is_flag=True, help="Write nothing, exit with 1 if something would be fixed.")
@click.option("--exclude", multiple=True, callback=split_list, metavar="PATTERNS", help="Leave out what matches.")
@click.option("--extend-exclude", multiple=True, callback=split_list, metavar="PATTERNS", help="Leave out more.")
@click.option("--force-exclude", is_flag=True, help="Leave out what is excluded even if it is named.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Read the configuration from here.")
@click.option("--stdin-filename", type=click.Path(path_type=Path), metavar="FILE", help="What standard input is.")
@click.option("--stripe-version", metavar="VERSION", help="The stripe that the code runs with: 12.5.1, or >=12,<15.")
@click.option("--include-tests", is_flag=True, default=None, help="Fix test code as other code.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="NUMBER", help="How many processes to use.")
def command(
    *,
    paths: tuple[Path, ...],
    unsafe_fixes: bool,
    key_style: str,
    diff: bool,
    check: bool,
    force_exclude: bool,
    config: Path | None,
    stdin_filename: Path | None,
    jobs: int | None,
    **options: object,
) -> int:
    """Repair what can be repaired in files and directories, and touch nothing else.

    Without PATHS the current directory is fixed; - reads standard input and writes the fixed text to standard output.
    RULES and PATTERNS are those of `stripe-lint check`.

    Exits with 0 if no finding is left that fails a check, 1 if one is (with --diff and --check if something would
    change), and 2 if anything could not be looked at or written.
    """
    from_stdin = Path(STDIN) in paths
    if from_stdin and len(paths) > 1:
        raise click.UsageError("standard input can't be fixed together with other paths")
    return fix(
        Request(
            paths=None if from_stdin else paths,
            layer=layer_of(options),
            unsafe=unsafe_fixes,
            key_style=key_style,
            diff=diff,
            check=check,
            config=config,
            stdin_filename=stdin_filename,
            force_exclude=force_exclude,
            jobs=jobs,
        )
    )
