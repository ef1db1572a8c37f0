"""Turns ``[tool.stripe-lint]`` and the command line into one frozen ``Config``.

A key is one field of ``Config``: its name with dashes is the key, its ``Option`` says how a value is read. Layers are
applied in order (defaults, what the nearest ``pyproject.toml`` extends, that file, command line): a later value
replaces an earlier one, and ``extend-…`` adds to what is there.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_type_hints

from stripe_lint import options
from stripe_lint.errors import ConfigError
from stripe_lint.model import Conventions, Severity
from stripe_lint.options import FileIgnores, Place
from stripe_lint.patterns import Pattern, matches
from stripe_lint.sources import absolute, display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stripe_lint.model import Rule

TABLE = "stripe-lint"
"""The name of the table below ``[tool]``."""

EXTEND = "extend"
"""The key that names another file whose table comes first; it is about files, so no field of ``Config``."""

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

_EXCLUDED_EVERYWHERE = tuple(Pattern(name, Path("/")) for name in DEFAULT_EXCLUDE)


class Option(NamedTuple):
    """How a value is read: ``read`` gets it raw, with the key and its place; ``adds`` keeps earlier values."""

    read: "Callable[[object, str, Place], object]"
    adds: bool = False


class Config(NamedTuple):
    """What applies to a file. Rule selections hold codes and beginnings of codes only; names are resolved.

    ``select`` is ``None`` where nothing was selected and the rules that are on by default apply.
    """

    select: Annotated[tuple[str, ...] | None, Option(options.optional_selectors)] = None
    extend_select: Annotated[tuple[str, ...], Option(options.selectors, adds=True)] = ()
    ignore: Annotated[tuple[str, ...], Option(options.ignored_selectors)] = ()
    per_file_ignores: Annotated[tuple[FileIgnores, ...], Option(options.file_ignores)] = ()
    extend_per_file_ignores: Annotated[tuple[FileIgnores, ...], Option(options.file_ignores, adds=True)] = ()
    severity: Annotated[tuple[tuple[str, Severity], ...], Option(options.severities)] = ()
    exclude: Annotated[tuple[Pattern, ...], Option(options.patterns)] = _EXCLUDED_EVERYWHERE
    extend_exclude: Annotated[tuple[Pattern, ...], Option(options.patterns, adds=True)] = ()
    fail_on: Annotated[Severity, Option(options.severity)] = Severity.WARNING
    include_tests: Annotated[bool, Option(options.boolean)] = False
    require_reason: Annotated[bool, Option(options.boolean)] = False
    verifiers: Annotated[frozenset[str], Option(options.python_names)] = frozenset()
    mutating_calls: Annotated[frozenset[str], Option(options.python_names)] = frozenset()
    retry_decorators: Annotated[frozenset[str], Option(options.python_names)] = frozenset()
    response_functions: Annotated[frozenset[str], Option(options.python_names)] = frozenset()
    webhook_paths: Annotated[tuple[str, ...], Option(options.strings)] = ()
    stripe_version: Annotated[str | None, Option(options.version)] = None
    max_majors_behind: Annotated[int, Option(options.count)] = 2

    def with_layer(self, values: "Mapping[str, object]", place: Place) -> "Config":
        """This configuration with ``values`` (raw, by key) on top.

        A layer that selects rules starts the choice of rules anew. Raises ``ConfigError`` for an unknown key, a value
        of the wrong type or an unknown rule.
        """
        if not values:
            return self
        known = keys()
        for key in values:
            if key not in known:
                raise ConfigError(f'{place.prefix}unknown key "{key}"{options.nearest(key, {**known, EXTEND: None})}')
        changes: dict[str, Any] = {}
        if "select" in values:
            changes = {"extend_select": (), "ignore": ()}
        if "per-file-ignores" in values:
            changes["extend_per_file_ignores"] = ()
        for key, option in known.items():
            if key not in values:
                continue
            name = key.replace("-", "_")
            value: Any = option.read(values[key], key, place)
            if option.adds:
                value = changes.get(name, getattr(self, name)) + value
            changes[name] = value
        return self._replace(**changes)

    def rules(self) -> "tuple[Rule, ...]":
        """The rules that are on, sorted by code."""
        from stripe_lint.catalogue import select_rules

        return select_rules(self)

    def rules_for(self, path: Path) -> "tuple[Rule, ...]":
        """The rules that are on for the file at the absolute ``path``, sorted by code."""
        ignores = (*self.per_file_ignores, *self.extend_per_file_ignores)
        if not ignores:
            return self.rules()
        off = tuple(selector for each in ignores if _covers(each.files, path) for selector in each.selectors)
        return tuple(rule for rule in self.rules() if not rule.code.startswith(off)) if off else self.rules()

    def severity_of(self, code: str) -> Severity | None:
        """The severity that every finding of a rule is to have, ``None`` where each has its own."""
        fitting = [(len(selector), severity) for selector, severity in self.severity if code.startswith(selector)]
        return max(fitting, key=lambda each: each[0])[1] if fitting else None

    @property
    def conventions(self) -> Conventions:
        """What the analysis has to know of the project."""
        return Conventions(
            self.verifiers,
            self.mutating_calls,
            self.retry_decorators,
            self.response_functions,
            self.webhook_paths,
            self.stripe_version,
            self.include_tests,
        )


def keys() -> dict[str, Option]:
    """All keys of the configuration, in the order of the fields of ``Config``."""
    hints = get_type_hints(Config, include_extras=True)
    return {name.replace("_", "-"): hints[name].__metadata__[0] for name in Config._fields}


def _covers(pattern: Pattern, path: Path) -> bool:
    """Whether ``pattern`` matches ``path`` or a directory around it."""
    folders = (folder for folder in path.parents if folder.is_relative_to(pattern.base) and folder != pattern.base)
    return matches((pattern,), path, is_directory=False) or any(
        matches((pattern,), folder, is_directory=True) for folder in folders
    )


class Layer(NamedTuple):
    """The raw values that one place gives."""

    values: "Mapping[str, object]"
    place: Place


class Configurations:
    """Which configuration applies where: the nearest ``pyproject.toml`` with our table, and a layer on top of it."""

    def __init__(
        self, explicit: Path | None = None, layer: "Mapping[str, object] | None" = None, place: Place | None = None
    ) -> None:
        """Checks the layer, and the explicit file if there is one.

        ``explicit`` names the one file to use everywhere instead of the nearest. ``layer`` holds raw values by key,
        written at ``place``. Raises ``ConfigError`` for what is not valid in them.
        """
        self._top = Layer(dict(layer or {}), place or Place("", Path.cwd()))
        self._known: dict[Path, Config] = {}
        self._explicit: Config | None = None
        self._explicit_file = None if explicit is None else absolute(explicit)
        Config().with_layer(*self._top)
        if self._explicit_file is not None:
            self._explicit = _folded(self.layers_at(self._explicit_file.parent))

    def at(self, directory: Path) -> Config:
        """The configuration for the files that lie directly in the absolute ``directory``.

        Raises ``ConfigError`` for what is not valid in the nearest table, and for a broken file on the way to it.
        """
        if self._explicit is not None:
            return self._explicit
        if directory not in self._known:
            self._known[directory] = self._look_up(directory)
        return self._known[directory]

    def layers_at(self, directory: Path) -> list[Layer]:
        """What gives the configuration of the absolute ``directory``, in the order in which it is applied.

        Raises as ``at`` does.
        """
        if self._explicit_file is not None:
            return [*_layers_of(self._explicit_file), self._top]
        for candidate in (directory, *directory.parents):
            path = candidate / "pyproject.toml"
            if path.is_file() and read_table(path) is not None:
                return [*_layers_of(path), self._top]
        return [self._top]

    def _look_up(self, directory: Path) -> Config:
        path = directory / "pyproject.toml"
        if directory.parent != directory and (not path.is_file() or read_table(path) is None):
            return self.at(directory.parent)
        return _folded(self.layers_at(directory))


def _folded(layers: list[Layer]) -> Config:
    config = Config()
    for layer in layers:
        config = config.with_layer(*layer)
    return config


def _layers_of(path: Path, extending: tuple[Path, ...] = ()) -> list[Layer]:
    """The table of the absolute ``path`` after those that it extends."""
    table = read_table(path)
    name = display_name(path)
    place = Place(f"{name}: [tool.{TABLE}] ", path.parent, name)
    if table is None:
        because = f", and {display_name(extending[-1])} extends it" if extending else ""
        raise ConfigError(f"{name}: there is no [tool.{TABLE}] table{because}")
    values = dict(table)
    base = values.pop(EXTEND, None)
    if base is None:
        return [Layer(values, place)]
    if not isinstance(base, str):
        raise place.complain(EXTEND, f"must be the path of a TOML file, not {options.describe(base)}")
    other = absolute(path.parent / base)
    if other in (*extending, path):
        raise place.complain(EXTEND, f'"{base}" leads back to this file')
    if not other.is_file():
        raise place.complain(EXTEND, f'there is no file "{base}"')
    return [*_layers_of(other, (*extending, path)), Layer(values, place)]


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
        text = path.read_text(encoding="utf-8")
        if text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}"):
            raise ConfigError(f"{name}: begins with a byte order mark, which no TOML may; save it as UTF-8 without")
        document = tomllib.loads(text)
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
        raise ConfigError(f"{name}: tool.{TABLE} must be a table, not {options.describe(table)}")
    return table
