"""Writes ``src/stripe_lint/data/releases.json``: the releases of ``stripe``, and what is known to be wrong with them.

    python tools/gen_releases.py [--index URL]

asks one package index, by default the one that pip is configured for, in the JSON form of its simple repository API.
``known_holes.py`` has what an index does not know. Published advisories are asked for at run time (``--online``); those
that were known when the data was made stand in ``ADVISORIES``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import urllib.request
from typing import Any

from known_holes import HOLES
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version
from render_json import rendered
from stripe_releases import DATA

FILE = "releases.json"
ADVISORIES: tuple[dict[str, str], ...] = ()
"""None was published for the package by the date of the newest release."""

_MEDIA_TYPE = "application/vnd.pypi.simple.v1+json"
_SECONDS = 60


class NoIndexError(Exception):
    """Nothing says which index to ask."""


def configured_index() -> str:
    """The index that the user's pip is configured for. Raises ``NoIndexError`` where it has pip's own default."""
    asked = os.environ.get("PIP_INDEX_URL", "")
    if not asked:
        command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
        asked = subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()
    if not asked:
        raise NoIndexError("pip has no index configured: name one by --index")
    return asked


def fetch(index: str) -> list[dict[str, Any]]:
    """The files of the project ``stripe`` on the index ``index``."""
    request = urllib.request.Request(f"{index.rstrip('/')}/stripe/", headers={"Accept": _MEDIA_TYPE})  # noqa: S310
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
        files: list[dict[str, Any]] = json.load(answer)["files"]
    return files


def releases(files: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Each final release with its day, the Pythons it asks for and, where it was withdrawn, why; oldest first."""
    found: dict[Version, dict[str, str]] = {}
    for file in files:
        version = version_of(file["filename"])
        if version is None or version.is_prerelease:
            continue
        entry = found.setdefault(version, {"date": file["upload-time"][:10]})
        entry["date"] = min(entry["date"], file["upload-time"][:10])
        if file.get("requires-python"):
            entry["python"] = file["requires-python"]
        if file["yanked"]:
            entry["yanked"] = file["yanked"] if isinstance(file["yanked"], str) else ""
    return {str(version): found[version] for version in sorted(found)}


def version_of(filename: str) -> Version | None:
    """The version that a file of an index is of, ``None`` for what pip would not install."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[1]
        return parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def content(files: list[dict[str, Any]]) -> dict[str, Any]:
    """The content of the data file."""
    found = releases(files)
    newest = [version for version, entry in found.items() if "yanked" not in entry][-1]
    return {
        "generator": "tools/gen_releases.py",
        "newest": newest,
        "sources": {
            "advisories": "https://osv.dev/list?ecosystem=PyPI&q=stripe",
            "changes": "https://github.com/stripe/stripe-python/blob/master/CHANGELOG.md",
            "releases": "the package index, by its simple repository API (PEP 691, PEP 592, PEP 503)",
        },
        "holes": {hole.name: {key: value for key, value in hole._asdict().items() if key != "name"} for hole in HOLES},
        "advisories": {advisory["name"]: advisory for advisory in ADVISORIES},
        "releases": found,
    }


def main() -> None:
    """Regenerate the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", help="the simple repository API to ask (https://index.example/simple)")
    index = parser.parse_args().index or configured_index()
    (DATA / FILE).write_text(rendered(content(fetch(index))), "utf-8")


if __name__ == "__main__":
    main()
