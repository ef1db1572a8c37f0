"""Turns the places that ``ast`` gives, whose columns count UTF-8 bytes, into those that people and editors count."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stripe_lint.model import Span


class Position(NamedTuple):
    """A stretch of source: lines and columns count from 1, columns in characters; the end column is the one after."""

    line: int
    column: int
    end_line: int
    end_column: int


def position_of(span: Span, lines: Mapping[int, str]) -> Position:
    """``span`` in characters. ``lines`` holds the text of its first and last line, by number."""
    return Position(
        span.line,
        characters(lines.get(span.line, ""), span.column) + 1,
        span.end_line,
        characters(lines.get(span.end_line, ""), span.end_column) + 1,
    )


def characters(line: str, offset: int) -> int:
    """How many characters the first ``offset`` UTF-8 bytes of ``line`` are; ``offset`` itself beyond its end."""
    if line.isascii():
        return offset
    encoded = line.encode("utf-8", "surrogatepass")
    return len(encoded[:offset].decode("utf-8", "replace")) + max(0, offset - len(encoded))
