"""``stripe-lint config``: prints what applies to a path and where each value was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stripe_lint.cli.pipes import quiet_when_reader_leaves
from stripe_lint.config import Configurations, keys
from stripe_lint.engine import applicable_rules
from stripe_lint.errors import SourceError
from stripe_lint.model import Severity, Subject
from stripe_lint.options import FileIgnores, Place, file_ignores, severities
from stripe_lint.patterns import Pattern
from stripe_lint.sources import absolute, display_name, find_root
from stripe_lint.test_code import is_test_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.config import Config, Layer

_TABLES = (file_ignores, severities)
"""How the values are read that are tables in TOML."""


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Read the configuration from here.")
def command(path: Path, config: Path | None) -> None:
    """Print what applies to PATH, and where it comes from.

    PATH is a file or a directory, by default the current one.
    """
    path = absolute(path)
    if not path.exists():
        raise SourceError(f"{display_name(path)}: there is no such file or directory")
    configurations = Configurations(config, {}, Place("--", Path.cwd()))
    directory = path if path.is_dir() else path.parent
    with quiet_when_reader_leaves():
        for line in _lines(path, configurations.at(directory), configurations.layers_at(directory)):
            click.echo(line)


def _lines(path: Path, config: Config, layers: list[Layer]) -> Iterator[str]:
    files = [layer.place.name for layer in layers[:-1]]
    yield f"path: {display_name(path)}"
    yield f"project: {display_name(find_root(path if path.is_file() else path / 'any.py'))}"
    yield f"configuration: {', then '.join(files) if files else 'none found, so the defaults apply'}"
    if path.is_file():
        yield f"test code: {'yes' if is_test_code(path) else 'no'}"
        rules = config.rules_for(path)
        asked = [rule for subject in Subject for rule in applicable_rules(path, rules, config, subject)]
        yield f"rules: {' '.join(sorted(rule.code for rule in asked)) or 'none'}"
    else:
        yield f"rules: {' '.join(rule.code for rule in config.rules()) or 'none'}"
    yield ""
    for key, option in keys().items():
        origin = _origin(key, adds=option.adds, layers=layers)
        value = getattr(config, key.replace("-", "_"))
        shown = "{}" if value == () and option.read in _TABLES else _shown(value)
        yield f"{key} = {shown}  # {origin}"


def _origin(key: str, *, adds: bool, layers: list[Layer]) -> str:
    writers = [layer.place.name for layer in layers if key in layer.values]
    if not writers:
        return "default"
    return ", ".join(writers) if adds else writers[-1]


def _shown(value: object) -> str:
    """A value as it is written in TOML; what is not set is a comment's business."""
    if value is None:
        return "(not set)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Severity):
        return f'"{value.label}"'
    if isinstance(value, Pattern):
        return _shown(value.pattern)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, frozenset):
        return _shown(tuple(sorted(value)))
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, tuple):
        raise TypeError(value)
    if value and isinstance(value[0], FileIgnores):
        return _table((each.files.pattern, each.selectors) for each in value)
    if value and isinstance(value[0], tuple) and not isinstance(value[0], Pattern):
        return _table(value)
    return f"[{', '.join(map(_shown, value))}]"


def _table(items: Iterator[tuple[str, object]] | tuple[tuple[str, object], ...]) -> str:
    return "{ " + ", ".join(f"{_shown(key)} = {_shown(value)}" for key, value in items) + " }"
