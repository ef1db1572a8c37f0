"""Which versions of Python a requirement is for: what its own line says, and what the project says of itself."""

from __future__ import annotations

import ast
import configparser
import re
from contextlib import suppress
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from stripe_lint.errors import SourceError
from stripe_lint.manifests.dependency import can_apply, is_stripe, parse_marker, pythons_since
from stripe_lint.manifests.folder import project_folder
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.reading import decode_manifest
from stripe_lint.manifests.toml_document import TomlDocument
from stripe_lint.manifests.versions import VersionRange, parse_poetry_range, parse_range, version_of
from stripe_lint.sources import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stripe_lint.manifests.checked import CheckedManifest

_OLDEST_3: Final = (3, 4)
"""The first Python 3 that releases for both run with; who admits it, or 2.7, names no oldest version in earnest."""

_PYTHONS: Final = ("2.7", *pythons_since(_OLDEST_3))
_PATCH_RELEASES: Final = 30
_STATING: Final = (Kind.PYPROJECT, Kind.PIPFILE, Kind.SETUP_CFG, Kind.SETUP_PY)
_MARKER = re.compile(r";\s*([^;#\r\n]*[^;#\r\n\s\\,])")
_KEY = re.compile(r"[\"']?stripe[\"']?\s*=(?!=)", re.IGNORECASE)


class Pythons(NamedTuple):
    """Versions of Python (``3.11``), oldest first, and what admits them (``pyproject.toml``).

    ``has_oldest`` tells whether someone said which is the oldest: then all of them count, else the newest does.
    """

    versions: tuple[str, ...]
    has_oldest: bool
    source: str


def pythons_for(manifest: CheckedManifest, text: str, written: str) -> Pythons:
    """The Pythons of the requirement that ``written``, a part of the manifest's ``text``, states."""
    admitted = set(_PYTHONS)
    source = "the project"
    stated = _stated_for(manifest, text)
    if stated is not None:
        admitted &= _in(stated[0])
        source = stated[1]
    own = _of_requirement(manifest.manifest.kind, written)
    if not admitted <= own:
        admitted &= own
        source = "the requirement"
    has_oldest = not admitted & {_PYTHONS[0], _PYTHONS[1]}
    return Pythons(tuple(each for each in _PYTHONS if each in admitted), has_oldest, source)


def _of_requirement(kind: Kind, written: str) -> set[str]:
    """What the requirement itself is limited to."""
    conditions: list[set[str]] = []
    with suppress(ValueError, SourceError):
        for marker in _markers(kind, written):
            parsed = parse_marker(marker)
            conditions.append({each for each in _PYTHONS if can_apply(parsed, (each,))})
    with suppress(ValueError, SourceError):
        python = _constraint(kind, written).get("python")
        if isinstance(python, str):
            conditions.append(_in(parse_poetry_range(python)))
    return reduce(and_, conditions, set(_PYTHONS))


def _markers(kind: Kind, written: str) -> Iterator[str]:
    if _is_key(kind, written):
        marker = _constraint(kind, written).get("markers")
        if isinstance(marker, str):
            yield marker
        return
    requirement = written.strip(written[:1]) if written.startswith(("'", '"')) else written
    found = _MARKER.search(requirement)
    if found is not None:
        yield found[1]


def _is_key(kind: Kind, written: str) -> bool:
    return kind in {Kind.PIPFILE, Kind.PYPROJECT} and _KEY.match(written) is not None


def _constraint(kind: Kind, written: str) -> dict[str, Any]:
    """The inline table that a requirement is written as; an empty one where it is none."""
    values = TomlDocument(written).values if _is_key(kind, written) else {}
    found = next((value for name, value in values.items() if is_stripe(name)), None)
    return found if isinstance(found, dict) else {}


def _in(versions: VersionRange) -> set[str]:
    """The Pythons of which some patch release is in the range."""
    return {each for each in _PYTHONS if any(versions.contains(patch) for patch in _patch_releases(each))}


def _patch_releases(python: str) -> Iterator[Any]:
    return (version_of(f"{python}.{patch}") for patch in range(_PATCH_RELEASES))


def _stated_for(manifest: CheckedManifest, text: str) -> tuple[VersionRange, str] | None:
    """What the project says, with the name of the file: the manifest itself, else one in the project's folder."""
    own = _stated(manifest.manifest.kind, text)
    if own is not None:
        return own, manifest.path.name
    for kind in _STATING:
        path = project_folder(manifest.path) / kind.value
        found = _stated(kind, _text_of(path, kind)) if path != manifest.path else None
        if found is not None:
            return found, path.name
    return None


def _text_of(path: Path, kind: Kind) -> str:
    """The text of another manifest; an empty one where it can't be read."""
    try:
        return decode_manifest(read_file(path), path, str(path), kind).text if path.is_file() else ""
    except SourceError:
        return ""


def _stated(kind: Kind, text: str) -> VersionRange | None:
    """The Pythons that a manifest asks for; ``None`` where it says nothing, or nothing that can be read."""
    reader = _READERS.get(kind)
    if reader is None:
        return None
    try:
        found = list(reader(text))
    except (SourceError, ValueError, SyntaxError, RecursionError, configparser.Error):
        return None
    return reduce(and_, found) if found else None


def _of_pyproject(text: str) -> Iterator[VersionRange]:
    document = TomlDocument(text)
    standard = document.table("project").get("requires-python")
    if isinstance(standard, str):
        yield parse_range(standard)
    poetry = document.table("tool", "poetry", "dependencies").get("python")
    if isinstance(poetry, str):
        yield parse_poetry_range(poetry)


def _of_pipfile(text: str) -> Iterator[VersionRange]:
    requires = TomlDocument(text).table("requires")
    if requires.get("python_full_version"):
        yield parse_range(f"=={requires['python_full_version']}")
    elif requires.get("python_version"):
        yield parse_range(f"=={requires['python_version']}.*")


def _of_setup_cfg(text: str) -> Iterator[VersionRange]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    found = parser.get("options", "python_requires", fallback="")
    if found:
        yield parse_range(found)


def _of_setup_py(text: str) -> Iterator[VersionRange]:
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.keyword)
            and node.arg == "python_requires"
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield parse_range(node.value.value)


_READERS: Final[dict[Kind, Callable[[str], Iterator[VersionRange]]]] = {
    Kind.PYPROJECT: _of_pyproject,
    Kind.PIPFILE: _of_pipfile,
    Kind.SETUP_CFG: _of_setup_cfg,
    Kind.SETUP_PY: _of_setup_py,
}
