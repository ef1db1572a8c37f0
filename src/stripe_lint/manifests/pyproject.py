"""Reads ``pyproject.toml``: the standard tables, and those of Poetry, PDM, uv, Hatch, Rye, Pixi and setuptools."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from stripe_lint.manifests import entries
from stripe_lint.manifests.dependency import any_version, is_stripe
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.model import Entry, Include, Manifest, Role
from stripe_lint.manifests.toml_document import TomlDocument
from stripe_lint.manifests.versions import parse_poetry_range, parse_range
from stripe_lint.sources import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stripe_lint.manifests.versions import VersionRange

_LISTS: tuple[tuple[str, ...], ...] = (
    ("project", "dependencies"),
    ("tool", "uv", "dev-dependencies"),
    ("tool", "rye", "dev-dependencies"),
    ("tool", "flit", "metadata", "requires"),
)
_CONSTRAINT_LISTS: tuple[tuple[str, ...], ...] = (
    ("tool", "uv", "constraint-dependencies"),
    ("tool", "uv", "override-dependencies"),
)
_TABLES_OF_LISTS: tuple[tuple[str, ...], ...] = (
    ("project", "optional-dependencies"),
    ("dependency-groups",),
    ("tool", "pdm", "dev-dependencies"),
    ("tool", "flit", "metadata", "requires-extra"),
)
_POETRY_TABLES: tuple[tuple[str, ...], ...] = (
    ("tool", "poetry", "dependencies"),
    ("tool", "poetry", "dev-dependencies"),
)
_ENVIRONMENT_LISTS = ("dependencies", "extra-dependencies")
_DYNAMIC = ("tool", "setuptools", "dynamic")


def read(path: Path, text: str) -> Manifest:
    """The entries of a ``pyproject.toml``. Raises ``SourceError`` if it is no TOML, or holds a wrong constraint."""
    document = TomlDocument(text)
    found = list(chain(_standard(document), _poetry(document), _others(document)))
    sources = document.table("tool", "uv", "sources")
    if any(is_stripe(name) for name in sources):
        # It comes from a repository or a folder, whatever version the requirement names.
        found = [Entry(entry.span, entry.role, None) for entry in found]
    found.sort(key=lambda entry: entry.span)
    return Manifest(path, Kind.PYPROJECT, tuple(found), tuple(_files(document, path)))


def _standard(document: TomlDocument) -> Iterator[Entry]:
    for at in _LISTS:
        yield from entries.of_strings(document, document.table(*at[:-1]).get(at[-1]), at)
    for at in _CONSTRAINT_LISTS:
        yield from entries.of_strings(document, document.table(*at[:-1]).get(at[-1]), at, Role.CONSTRAINT)
    for at in _TABLES_OF_LISTS:
        for name, values in document.table(*at).items():
            yield from entries.of_strings(document, values, (*at, name))


def _poetry(document: TomlDocument) -> Iterator[Entry]:
    tables = list(_POETRY_TABLES)
    tables += [("tool", "poetry", "group", name, "dependencies") for name in document.table("tool", "poetry", "group")]
    for at in tables:
        yield from entries.of_table(document, document.table(*at), at, parse_poetry_range)


def _others(document: TomlDocument) -> Iterator[Entry]:
    overrides = ("tool", "pdm", "resolution", "overrides")
    yield from entries.of_table(document, document.table(*overrides), overrides, _plain_range, Role.CONSTRAINT)
    pixi = ("tool", "pixi", "pypi-dependencies")
    yield from entries.of_table(document, document.table(*pixi), pixi, _plain_range)
    for name in document.table("tool", "hatch", "envs"):
        for key in _ENVIRONMENT_LISTS:
            place = ("tool", "hatch", "envs", name, key)
            yield from entries.of_strings(document, document.table(*place[:-1]).get(key), place)


def _plain_range(text: str) -> VersionRange:
    if text in {"", "*"}:
        return any_version()
    return parse_range(text if text[0] in "<>=!~" else f"=={text}")


def _files(document: TomlDocument, path: Path) -> Iterator[Include]:
    """The requirements files from which setuptools takes the dependencies."""
    for at in (
        ("dependencies",),
        *(("optional-dependencies", name) for name in document.table(*_DYNAMIC, "optional-dependencies")),
    ):
        named = document.table(*_DYNAMIC, *at).get("file", [])
        for name in [named] if isinstance(named, str) else named:
            if isinstance(name, str):
                yield Include(document.span((*_DYNAMIC, *at)), absolute(path.parent / name), Role.REQUIREMENT)
