"""Tells test code from the code that takes the money; most rules are silent in the former."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from stripe_lint.sources import find_root, is_root

_FOLDERS = frozenset({"tests", "test", "testing"})
_FILES = frozenset({"conftest.py", "factories.py"})


def is_test_code(path: Path) -> bool:
    """Whether the file at the absolute ``path`` is test code, by its name or that of a folder in its project."""
    name = path.name
    if name in _FILES or (name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))):
        return True
    return _is_test_folder(path.parent, Path.cwd())


@cache
def _is_test_folder(directory: Path, here: Path) -> bool:
    return not _FOLDERS.isdisjoint(directory.relative_to(_code_base(directory, here)).parts)


def _code_base(directory: Path, here: Path) -> Path:
    """The folder above which names say nothing about the code: a checkout may well lie in some ``test/``.

    This is the repository. Without one it is the outermost project below the current directory, since a test folder
    may have a ``requirements.txt`` of its own.
    """
    ancestors = (directory, *directory.parents)
    for ancestor in ancestors:
        if (ancestor / ".git").exists():
            return ancestor
    if here in ancestors:
        below_here = ancestors[: ancestors.index(here) + 1]
        return next(filter(is_root, reversed(below_here)), here)
    return find_root(directory / "any.py")
