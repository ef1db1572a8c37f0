"""Says which statements of a file were changed, added and removed, and which bytes differ although no statement does.

It shares no code with the fixes that it judges, only the parser: a file is cut into the own parts of its statements
(all of a simple statement, the header of one with a body, and a comment behind it) and what stands between them, and
the two cuts are compared by ``difflib``. The comments of a statement that went may stay, or go with it, on lines of
their own. One that a block takes in, or lets out, is one that changed: all its lines, and what stands between it and
its neighbours that go with it, have to move by as much as it does.
"""

from __future__ import annotations

import ast
import copy
import io
import re
import tokenize
from bisect import bisect_right
from collections import Counter
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE_END = re.compile(r"\r\n|\r|\n")
_BETWEEN_STATEMENTS = re.compile(r"((else|finally):|[\s;\\]|#[^\r\n]*(?=[\r\n]|$))*")
"""What may come and go with a statement; that no comment is lost is another question."""

_MOST_BLANK_LINES = 2
"""How many blank lines a new statement may have behind it."""

_TEXTS = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
_COMMENT = re.compile(r"#[^\r\n]*")
_COMMENT_BEHIND = re.compile(r"[ \t]*(?P<comment>#[^\r\n]*)")


class Differences(NamedTuple):
    """Numbers of statements, and the texts that differ outside of them."""

    changed: int
    added: int
    removed: int
    outside: tuple[str, ...]


class _Part(NamedTuple):
    """The own part of a statement: its text and its place (in characters), what it means, and the comment behind it.

    ``depth`` is the number of blocks that it stands in, ``quoted`` are the numbers of its lines that begin in a text.
    """

    start: int
    end: int
    column: int
    depth: int
    text: str
    meaning: str
    comment: str
    quoted: frozenset[int]

    @property
    def place_and_text(self) -> tuple[int, str]:
        """What stays the same of a statement that stays in its block."""
        return self.depth, self.text


class _Move(NamedTuple):
    """A statement that went into a block, or out of one: its numbers in both versions, and by how many characters."""

    old: int
    new: int
    shift: int


def differences(before: bytes, after: bytes) -> Differences:
    """What differs between two versions of a file. Raises ``SourceError`` for what is not Python."""
    old_text, new_text = decoded(before), decoded(after)
    old, new = _parts(old_text), _parts(new_text)
    old_gaps, new_gaps = _gaps(old_text, old), _gaps(new_text, new)
    outside: list[str] = []
    changed = added = removed = 0
    keys = [part.place_and_text for part in old], [part.place_and_text for part in new]
    opcodes = SequenceMatcher(None, *keys, autojunk=False).get_opcodes()
    edited = [code for code in opcodes if code[0] != "equal"]
    moved: Counter[str] = Counter()
    for _, i1, i2, j1, j2 in edited:
        moved += _comments_behind(old[i1:i2]) - _comments_behind(new[j1:j2])
        moved += _comments_in(old_gaps[i1 : i2 + 1]) - _comments_in(new_gaps[j1 : j2 + 1])
    moves = _moves(old, new, edited)
    together = _moving_together(moves)
    for one, other in together:
        before_it, after_it = old_gaps[other.old], new_gaps[other.new]
        if one.shift != other.shift or not _is_gap_moved(before_it, after_it, other.shift):
            outside.append(f"{before_it!r} became {after_it!r}")
    went = [old[number] for _, i1, i2, _, _ in edited for number in range(i1, i2)]
    came = [new[number] for _, _, _, j1, j2 in edited for number in range(j1, j2)]
    for part in went:
        same_meaning = [other for other in came if part.meaning == other.meaning]
        if same_meaning and not any(_is_same_form(part, other) for other in same_meaning):
            outside.append(f"only the form of {part.text!r} changed")
    judged_old, judged_new = {move.old for _, move in together}, {move.new for _, move in together}
    for kind, i1, i2, j1, j2 in opcodes:
        if kind != "equal":
            left = [old_gaps[number] for number in range(i1, i2 + 1) if number not in judged_old]
            come = [new_gaps[number] for number in range(j1, j2 + 1) if number not in judged_new]
            if i1 == 0 and old_gaps[0]:
                # what stands above the first statement may get a new one above it, and blank lines between them
                come = [old_gaps[0] if _is_below_new(gap, old_gaps[0]) else gap for gap in come]
            if i1 == j1 == 0 and j2 > i2 and not old_gaps[0].startswith(new_gaps[0]):
                outside.append(f"{new_gaps[0]!r} came above all statements")
            outside += _gap_differences(left, [_without_lines(gap, moved) for gap in come])
            same = min(i2 - i1, j2 - j1)
            changed, added, removed = changed + same, added + j2 - j1 - same, removed + i2 - i1 - same
            continue
        # The gaps at the border to other statements are judged with those.
        first, last = int(i1 + j1 > 0), int(i2 == len(old) and j2 == len(new))
        pairs = zip(old_gaps[i1 + first : i2 + last], new_gaps[j1 + first : j2 + last], strict=True)
        outside += [f"{one!r} became {other!r}" for one, other in pairs if one != other]
    if not old and old_text != new_text:
        outside.append("a file without statements changed")
    return Differences(changed, added, removed, tuple(outside))


