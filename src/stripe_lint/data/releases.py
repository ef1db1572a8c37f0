"""The releases of ``stripe``: when each came out, which were withdrawn, and what is wrong with them.

Versions are strings here, oldest release first; ``stripe_lint.manifests`` compares them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

RELEASES = Path(__file__).with_name("releases.json")
"""The generated file that all answers come from."""


class Release(NamedTuple):
    """One final release.

    ``date`` is its first day on the index (``2026-10-29``); ``requires_python`` are the Pythons that it asks for
    (PEP 440), empty for any; ``withdrawn`` is the reason for which its authors took it back (often empty), ``None`` for
    one that stands.
    """

    version: str
    date: str
    requires_python: str = ""
    withdrawn: str | None = None


class Hole(NamedTuple):
    """Something that is wrong with the releases in ``affected``, a version specifier (PEP 440).

    ``effect`` completes "stripe 12.5.1 …", ``fixed`` is the first release without it in the newest line, ``source`` is
    the page that tells. ``kind`` is ``payload`` or ``secret`` for a hole that a project has to reach, ``bundle`` for
    old certificates, ``defect`` for a mistake that always counts, ``advisory`` for one that was published.
    """

    name: str
    kind: str
    affected: str
    fixed: str
    effect: str
    source: str


@cache
def releases() -> tuple[Release, ...]:
    """All final releases, oldest first."""
    found = [
        Release(version, each["date"], each.get("python", ""), each.get("yanked"))
        for version, each in _data()["releases"].items()
    ]
    return tuple(sorted(found, key=lambda release: tuple(map(int, release.version.split(".")))))


def newest() -> str:
    """The newest release that the data know."""
    found: str = _data()["newest"]
    return found


@cache
def holes() -> tuple[Hole, ...]:
    """Every known hole and published advisory, by name."""
    rows = {**_data()["holes"], **{name: {**row, "kind": "advisory"} for name, row in _data()["advisories"].items()}}
    return tuple(Hole(name=name, **row) for name, row in sorted(rows.items()))


@cache
def _data() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(RELEASES.read_bytes())
    return loaded
