"""Reads the lock files in TOML: those of Poetry, uv and PDM, and the standard one (PEP 751)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stripe_lint.errors import SourceError
from stripe_lint.manifests.dependency import is_stripe
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.model import Entry, Manifest, Role
from stripe_lint.manifests.toml_document import TomlDocument
from stripe_lint.manifests.versions import exactly

if TYPE_CHECKING:
    from pathlib import Path

_FORMATS: Final[dict[Kind, tuple[tuple[str, ...], int]]] = {
    Kind.UV_LOCK: (("version",), 1),
    Kind.POETRY_LOCK: (("metadata", "lock-version"), 2),
    Kind.PDM_LOCK: (("metadata", "lock_version"), 4),
    Kind.PYLOCK: (("lock-version",), 1),
}
"""Where each kind says the version of its format, and the newest major version that is known."""

_HASHED = ("files", "wheels", "sdist", "archive")
_OWN_CODE = ("virtual", "editable", "directory")


def read(path: Path, text: str, kind: Kind) -> Manifest:
    """What the lock chose. Raises ``SourceError`` if it is no TOML or no list of packages."""
    document = TomlDocument(text)
    key = "packages" if kind is Kind.PYLOCK else "package"
    _reject_unknown_format(document, kind)
    packages = document.values.get(key, [])
    if not isinstance(packages, list):
        raise SourceError(f'no lock file: "{key}" is no list of tables')
    found: list[Entry] = []
    for index, package in enumerate(packages):
        if not isinstance(package, dict) or not is_stripe(str(package.get("name", ""))):
            continue
        source = package.get("source")
        if isinstance(source, dict) and any(key in source for key in _OWN_CODE):
            continue
        span = document.span((key, index, "name"))
        version = package.get("version")
        if version is not None and not isinstance(version, str):
            raise SourceError("the version of stripe must be a string", span.line, span.column + 1)
        try:
            versions = exactly(version) if isinstance(version, str) else None
        except ValueError as error:
            message = f'"{version}" is no valid version of stripe'
            raise SourceError(message, span.line, span.column + 1) from error
        found.append(Entry(span, Role.LOCKED, versions, hashed=any(package.get(name) for name in _HASHED)))
    return Manifest(path, kind, tuple(found))


def _reject_unknown_format(document: TomlDocument, kind: Kind) -> None:
    """Raises ``SourceError`` for a lock that a newer tool wrote, which may say what it chose in another way."""
    path, newest = _FORMATS[kind]
    stated = str(document.table(*path[:-1]).get(path[-1], newest))
    major = stated.partition(".")[0]
    if not major.isdigit() or int(major) > newest:
        span = document.span(path)
        message = (
            f"version {stated} of {kind.value} is not known, only those up to {newest}: stripe-lint is too old for it"
        )
        raise SourceError(message, span.line, span.column + 1)
