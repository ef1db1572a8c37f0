"""Reads TOML and tells where each value stands, which Python's own reader does not.

The reader decides what is valid; the scanner below runs only over text that passed, so it may be simple.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from stripe_lint.errors import SourceError
from stripe_lint.manifests.places import Places

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_lint.model import Span

Path = tuple["str | int", ...]
"""The way to a value: names of keys, and indexes in arrays."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\"]|\\.|"(?!"")|"(?="""))*"""'
    r"|'''(?:[^']|'(?!'')|'(?='''))*'''"
    r"|\"(?:[^\\\"\n]|\\.)*\""
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_PLACE_IN_MESSAGE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class TomlDocument:
    """The content of a TOML file as ``values``, with the place of each value."""

    def __init__(self, text: str) -> None:
        """Reads ``text``. Raises ``SourceError`` with the place if it is no TOML."""
        self.values = _parse(text)
        self._text = text
        self._places = Places(text)
        self._offsets: dict[Path, tuple[int, int]] | None = None

    def table(self, *path: str) -> dict[str, Any]:
        """The table at ``path``; an empty one if there is none."""
        found: object = self.values
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def span(self, path: Path) -> Span:
        """Where the value at ``path`` stands, with its key where it has one."""
        if self._offsets is None:
            try:
                self._offsets = _Scanner(self._text).scan()
            except RecursionError as error:
                raise SourceError("not valid TOML: nested too deeply") from error
        while path and path not in self._offsets:
            # A table that is written in pieces has no place of its own.
            path = path[:-1]
        start, end = self._offsets.get(path, (0, 0))
        return self._places.span(start, end)


def _parse(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise SourceError("not valid TOML: nested too deeply") from error
    except ValueError as error:
        place = _PLACE_IN_MESSAGE.search(str(error))
        message = f"not valid TOML: {_PLACE_IN_MESSAGE.sub('', str(error))}"
        if place is None or place[1] is None:
            raise SourceError(message, text.count("\n") + 1 if place else 1) from error
        raise SourceError(message, int(place[1]), int(place[2])) from error


class _Scanner:
    """One pass over valid TOML that remembers from where to where each key and value reaches."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: dict[Path, tuple[int, int]] = {}
        self._lengths: dict[Path, int] = {}

    def scan(self) -> dict[Path, tuple[int, int]]:
        table: Path = ()
        self._skip_blank()
        while self._at < len(self._text):
            start = self._at
            if self._text.startswith("[[", start):
                self._at += 2
                *outer, last = self._key()
                array = (*self._resolve(outer), last)
                self._lengths[array] = self._lengths.get(array, 0) + 1
                table = (*array, self._lengths[array] - 1)
                self._end_header(table, start, "]]")
            elif self._text[start] == "[":
                self._at += 1
                table = self._resolve(self._key())
                self._end_header(table, start, "]")
            else:
                self._pair(table)
            self._skip_blank()
        return self._found

    def _resolve(self, names: list[str]) -> Path:
        """The path that a header means: a name of an array of tables stands for its last table."""
        path: Path = ()
        for name in names:
            path = (*path, name)
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        return path

    def _end_header(self, table: Path, start: int, bracket: str) -> None:
        self._at = self._text.index(bracket, self._at) + len(bracket)
        self._found.setdefault(table, (start, self._at))

    def _pair(self, table: Path) -> None:
        start = self._at
        path = (*table, *self._key())
        self._at = self._text.index("=", self._at) + 1
        self._value(path)
        self._found[path] = (start, self._at)

    def _key(self) -> list[str]:
        """A key with dots in it, as its parts; a quoted part is taken without looking into escapes."""
        parts: list[str] = []
        while True:
            self._skip_blank()
            if self._text[self._at] in "\"'":
                parts.append(self._take(_STRING)[1:-1])
            else:
                parts.append(self._take(_BARE_KEY))
            self._skip_blank()
            if self._text[self._at] != ".":
                return parts
            self._at += 1

    def _value(self, path: Path) -> None:
        self._skip_blank()
        start = self._at
        first = self._text[start]
        if first in "\"'":
            self._take(_STRING)
        elif first == "[":
            self._items("]", lambda index: self._value((*path, index)))
        elif first == "{":
            self._items("}", lambda _: self._pair(path))
        else:
            self._at = start + len(self._take(_SCALAR).rstrip())
        self._found[path] = (start, self._at)

    def _items(self, closing: str, read: Callable[[int], None]) -> None:
        self._at += 1
        index = 0
        self._skip_blank()
        while self._text[self._at] != closing:
            read(index)
            index += 1
            self._skip_blank()
            if self._text[self._at] == ",":
                self._at += 1
                self._skip_blank()
        self._at += 1

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise AssertionError(f"no TOML at {self._at}, although it was read")
        self._at = match.end()
        return match[0]

    def _skip_blank(self) -> None:
        self._take(_BLANK)
