"""Which pieces of a text the interpreter can't read, so that only these must be read in another, slower way.

A text is cut where a statement can begin at its left edge, and the body of a class where one can begin at the edge of
that. What the interpreter reads as whole statements is as good as read within the text, too.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK: Final = b"if 1:\n"
_BODY: Final = b" pass"
_CONTINUES: Final = rb"(?:else|elif|except|finally)\b|[)\]}#]"
_CLASS: Final = rb"class\b[^\n]*"
_UNTERMINATED: Final = "unterminated triple-quoted"


class Piece(NamedTuple):
    """Whole statements, from the byte ``start`` to the byte ``end``, or the first line of a class.

    ``before`` and ``after`` are what must be put around it so that it can be read alone.
    """

    start: int
    end: int
    before: bytes = b""
    after: bytes = b""

    def text(self, data: bytes) -> bytes:
        """The piece of ``data`` as it can be read alone."""
        return self.before + data[self.start : self.end] + self.after


def unreadable_pieces(data: bytes) -> list[Piece]:
    """The pieces of ``data`` that the interpreter can't read, in their order."""
    return list(_unreadable(data, 0, len(data), b""))


def _unreadable(data: bytes, start: int, end: int, indentation: bytes) -> Iterator[Piece]:
    starts = [*_starts(data, start, end, indentation), end]
    position = 0
    while position + 1 < len(starts):
        last = position + 1
        piece = Piece(starts[position], starts[last], _BLOCK if indentation else b"")
        problem = _problem(piece.text(data))
        step = 1
        while problem is not None and _UNTERMINATED in problem and last + 1 < len(starts):
            # the cut went through a string; ever longer steps, as there may be very many cuts
            last = min(last + step, len(starts) - 1)
            step *= 2
            piece = piece._replace(end=starts[last])
            problem = _problem(piece.text(data))
        if problem is not None:
            yield from _narrowed(data, piece, indentation)
        position = last


def _starts(data: bytes, start: int, end: int, indentation: bytes) -> Iterator[int]:
    """Where a line begins that may begin a statement with this indentation, decorators included."""
    yield start
    decorated = False
    for match in re.compile(rb"^" + indentation + rb"(?=\S)(?!" + _CONTINUES + rb")", re.MULTILINE).finditer(
        data, start, end
    ):
        if not decorated and match.start() > start:
            yield match.start()
        following = data[match.end() : match.end() + 1]
        # a string that goes on at the left edge is told by its own message; brackets close what decorates
        decorated = following == b"@"


def _narrowed(data: bytes, piece: Piece, indentation: bytes) -> Iterator[Piece]:
    """The statements of a class and its first line apart, where that is what can't be read; else the piece."""
    header = re.compile(indentation + _CLASS).match(data, piece.start)
    body_start = header.end() + 1 if header is not None else piece.end
    inner = re.compile(rb"\n*([ \t]+)(?=\S)").match(data, body_start, piece.end)
    if header is None or inner is None or not header[0].endswith(b":") or len(inner[1]) <= len(indentation):
        yield piece
        return
    head = Piece(piece.start, header.end(), piece.before, _BODY)
    if _problem(head.text(data)) is not None:
        yield head
    yield from _unreadable(data, inner.start(1), piece.end, inner[1])


def _problem(text: bytes) -> str | None:
    """Why the interpreter can't read ``text``; ``None`` where it can."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        return str(error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error)
    return None
