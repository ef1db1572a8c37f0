"""Turns ``[tool.stripe-lint]`` and the command line into one frozen ``Config``.

A key is one field of ``Config``: its name with dashes is the key, its ``option`` says the default and how a value is
read. Layers are applied in order (defaults, ``pyproject.toml``, command line): a later value replaces an earlier one,
and ``extend-…`` adds to what is there.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from stripe_lint.errors import ConfigError
from stripe_lint.model import Severity
from stripe_lint.sources import absolute, display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stripe_lint.model import Rule

T = TypeVar("T")

TABLE = "stripe-lint"
"""The name of the table below ``[tool]``."""

DEFAULT_EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".hg",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    "__pycache__",
    "__pypackages__",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)
"""What no one means when they check a directory."""


class Place(NamedTuple):
    """Where a value was written: how a message begins, and the directory that its patterns are relative to."""

    prefix: str
    base: Path

    def complain(self, key: str, problem: str) -> ConfigError:
        """The error that says what is wrong with the value of ``key``."""
        return ConfigError(f"{self.prefix}{key}: {problem}")


class Exclusion(NamedTuple):
    """A pattern in the syntax of ``.gitignore``, relative to the directory ``base``."""

    pattern: str
    base: Path


def option(default: T, read: Callable[[object, str, Place], T], *, adds: bool = False) -> T:
    """A key of the configuration. ``read`` gets the raw value, the key and its place; ``adds`` keeps earlier values."""
    value: T = field(default=default, metadata={"read": read, "adds": adds})
    return value


def _strings(value: object, key: str, place: Place) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise place.complain(key, f"must be a list of strings, not {_describe(value)}")
    return tuple(value)


def _selectors(value: object, key: str, place: Place) -> tuple[str, ...]:
    from stripe_lint.catalogue import resolve_selector

    try:
        return tuple(resolve_selector(item) for item in _strings(value, key, place))
    except ConfigError as error:
        if str(error).startswith(place.prefix + key):
            raise
        raise place.complain(key, str(error)) from error


def _optional_selectors(value: object, key: str, place: Place) -> tuple[str, ...] | None:
    return _selectors(value, key, place)


def _ignored_selectors(value: object, key: str, place: Place) -> tuple[str, ...]:
    from stripe_lint.catalogue import COULD_NOT_CHECK

    selectors = _selectors(value, key, place)
    if COULD_NOT_CHECK.code in selectors:
        raise place.complain(key, f"{COULD_NOT_CHECK.code} can't be ignored: it says that a file was not checked")
    return selectors


def _exclusions(value: object, key: str, place: Place) -> tuple[Exclusion, ...]:
    return tuple(Exclusion(pattern, place.base) for pattern in _strings(value, key, place))


def _severity(value: object, key: str, place: Place) -> Severity:
    labels = {severity.label: severity for severity in Severity}
    if not isinstance(value, str) or value not in labels:
        raise place.complain(key, f"must be {_one_of(list(labels))}, not {_describe(value)}")
    return labels[value]


def _boolean(value: object, key: str, place: Place) -> bool:
    if not isinstance(value, bool):
        raise place.complain(key, f"must be true or false, not {_describe(value)}")
    return value


def _stripe_version(value: object, key: str, place: Place) -> str:
    from stripe_lint.manifests.requirement import requirement_of

    if not isinstance(value, str):
        raise place.complain(key, f"must be a version or a range of versions, not {_describe(value)}")
    try:
        requirement_of(value)
    except ValueError as error:
        raise place.complain(key, f'"{value}" is no version (12.5.1) and no range of versions (>=12,<14)') from error
    return value


def _count(value: object, key: str, place: Place) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise place.complain(key, f"must be a number from 0 on, not {_describe(value)}")
    return value


@dataclass(frozen=True, slots=True)
class Config:
    """What applies to a file. Rule selections hold codes and beginnings of codes only; names are resolved.

    ``select`` is ``None`` where nothing was selected and the rules that are on by default apply.
    """

    select: tuple[str, ...] | None = option(None, _optional_selectors)
    extend_select: tuple[str, ...] = option((), _selectors, adds=True)
    ignore: tuple[str, ...] = option((), _ignored_selectors)
    exclude: tuple[Exclusion, ...] = option(tuple(Exclusion(name, Path("/")) for name in DEFAULT_EXCLUDE), _exclusions)
    extend_exclude: tuple[Exclusion, ...] = option((), _exclusions, adds=True)
    fail_on: Severity = option(Severity.WARNING, _severity)
    include_tests: bool = option(False, _boolean)
    stripe_version: str | None = option(None, _stripe_version)
    max_majors_behind: int = option(2, _count)

    def with_layer(self, values: Mapping[str, object], place: Place) -> Config:
        """This configuration with ``values`` (raw, by key) on top.

        A layer that selects rules starts the choice of rules anew. Raises ``ConfigError`` for an unknown key, a value
        of the wrong type or an unknown rule.
        """
        known = {each.name.replace("_", "-"): each for each in fields(self)}
        for key in values:
            if key not in known:
                raise ConfigError(f'{place.prefix}unknown key "{key}"{_nearest(key, known)}')
        changes: dict[str, Any] = {}
        if "select" in values:
            changes = {"extend_select": (), "ignore": ()}
        for key, described in known.items():
            if key not in values:
                continue
            value = described.metadata["read"](values[key], key, place)
            if described.metadata["adds"]:
                value = changes.get(described.name, getattr(self, described.name)) + value
            changes[described.name] = value
        return replace(self, **changes)

    def rules(self) -> tuple[Rule, ...]:
        """The rules that are on, sorted by code."""
        from stripe_lint.catalogue import select_rules

        return select_rules(self)


class Configurations:
    """Which configuration applies where: the nearest ``pyproject.toml`` with our table, and a layer on top of it."""

    def __init__(
        self, explicit: Path | None = None, layer: Mapping[str, object] | None = None, place: Place | None = None
    ) -> None:
        """Checks the layer, and the explicit file if there is one.

        ``explicit`` names the one file to use everywhere instead of the nearest. ``layer`` holds raw values by key,
        written at ``place``. Raises ``ConfigError`` for what is not valid in them.
        """
        self._layer = dict(layer or {})
        self._place = place or Place("", Path.cwd())
        self._known: dict[Path, Config] = {}
        self._explicit: Config | None = None
        Config().with_layer(self._layer, self._place)
        if explicit is not None:
            table = read_table(explicit)
            if table is None:
                raise ConfigError(f"{display_name(explicit)}: there is no [tool.{TABLE}] table")
            self._explicit = self._on_top(_from_table(table, explicit))

    def at(self, directory: Path) -> Config:
        """The configuration for the files that lie directly in the absolute ``directory``.

        Raises ``ConfigError`` for what is not valid in the nearest table, and for a broken file on the way to it.
        """
        if self._explicit is not None:
            return self._explicit
        if directory not in self._known:
            self._known[directory] = self._look_up(directory)
        return self._known[directory]

    def _look_up(self, directory: Path) -> Config:
        path = directory / "pyproject.toml"
        table = read_table(path) if path.is_file() else None
        if table is not None:
            return self._on_top(_from_table(table, path))
        if directory.parent == directory:
            return self._on_top(Config())
        return self.at(directory.parent)

    def _on_top(self, config: Config) -> Config:
        return config.with_layer(self._layer, self._place)


def read_table(path: Path) -> dict[str, object] | None:
    """The raw ``[tool.stripe-lint]`` of the TOML file ``path``, ``None`` if it has none.

    Raises ``ConfigError`` if the file can't be read or is no TOML.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    name = display_name(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{name}: can't be read: {error.strerror}") from error
    except RecursionError as error:
        raise ConfigError(f"{name}: not valid TOML: nested too deeply") from error
    except ValueError as error:
        raise ConfigError(f"{name}: not valid TOML: {error}") from error
    tool = document.get("tool", {})
    if not isinstance(tool, dict) or TABLE not in tool:
        return None
    table = tool[TABLE]
    if not isinstance(table, dict):
        raise ConfigError(f"{name}: tool.{TABLE} must be a table, not {_describe(table)}")
    return table


def _from_table(table: dict[str, object], path: Path) -> Config:
    return Config().with_layer(table, Place(f"{display_name(path)}: [tool.{TABLE}] ", absolute(path).parent))


def _describe(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "a list with other things in it"
    return "a table" if isinstance(value, dict) else f"{value}"


def _one_of(labels: list[str]) -> str:
    return ", ".join(labels[:-1]) + f" or {labels[-1]}"


def _nearest(key: str, known: Mapping[str, object]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key.replace("_", "-"), known, 1, 0)
    return f'; did you mean "{near[0]}"?' if near else ""
