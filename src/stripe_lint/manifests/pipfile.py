"""Reads ``Pipfile``, and the JSON that Pipenv locks into."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from stripe_lint.errors import SourceError
from stripe_lint.manifests import entries
from stripe_lint.manifests.dependency import any_version, is_stripe
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.model import Entry, Manifest, Role
from stripe_lint.manifests.places import Places
from stripe_lint.manifests.toml_document import TomlDocument
from stripe_lint.manifests.versions import parse_range

if TYPE_CHECKING:
    from pathlib import Path

    from stripe_lint.manifests.versions import VersionRange
    from stripe_lint.model import Span

_NO_PACKAGES = frozenset({"source", "requires", "pipenv", "scripts"})
_NAME = re.compile(r'"(?P<name>[A-Za-z0-9._-]+)"\s*:\s*\{')


def read(path: Path, text: str) -> Manifest:
    """The entries of all categories of a ``Pipfile``. Raises ``SourceError``."""
    document = TomlDocument(text)
    found = [
        entry
        for category, table in document.values.items()
        if category not in _NO_PACKAGES and isinstance(table, dict)
        for entry in entries.of_table(document, table, (category,), _range)
    ]
    return Manifest(path, Kind.PIPFILE, tuple(found))


def read_lock(path: Path, text: str) -> Manifest:
    """What a ``Pipfile.lock`` chose. Raises ``SourceError`` if it is no JSON, or none of Pipenv's."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(f"not valid JSON: {error.msg}", error.lineno, error.colno) from error
    except (RecursionError, ValueError) as error:
        raise SourceError("not valid JSON: nested too deeply, or a number too large") from error
    if not isinstance(content, dict):
        raise SourceError("no lock file of Pipenv: the outermost value is no object")
    places = Places(text)
    named = (places.span(*match.span("name")) for match in _NAME.finditer(text) if is_stripe(match["name"]))
    found: list[Entry] = []
    for category, packages in content.items():
        if category == "_meta" or not isinstance(packages, dict):
            continue
        for name, package in packages.items():
            if is_stripe(name) and isinstance(package, dict):
                span = next(named, places.span(0, 0))
                found.append(Entry(span, Role.LOCKED, _locked_range(package, span), hashed=bool(package.get("hashes"))))
    return Manifest(path, Kind.PIPFILE_LOCK, tuple(found))


def _locked_range(package: dict[str, object], span: Span) -> VersionRange | None:
    version = package.get("version")
    if not isinstance(version, str):
        return None
    try:
        return parse_range(version)
    except ValueError as error:
        raise SourceError(f'"{version}" is no valid version of stripe', span.line, span.column + 1) from error


def _range(text: str) -> VersionRange:
    return any_version() if text.strip() in {"", "*"} else parse_range(text)
