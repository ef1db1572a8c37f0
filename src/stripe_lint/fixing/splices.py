"""Replaces stretches of a text, says where every other place of it went, and does the same to the original bytes."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.errors import Declined

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stripe_lint.sources import Source

_LINE_END: Final = r"\r\n|\r|\n"


class Splice(NamedTuple):
    """``text`` in place of what stands from ``start`` to ``end``; offsets count characters of the decoded text."""

    start: int
    end: int
    text: str


def trimmed(old: str, splice: Splice) -> Splice:
    """The splice without what it leaves as it is at its beginning and end."""
    before, after = old[splice.start : splice.end], splice.text
    shorter = min(len(before), len(after))
    head = 0
    while head < shorter and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shorter - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return Splice(splice.start + head, splice.end - tail, after[head : len(after) - tail])


def in_order(splices: Iterable[Splice]) -> list[Splice]:
    """The splices from the beginning of the text to its end; those at one place stay in the order they came in.

    Raises ``Declined`` where two replace the same text.
    """
    ordered = sorted(splices, key=lambda splice: (splice.start, splice.end))
    end = 0
    for splice in ordered:
        if splice.start < end:
            raise Declined("two of the changes that it needs overlap: change it by hand")
        end = splice.end
    return ordered


def apply(text: str, splices: Sequence[Splice]) -> str:
    """``text`` with all ``splices``, which must be in order."""
    pieces = []
    position = 0
    for splice in splices:
        pieces += [text[position : splice.start], splice.text]
        position = splice.end
    return "".join([*pieces, text[position:]])


class Moves:
    """Where the places of a text are after ``splices``, which must be in order."""

    def __init__(self, splices: Sequence[Splice]) -> None:
        """Adds up the lengths."""
        self._splices = splices
        self._starts = [splice.start for splice in splices]
        self._shifts = [0]
        for splice in splices:
            self._shifts.append(self._shifts[-1] + len(splice.text) - (splice.end - splice.start))

    def new_offset(self, old: int) -> int | None:
        """Where ``old`` went; ``None`` inside what was replaced. What stands behind an insertion moves with it."""
        number = bisect_right(self._starts, old)
        if number and old < self._splices[number - 1].end:
            return None
        return old + self._shifts[number]

    def replacing(self, old: int) -> int:
        """The number of the splice that replaces ``old``, of which there must be one."""
        return bisect_right(self._starts, old) - 1

    def new_start(self, number: int) -> int:
        """Where the text of a splice begins."""
        return self._starts[number] + self._shifts[number]

    def bringing(self, new: int) -> int | None:
        """The number of the splice whose text holds the place ``new`` of the new text."""
        number = bisect_right(range(len(self._splices)), new, key=self.new_start) - 1
        is_inside = number >= 0 and new < self.new_start(number) + len(self._splices[number].text)
        return number if is_inside else None


def followed(old: str, splices: Sequence[Splice], offset: int) -> int:
    """Where ``offset`` of ``old`` went; inside what was replaced, the place in the new text that corresponds to it."""
    moves = Moves(splices)
    moved = moves.new_offset(offset)
    if moved is not None:
        return moved
    number = moves.replacing(offset)
    splice = splices[number]
    within = _corresponding(old[splice.start : splice.end], splice.text, offset - splice.start)
    return moves.new_start(number) + within


_LONGEST_COMPARED: Final = 1_000
"""Up to how many characters two texts are compared one by one, which takes time by the square of that and more."""


def _corresponding(old: str, new: str, offset: int) -> int:
    """Where that is in ``new`` which stands at ``offset`` in ``old``: the same of all equal words, if as many."""
    match = re.compile(r"\w+|\W").match(old, offset)
    word = match[0] if match is not None else ""
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)" if word.isidentifier() else re.escape(word))
    places = [each.start() for each in pattern.finditer(old)]
    new_places = [each.start() for each in pattern.finditer(new)]
    if offset in places and len(places) == len(new_places):
        return new_places[places.index(offset)]
    if max(len(old), len(new)) > _LONGEST_COMPARED:
        return new_places[min(places.index(offset), len(new_places) - 1)] if offset in places and new_places else 0
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, old, new, autojunk=False)
    start, new_start, new_end = next(
        (start, new_start, new_end)
        for _, start, end, new_start, new_end in matcher.get_opcodes()
        if start <= offset < end
    )
    return min(new_start + offset - start, max(new_start, new_end - 1))


def rewrite(source: Source, splices: Sequence[Splice]) -> bytes:
    """The bytes of ``source`` with all ``splices`` (in order, on its text), and not one other byte changed.

    New lines end as the line that they were put behind. Raises ``Declined`` for text that the file's encoding lacks.
    """
    bom = b"\xef\xbb\xbf" if source.bom else b""
    original = str(source.data[len(bom) :], source.encoding)
    ends = [(match.start(), match[0]) for match in re.finditer(_LINE_END, original)] if "\r" in original else []
    longer = [start for start, end in ends if len(end) > 1]
    positions = [start - number for number, start in enumerate(longer)]
    """Where the line ends of two characters are in the text, in which they have one."""

    def in_original(offset: int) -> int:
        return offset + bisect_right(positions, offset - 1)

    starts = [start for start, _ in ends]
    pieces: list[str] = []
    position = 0
    for splice in splices:
        start, end = in_original(splice.start), in_original(splice.end)
        # What begins with a line end is put behind the line that ends there, and not into it.
        number = bisect_right(starts, start if splice.text.startswith("\n") else start - 1)
        newline = ends[number - 1][1] if ends and number else source.newline
        pieces += [original[position:start], splice.text.replace("\n", newline)]
        position = end
    text = "".join([*pieces, original[position:]])
    try:
        return bom + text.encode(source.encoding)
    except UnicodeEncodeError as error:
        raise Declined(f"the file's encoding, {source.encoding}, lacks what would be written") from error
