"""The flake8 plugin: hands flake8's tree and lines to the engine, and the engine's findings to flake8.

Selecting, ignoring and ``# noqa`` are flake8's business. What flake8 can't do well is done here: rules that are off by
default never run unless ``--stripe-extend-select`` names them, since a user's plain ``ignore =`` or ``select = STP``
would otherwise switch them on.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_lint import __version__
from stripe_lint.errors import ConfigError
from stripe_lint.sources import absolute, concerns_stripe

if TYPE_CHECKING:
    import ast
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from flake8.options.manager import OptionManager

    from stripe_lint.config import Config, Configurations
    from stripe_lint.model import Finding

Violation = tuple[int, int, str, type["Plugin"]]
"""What flake8 takes: line from 1, column from 0, code and message in one string, the plugin."""


class Plugin:
    """Asks the engine about one file that flake8 has read and parsed."""

    name = "stripe-lint"
    version = __version__

    def __init__(self, tree: ast.Module, filename: str, lines: Sequence[str], options: Namespace) -> None:
        """Takes what flake8 offers under these names; ``tree`` is shared with other plugins and is never written to."""
        self._tree = tree
        self._filename = filename
        self._lines = lines
        self._options = options

    @classmethod
    def add_options(cls, manager: OptionManager) -> None:
        """Declares the options, for the command line and for flake8's own configuration files."""
        manager.add_option(
            "--stripe-extend-select",
            parse_from_config=True,
            comma_separated_list=True,
            default=None,
            metavar="RULES",
            help="Rules to switch on that are off by default: codes, beginnings of codes, or names.",
        )
        manager.add_option(
            "--stripe-fail-on",
            parse_from_config=True,
            default=None,
            metavar="SEVERITY",
            help="Show findings from this severity on: info, warning (the default) or error.",
        )
        manager.add_option(
            "--stripe-config",
            parse_from_config=True,
            normalize_paths=True,
            default=None,
            metavar="FILE",
            help="The TOML file with the [tool.stripe-lint] table, instead of the nearest pyproject.toml.",
        )
        manager.add_option(
            "--stripe-include-tests",
            parse_from_config=True,
            action="store_true",
            default=None,
            help="Report in test code what is otherwise reported in other code only.",
        )

    @classmethod
    def parse_options(cls, manager: OptionManager, options: Namespace, files: Sequence[str]) -> None:  # noqa: ARG003
        """Stops flake8 with one clear line where the configuration is not valid."""
        try:
            _configurations(options).at(Path.cwd())
        except ConfigError as error:
            from flake8.exceptions import ExecutionError

            raise ExecutionError(f"stripe-lint: {error}") from error

    def run(self) -> Iterator[Violation]:
        """The findings at or above the severity that was asked for."""
        text = "".join(self._lines)
        if not concerns_stripe(text):
            return
        try:
            for finding, column in _findings(self._tree, self._filename, text, self._options):
                yield finding.span.line, column, f"{finding.code} {finding.message}", type(self)
        except Exception as error:
            # An exception here would end flake8's whole run, for every plugin.
            _warn(self._filename, f"{type(error).__name__}: {error}")


def _findings(tree: ast.Module, filename: str, text: str, options: Namespace) -> Iterator[tuple[Finding, int]]:
    """The findings to show, each with its column in characters from 0."""
    from stripe_lint.catalogue import COULD_NOT_CHECK
    from stripe_lint.engine import find_in, project_of
    from stripe_lint.parsing import has_except_star, tree_of
    from stripe_lint.positions import characters
    from stripe_lint.sources import Source
    from stripe_lint.suppression_marks import holds_directive

    path = absolute(filename)
    config = _config_for(path, options)
    source = Source(path, filename, text, text.encode("utf-8", "surrogatepass"))
    lines = source.lines
    if has_except_star(text):
        # the analysis knows only ``except``, and flake8's tree is not ours to change
        tree = tree_of(text)
    findings = find_in(source, tree, config.rules(), config, project_of(path, config))
    comments = None
    if findings and holds_directive(text):
        from stripe_lint.suppressions import Suppressions

        comments = Suppressions(text)
    for finding in findings:
        if finding.code == COULD_NOT_CHECK.code:
            _warn(filename, finding.message)
        elif comments is not None and comments.cover_by_directive(finding.code, finding.name, finding.span.line):
            continue
        elif finding.severity.value >= config.fail_on.value:
            yield finding, characters(lines[finding.span.line - 1], finding.span.column)


def _config_for(path: Path, options: Namespace) -> Config:
    """What applies to the file, without the choices that are flake8's alone."""
    config = _configurations(options).at(path.parent)
    ignoring_nothing = config._replace(select=None, ignore=(), per_file_ignores=(), extend_per_file_ignores=())
    return ignoring_nothing._replace(exclude=(), extend_exclude=())


def _configurations(options: Namespace) -> Configurations:
    extend_select = options.stripe_extend_select
    return _configurations_with(
        options.stripe_config,
        None if extend_select is None else tuple(extend_select),
        options.stripe_fail_on,
        options.stripe_include_tests,
    )


@cache
def _configurations_with(
    file: str | None, extend_select: tuple[str, ...] | None, fail_on: str | None, include_tests: bool | None
) -> Configurations:
    from stripe_lint.config import Configurations
    from stripe_lint.options import Place

    given = {
        "extend-select": None if extend_select is None else list(extend_select),
        "fail-on": fail_on,
        "include-tests": include_tests,
    }
    layer = {key: value for key, value in given.items() if value is not None}
    return Configurations(None if file is None else Path(file), layer, Place("--stripe-", Path.cwd()))


def _warn(filename: str, problem: str) -> None:
    print(f"stripe-lint: {filename} could not be checked: {problem}", file=sys.stderr)
