"""Writes ``src/stripe_lint/data/event_types.json``: every event type that a release of ``stripe`` knows.

    python tools/stripe_releases.py                      # fetches the releases and regenerates everything
    python tools/gen_event_types.py DIRECTORY...         # only this file, from unpacked packages, oldest first

Snapshot types are the ``Literal`` on ``Event.type``, which releases carry from version 6; thin types are the constants
of the classes for event notifications, from version 11. Both are read from the source; nothing is imported.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from render_json import rendered
from stripe_releases import DATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FILE = "event_types.json"
# Where the class ``Event`` was, newest place first.
EVENT_MODULES = ("_event.py", "api_resources/event.py")
THIN_CONSTANT = "LOOKUP_TYPE"


def version_of(package: Path) -> str:
    """The release that is unpacked in a directory."""
    for name in ("_version.py", "version.py"):
        path = package / "stripe" / name
        for node in ast.parse(path.read_text("utf-8")).body if path.exists() else ():
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                return str(node.value.value)
    raise FileNotFoundError(f"no stripe package in {package}")


def snapshot_types(package: Path) -> set[str]:
    """The types of events that carry the object as it was."""
    path = next(path for name in EVENT_MODULES if (path := package / "stripe" / name).exists())
    for outer in ast.parse(path.read_text("utf-8")).body:
        if isinstance(outer, ast.ClassDef) and outer.name == "Event":
            for node in outer.body:
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "type":
                    return strings(node.annotation)
    return set()


def thin_types(package: Path) -> set[str]:
    """The types of events that carry only a reference to the object."""
    found: set[str] = set()
    for path in sorted((package / "stripe" / "events").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and THIN_CONSTANT in targets(node):
                found |= strings(node.value)
    return found


def targets(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    """The plain names that a statement assigns to."""
    for target in node.targets if isinstance(node, ast.Assign) else (node.target,):
        if isinstance(target, ast.Name):
            yield target.id


def strings(node: ast.expr) -> set[str]:
    """The string constants in an expression."""
    return {inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str)}


def event_types(packages: Sequence[Path]) -> dict[str, object]:
    """The content of the data file, from unpacked packages, oldest first."""
    releases = [(version_of(package), package) for package in packages]
    return {
        "generator": "tools/gen_event_types.py",
        "stripe_versions": [version for version, _ in releases],
        "snapshot": spans((version, snapshot_types(package)) for version, package in releases),
        "thin": spans((version, thin_types(package)) for version, package in releases),
    }


def spans(releases: Iterable[tuple[str, set[str]]]) -> dict[str, list[str]]:
    """Each name with the first and the last release that has it."""
    found: dict[str, list[str]] = {}
    for version, names in releases:
        for name in names:
            found[name] = [found.get(name, [version])[0], version]
    return found


def write(packages: Sequence[Path], target: Path) -> None:
    """Regenerate the data file."""
    target.write_text(rendered(event_types(packages)), "utf-8")


if __name__ == "__main__":
    write([Path(argument) for argument in sys.argv[1:]], DATA / FILE)