def _is_below_new(gap: str, head: str) -> bool:
    """Whether a gap is ``head`` below another statement, with as many blank lines as formatters put there."""
    line_ends = _LINE_END.findall(gap.removesuffix(head)) if gap.endswith(head) else []
    return 0 < len(line_ends) <= _MOST_BLANK_LINES + 1 and "".join(line_ends) + head == gap


def _moves(old: list[_Part], new: list[_Part], edited: list[tuple[str, int, int, int, int]]) -> list[_Move]:
    """The statements that are in both versions, but not in the same block, in order."""
    went = [number for _, i1, i2, _, _ in edited for number in range(i1, i2)]
    came = [number for _, _, _, j1, j2 in edited for number in range(j1, j2)]
    lines = [_without_depth(old[number]) for number in went], [_without_depth(new[number]) for number in came]
    moves = []
    for block in SequenceMatcher(None, *lines, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            one, other = went[block.a + step], came[block.b + step]
            shift = _shift(old[one], new[other])
            if shift is not None:
                moves.append(_Move(one, other, shift))
    return moves


def _moving_together(moves: list[_Move]) -> list[tuple[_Move, _Move]]:
    """The pairs of moved statements that follow each other in both versions."""
    return [(one, other) for one, other in pairwise(moves) if other.old == one.old + 1 and other.new == one.new + 1]


def _without_depth(part: _Part) -> tuple[str, ...]:
    return tuple(line.lstrip() for line in part.text.splitlines())


def _is_same_form(before: _Part, after: _Part) -> bool:
    return before.text == after.text if before.depth == after.depth else _shift(before, after) is not None


def _shift(before: _Part, after: _Part) -> int | None:
    """By how many characters a statement has gone into a block, or out of one; ``None`` where more of it changed.

    All its lines have gone as far as the first, but for what is in quotes, which must stay as it is.
    """
    if before.depth == after.depth or _without_depth(before) != _without_depth(after):
        return None
    shift = after.column - before.column
    lines = zip(before.text.splitlines(), after.text.splitlines(), strict=True)
    is_right = all(
        len(two) - len(one) == (0 if number in before.quoted else shift)
        for number, (one, two) in enumerate(lines)
        if number and one.strip()
    )
    return shift if is_right else None


def _is_gap_moved(before: str, after: str, shift: int) -> bool:
    """Whether what stands between two statements has moved with them: its comments, and the next one's indentation."""
    old, new = _LINE_END.split(before), _LINE_END.split(after)
    if _LINE_END.findall(before) != _LINE_END.findall(after) or old[0] != new[0]:
        return False
    last = len(old) - 1
    return all(
        one.lstrip() == two.lstrip() and (len(two) - len(one) == shift if one.strip() or number == last else one == two)
        for number, (one, two) in enumerate(zip(old[1:], new[1:], strict=True), start=1)
    )


def decoded(data: bytes) -> str:
    """The text of a Python file, with its line ends as they are."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)


def _gaps(text: str, parts: list[_Part]) -> list[str]:
    starts = [0, *(part.end for part in parts)]
    ends = [*(part.start for part in parts), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _comments_behind(parts: list[_Part]) -> Counter[str]:
    return Counter(part.comment for part in parts if part.comment)


def _comments_in(gaps: list[str]) -> Counter[str]:
    return Counter(comment for gap in gaps for comment in _COMMENT.findall(gap))


def _without_lines(gap: str, comments: Counter[str]) -> str:
    """The gap without lines that hold one of ``comments`` and nothing else."""
    for comment in comments.elements():
        gap = re.sub(rf"(\r\n|\r|\n)[ \t]*{re.escape(comment)}(?=[\r\n]|$)", "", gap, count=1)
    return gap


def _gap_differences(old: list[str], new: list[str]) -> list[str]:
    """How gaps differ, but for those that came with new statements or went with old ones."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    gone, come = [], []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind != "equal":
            gone += old[i1:i2]
            come += new[j1:j2]
    surplus = len(new) - len(old)
    wrong = []
    if len(come) != max(0, surplus) or len(gone) != max(0, -surplus):
        wrong.append(f"{gone!r} became {come!r}")
    wrong += [f"{gap!r} came or went" for gap in (*gone, *come) if not _BETWEEN_STATEMENTS.fullmatch(gap)]
    return wrong


def _parts(text: str) -> list[_Part]:
    """The own parts of all statements in order."""
    line_starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    lines = [text[start:end] for start, end in zip(line_starts, [*line_starts[1:], len(text)], strict=True)]

    def offset(line: int, column: int) -> int:
        return line_starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    normal = _LINE_END.sub("\n", text)
    tokens = list(tokenize.generate_tokens(io.StringIO(normal, newline="\n").readline))
    signs = [
        (line_starts[token.start[0] - 1] + token.start[1], token.string)
        for token in tokens
        if token.type == tokenize.OP and token.string in {":", "@"}
    ]
    quoted = {line for token in tokens if token.type in _TEXTS for line in range(token.start[0] + 1, token.end[0] + 1)}
    places = [place for place, _ in signs]
    parts = []
    for node, depth in _with_depth(parse(normal), 0):
        if not isinstance(node, ast.stmt | ast.ExceptHandler) or node.end_lineno is None:
            continue
        start, end = offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset or 0)
        decorators = getattr(node, "decorator_list", ())
        if decorators:
            number = bisect_right(places, offset(decorators[0].lineno, decorators[0].col_offset)) - 1
            start = signs[number][0]
        first = _first_inside(node)
        if first is not None:
            number = bisect_right(places, offset(*first)) - 1
            while signs[number][1] != ":":
                number -= 1
            end = signs[number][0] + 1
        behind = _COMMENT_BEHIND.match(text, end)
        end = behind.end() if behind else end
        comment = behind["comment"] if behind else ""
        first_line = bisect_right(line_starts, start)
        inside = frozenset(line - first_line for line in quoted if line > first_line)
        parts.append(_Part(start, end, node.col_offset, depth, text[start:end], _meaning(node), comment, inside))
    return sorted(parts)


def _with_depth(node: ast.AST, depth: int) -> Iterator[tuple[ast.AST, int]]:
    """All nodes, each with the number of statements around it; an ``elif`` is no deeper than its ``if``."""
    yield node, depth
    inside = depth + isinstance(node, ast.stmt | ast.ExceptHandler)
    for child in ast.iter_child_nodes(node):
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and child.col_offset == node.col_offset
        yield from _with_depth(child, depth if is_elif else inside)


def _first_inside(node: ast.AST) -> tuple[int, int] | None:
    """Where what is inside a compound statement begins: line from 1, column in UTF-8 bytes."""
    if isinstance(node, ast.Match):
        pattern = node.cases[0].pattern
        return pattern.lineno, pattern.col_offset
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return None
    first = body[0]
    decorators = getattr(first, "decorator_list", None) or [first]
    return decorators[0].lineno, decorators[0].col_offset


def _meaning(node: ast.AST) -> str:
    """The own part without its form."""
    own = copy.copy(node)
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        if isinstance(getattr(own, name, None), list):
            setattr(own, name, [])
    return ast.dump(own)
