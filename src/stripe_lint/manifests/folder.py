"""The manifests in one folder, read once and remembered as long as they do not change."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from stripe_lint.errors import SourceError
from stripe_lint.manifests.kinds import REQUIREMENT_FOLDERS, Kind, kind_of
from stripe_lint.manifests.reading import read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stripe_lint.manifests.model import Manifest

LARGEST_MANIFEST_BYTES: Final = 20_000_000
"""A manifest above this size, in bytes, is not read to answer a question from another file."""

_Stamp = tuple[int, int]

_manifests: dict[tuple[Path, Kind], tuple[_Stamp, Manifest | None]] = {}


def manifest_at(path: Path, kind: Kind) -> Manifest | None:
    """The manifest at the absolute ``path``; ``None`` if there is none, it is broken, or never mentions ``stripe``."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    stamp = (status.st_size, status.st_mtime_ns)
    key = (path, kind)
    known = _manifests.get(key)
    if known is not None and known[0] == stamp:
        return known[1]
    manifest = None
    if stamp[0] <= LARGEST_MANIFEST_BYTES and stat.S_ISREG(status.st_mode):
        try:
            manifest = read_manifest(path, kind)
        except SourceError:
            # Who checks the file itself reports it.
            manifest = None
    _manifests[key] = (stamp, manifest)
    return manifest


def manifests_in(folder: Path) -> Iterator[Manifest]:
    """The manifests of a project that lives in ``folder``, and what lies in its folder of requirements."""
    names = _names(folder)
    for name in names:
        path = folder / name
        kind = Kind.SETUP_PY if name == Kind.SETUP_PY.value else kind_of(path)
        manifest = manifest_at(path, kind) if kind is not None else None
        if manifest is not None:
            yield manifest
    for name in names:
        if name.lower() in REQUIREMENT_FOLDERS:
            for inner in _names(folder / name):
                path = folder / name / inner
                manifest = manifest_at(path, Kind.REQUIREMENTS) if kind_of(path) is Kind.REQUIREMENTS else None
                if manifest is not None:
                    yield manifest


def project_folder(manifest: Path) -> Path:
    """The folder of the project that the manifest at this path belongs to: the inverse of ``manifests_in``."""
    folder = manifest.parent
    return folder.parent if folder.name.lower() in REQUIREMENT_FOLDERS else folder


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return []
