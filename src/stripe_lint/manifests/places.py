"""Turns offsets into a text into the places that findings have."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from stripe_lint.model import Span


class Places:
    """The lines of one text."""

    def __init__(self, text: str) -> None:
        """Takes the text, whose line ends are ``\\n``."""
        self._text = text

    def span(self, start: int, end: int) -> Span:
        """The stretch between two offsets in characters."""
        line, column = self._place(start)
        end_line, end_column = self._place(end)
        return Span(line, column, end_line, end_column)

    def _place(self, offset: int) -> tuple[int, int]:
        """The line from 1 and the column in UTF-8 bytes from 0."""
        line = bisect_right(self._starts, offset)
        before = self._text[self._starts[line - 1] : offset]
        return line, len(before.encode("utf-8", "surrogatepass"))

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self._text.split("\n")[:-1]:
            starts.append(starts[-1] + len(line) + 1)
        return starts
