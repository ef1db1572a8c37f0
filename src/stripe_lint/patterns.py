"""Patterns of files in the syntax of ``.gitignore``, each relative to the directory where it is written."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pathspec import GitIgnoreSpec

_PLAIN_NAME: Final = r"[\w.@+-][\w.@+ -]*(?<! )/?"


class Pattern(NamedTuple):
    """A pattern in the syntax of ``.gitignore``, relative to the directory ``base``."""

    pattern: str
    base: Path


def matches(patterns: tuple[Pattern, ...], path: Path, *, is_directory: bool) -> bool:
    """Whether one of ``patterns`` matches the absolute ``path`` itself."""
    names, specs = _compile(patterns)
    if path.name in names:
        return True
    for base, spec in specs:
        if path.is_relative_to(base) and path != base:
            relative = path.relative_to(base).as_posix()
            if spec.match_file(f"{relative}/" if is_directory else relative):
                return True
    return False


@cache
def _compile(patterns: tuple[Pattern, ...]) -> tuple[frozenset[str], tuple[tuple[Path, GitIgnoreSpec], ...]]:
    """Plain names apart from patterns, which cost the import of a library."""
    names = {each.pattern.rstrip("/") for each in patterns if re.fullmatch(_PLAIN_NAME, each.pattern)}
    lines: dict[Path, list[str]] = {}
    for each in patterns:
        if not re.fullmatch(_PLAIN_NAME, each.pattern):
            pattern = f"/{each.pattern[2:]}" if each.pattern.startswith("./") else each.pattern
            lines.setdefault(each.base, []).append(pattern)
    return frozenset(names), tuple((base, specification(written)) for base, written in lines.items())


def specification(lines: Iterable[str]) -> GitIgnoreSpec:
    """The lines of a ``.gitignore`` as something that can be asked."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)
