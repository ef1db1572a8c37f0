"""The comments of a file, each with the lines that it speaks of."""

from __future__ import annotations

import tokenize
from io import StringIO
from typing import NamedTuple

_NO_CODE = (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER)


class Comment(NamedTuple):
    """A comment with its line, from 1, and what stands before it on that line.

    ``covers`` are the lines that it speaks of. Behind code that is its own line, and where it ends a statement all
    lines of that (a formatter puts it there). On a line of its own it is the statement that follows, decorators and the
    ``def`` or ``class`` below them together; within brackets the next line with code.
    """

    line: int
    before: str
    text: str
    covers: range

    @property
    def alone(self) -> bool:
        """Whether no code stands on its line."""
        return not self.before.strip()


def comments_in(text: str) -> list[Comment]:
    """The comments of ``text``, whose line ends are ``\\n``, in order; up to where it can't be read as Python."""
    reader = _Reader()
    try:
        for token in tokenize.generate_tokens(StringIO(text).readline):
            reader.take(token)
    except (tokenize.TokenError, SyntaxError):
        pass
    return reader.finished()


class _Reader:
    """Goes through the tokens once and knows which statement it is in."""

    def __init__(self) -> None:
        self._found: list[Comment] = []
        self._above: list[int] = []
        self._within: list[int] = []
        self._trailing: int | None = None
        self._first_line: int | None = None
        self._decorates = False

    def take(self, token: tokenize.TokenInfo) -> None:
        if token.type == tokenize.COMMENT:
            self._comment(token)
        elif token.type == tokenize.NEWLINE:
            self._statement_ends(token.start[0])
        elif token.type not in _NO_CODE:
            self._code(token)

    def finished(self) -> list[Comment]:
        return self._found

    def _comment(self, token: tokenize.TokenInfo) -> None:
        line, column = token.start
        here = len(self._found)
        comment = Comment(line, token.line[:column], token.string, range(line, line + 1))
        self._found.append(comment)
        if not comment.alone:
            self._trailing = here
        elif self._first_line is None:
            self._above.append(here)
        else:
            self._within.append(here)

    def _code(self, token: tokenize.TokenInfo) -> None:
        line = token.start[0]
        if self._first_line is None:
            self._first_line = line
            self._decorates = token.string == "@"
        for index in self._within:
            self._cover(index, line, line)
        self._within.clear()
        self._trailing = None

    def _statement_ends(self, line: int) -> None:
        first = self._first_line if self._first_line is not None else line
        if self._trailing is not None:
            self._cover(self._trailing, first, line)
        for index in self._above:
            begun = self._found[index].covers.start
            self._cover(index, first if begun <= self._found[index].line else begun, line)
        if not self._decorates:
            self._above.clear()
        self._trailing, self._first_line = None, None

    def _cover(self, index: int, first: int, last: int) -> None:
        self._found[index] = self._found[index]._replace(covers=range(first, last + 1))
