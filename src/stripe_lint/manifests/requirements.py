"""Reads requirements files as pip does: includes, constraints, options, continued lines, comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stripe_lint.errors import SourceError
from stripe_lint.manifests.dependency import parse_dependency
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.model import Entry, Include, Manifest, Role
from stripe_lint.manifests.places import Places
from stripe_lint.sources import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COMMENT = re.compile(r"(?:^|\s+)#.*$")
_OPTION_OF_A_REQUIREMENT = re.compile(r"\s+--?[a-zA-Z]")
_OPTION = re.compile(r"(?P<name>--[a-z-]+|-[a-zA-Z])(?:\s*=\s*|\s+|)(?P<value>.*)", re.DOTALL)
_INCLUDES = {"-r": Role.REQUIREMENT, "--requirement": Role.REQUIREMENT, "-c": Role.CONSTRAINT}
_INCLUDES |= {"--constraint": Role.CONSTRAINT}
_EDITABLE = frozenset({"-e", "--editable"})


def read(path: Path, text: str) -> Manifest:
    """The entries and includes of a requirements file. Raises ``SourceError`` for a wrong line on ``stripe``."""
    role = Role.CONSTRAINT if "constraint" in path.name.lower() else Role.REQUIREMENT
    places = Places(text)
    entries: list[Entry] = []
    includes: list[Include] = []
    for start, end, line in _logical_lines(text):
        span = places.span(start, end)
        wanted = line
        if line.startswith("-"):
            option = _OPTION.match(line)
            if option is None:
                continue
            value = option["value"].strip().strip("\"'")
            if option["name"] in _INCLUDES:
                if "://" not in value:
                    includes.append(Include(span, absolute(path.parent / value), _INCLUDES[option["name"]]))
                continue
            if option["name"] not in _EDITABLE:
                continue
            wanted = value
        requirement, *options = _OPTION_OF_A_REQUIREMENT.split(wanted, maxsplit=1)
        try:
            found = parse_dependency(requirement)
        except ValueError as error:
            raise SourceError(str(error), span.line, span.column + 1) from error
        if found is not None:
            entries.append(Entry(span, role, found.versions, hashed=bool(options) and "hash=" in line))
    return Manifest(path, Kind.REQUIREMENTS, tuple(entries), tuple(includes))


def _logical_lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Each line that is not blank, without comments and joined where it is continued.

    With it come the offsets between which its first physical line has something to say.
    """
    joined = ""
    first: tuple[int, int] | None = None
    offset = 0
    for line in text.split("\n"):
        is_comment = line.lstrip().startswith("#")
        continues = line.endswith("\\") and not is_comment
        piece = "" if is_comment and joined else _COMMENT.sub("", line[:-1] if continues else line)
        if first is None and piece.strip():
            start = offset + len(piece) - len(piece.lstrip())
            first = (start, start + len(piece.strip()))
        joined += f" {piece}" if joined else piece
        offset += len(line) + 1
        if not continues:
            if first is not None:
                yield (*first, joined.strip())
            joined, first = "", None
    if first is not None:
        yield (*first, joined.strip())
