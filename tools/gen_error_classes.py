"""Writes ``src/stripe_lint/data/error_classes.json``: every exception class of ``stripe``, and what it inherits from.

    python tools/stripe_releases.py                      # fetches the releases and regenerates everything
    python tools/gen_error_classes.py DIRECTORY...       # only this file, from unpacked packages, oldest first

Each class stands under its name with its base class and the first and the last release that has it. The classes are
read from the source; nothing is imported. ``InvalidRequestError`` is the class of that name which the package itself
exports, not the one of OAuth.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gen_event_types import version_of
from render_json import rendered
from stripe_releases import DATA

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = "error_classes.json"
# Where the classes are, newest place first, and those of OAuth.
ERROR_MODULES = ("_error.py", "error.py")
OAUTH_ERROR_MODULE = "oauth_error.py"


def bases(package: Path) -> dict[str, str]:
    """The exception classes of an unpacked package, each with its base class, by their names."""
    directory = package / "stripe"
    newest = next(directory / name for name in ERROR_MODULES if (directory / name).exists())
    return classes_in(directory / OAUTH_ERROR_MODULE) | classes_in(newest)


def classes_in(path: Path) -> dict[str, str]:
    """The exception classes that a file defines, each with the last name of its base class."""
    return {
        node.name: ast.unparse(node.bases[0]).rpartition(".")[2]
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and node.bases and "Error" in node.name
    }


def error_classes(packages: Sequence[Path]) -> dict[str, object]:
    """The content of the data file, from unpacked packages, oldest first."""
    releases = [(version_of(package), bases(package)) for package in packages]
    found: dict[str, list[str]] = {}
    for version, classes in releases:
        for name, base in classes.items():
            found[name] = [base, found.get(name, [base, version])[1], version]
    return {
        "generator": "tools/gen_error_classes.py",
        "stripe_versions": [version for version, _ in releases],
        "classes": found,
    }


def write(packages: Sequence[Path], target: Path) -> None:
    """Regenerate the data file."""
    target.write_text(rendered(error_classes(packages)), "utf-8")


if __name__ == "__main__":
    write([Path(argument) for argument in sys.argv[1:]], DATA / FILE)
