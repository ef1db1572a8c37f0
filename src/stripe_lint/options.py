"""What a value in ``[tool.stripe-lint]`` or of an option may be: each function here reads and checks one kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.errors import ConfigError
from stripe_lint.model import Severity
from stripe_lint.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Place(NamedTuple):
    """Where a value was written: how a message begins, the directory that its patterns are relative to, and a name."""

    prefix: str
    base: Path
    name: str = "the command line"

    def complain(self, key: str, problem: str) -> ConfigError:
        """The error that says what is wrong with the value of ``key``."""
        return ConfigError(f"{self.prefix}{key}: {problem}")


class FileIgnores(NamedTuple):
    """The rules that are off for the files that match a pattern."""

    files: Pattern
    selectors: tuple[str, ...]


def strings(value: object, key: str, place: Place) -> tuple[str, ...]:
    """A list of strings."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise place.complain(key, f"must be a list of strings, not {describe(value)}")
    return tuple(value)


def selectors(value: object, key: str, place: Place) -> tuple[str, ...]:
    """Codes of rules, beginnings of codes and names, as codes and beginnings."""
    return tuple(_selector(item, key, place) for item in strings(value, key, place))


def optional_selectors(value: object, key: str, place: Place) -> tuple[str, ...] | None:
    """The same where saying nothing means something else than an empty list."""
    return selectors(value, key, place)


def ignored_selectors(value: object, key: str, place: Place) -> tuple[str, ...]:
    """Selectors of rules that may be ignored."""
    from stripe_lint.catalogue import COULD_NOT_CHECK

    found = selectors(value, key, place)
    if COULD_NOT_CHECK.code in found:
        raise place.complain(key, f"{COULD_NOT_CHECK.code} can't be ignored: it says that a file was not checked")
    return found


def patterns(value: object, key: str, place: Place) -> tuple[Pattern, ...]:
    """Patterns of files, relative to where they are written."""
    return tuple(Pattern(pattern, place.base) for pattern in strings(value, key, place))


def file_ignores(value: object, key: str, place: Place) -> tuple[FileIgnores, ...]:
    """A table from patterns of files to the rules that are off there."""
    return tuple(
        FileIgnores(Pattern(pattern, place.base), ignored_selectors(items, f'{key}."{pattern}"', place))
        for pattern, items in _table(value, key, place).items()
    )


def severities(value: object, key: str, place: Place) -> tuple[tuple[str, Severity], ...]:
    """A table from rules to the severity that their findings have."""
    found = {}
    for selector, label in _table(value, key, place).items():
        (code,) = ignored_selectors([selector], key, place)
        found[code] = severity(label, f"{key}.{selector}", place)
    return tuple(sorted(found.items()))


def severity(value: object, key: str, place: Place) -> Severity:
    """One of the severities."""
    labels = {severity.label: severity for severity in Severity}
    if not isinstance(value, str) or value not in labels:
        raise place.complain(key, f"must be {_one_of(list(labels))}, not {describe(value)}")
    return labels[value]


def boolean(value: object, key: str, place: Place) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise place.complain(key, f"must be true or false, not {describe(value)}")
    return value


def count(value: object, key: str, place: Place) -> int:
    """A whole number from 0 on."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise place.complain(key, f"must be a number from 0 on, not {describe(value)}")
    return value


def python_names(value: object, key: str, place: Place) -> frozenset[str]:
    """Names of functions, methods or classes, dotted or not."""
    names = strings(value, key, place)
    for name in names:
        if not name or not all(part.isidentifier() for part in name.split(".")):
            raise place.complain(key, f'must hold names such as "shop.payments.charge", not {describe(name)}')
    return frozenset(names)


def version(value: object, key: str, place: Place) -> str:
    """A version of stripe, or a requirement on it."""
    from stripe_lint.manifests.requirement import requirement_of

    if not isinstance(value, str) or not value.strip():
        raise place.complain(key, f"must be a version or a range of versions, not {describe(value)}")
    try:
        requirement_of(value)
    except ValueError as error:
        raise place.complain(key, f'"{value}" is no version (12.5.1) and no range of versions (>=12,<14)') from error
    return value


def describe(value: object) -> str:
    """A value as a message shows it."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "a list with other things in it"
    return "a table" if isinstance(value, dict) else f"{value}"


def nearest(key: str, known: Mapping[str, object]) -> str:
    """The hint that names the known key which is most like ``key``, or where to find them all."""
    from difflib import get_close_matches

    near = get_close_matches(key.replace("_", "-"), known, 1)
    return f'; did you mean "{near[0]}"?' if near else "; `stripe-lint config` lists them"


def _selector(item: str, key: str, place: Place) -> str:
    from stripe_lint.catalogue import resolve_selector

    try:
        return resolve_selector(item)
    except ConfigError as error:
        raise place.complain(key, str(error)) from error


def _table(value: object, key: str, place: Place) -> dict[str, object]:
    if not isinstance(value, dict):
        raise place.complain(key, f"must be a table, not {describe(value)}")
    return value


def _one_of(labels: list[str]) -> str:
    return ", ".join(labels[:-1]) + f" or {labels[-1]}"
