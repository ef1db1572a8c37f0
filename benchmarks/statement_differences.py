"""Says which statements of a file were changed, added and removed, and which bytes differ although no statement does.

It shares no code with the fixes that it judges, only the parser: a file is cut into the own parts of its statements
(all of a simple statement, the header of one with a body, and a comment behind it) and what stands between them, and
the two cuts are compared by ``difflib``. The comments of a statement that went may stay, or go with it, on lines of
their own. One that a block takes in, or lets out, with all its lines, is one that changed.
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
from typing import NamedTuple

from stripe_lint.parsing import parse

_LINE_END = re.compile(r"\r\n|\r|\n")
_BETWEEN_STATEMENTS = re.compile(r"((else|finally):|[\s;\\]|#[^\r\n]*(?=[\r\n]|$))*")
"""What may come and go with a statement; that no comment is lost is another question."""


_COMMENT = re.compile(r"#[^\r\n]*")
_COMMENT_BEHIND = re.compile(r"[ \t]*(?P<comment>#[^\r\n]*)")


class Differences(NamedTuple):
    """Numbers of statements, and the texts that differ outside of them."""

    changed: int
    added: int
    removed: int
    outside: tuple[str, ...]


class _Part(NamedTuple):
    """The own part of a statement: its text and its place (in characters), what it means, and the comment behind it."""

    start: int
    end: int
    column: int
    text: str
    meaning: str
    comment: str


def differences(before: bytes, after: bytes) -> Differences:
    """What differs between two versions of a file. Raises ``SourceError`` for what is not Python."""
    old_text, new_text = decoded(before), decoded(after)
    old, new = _parts(old_text), _parts(new_text)
    old_gaps, new_gaps = _gaps(old_text, old), _gaps(new_text, new)
    outside: list[str] = []
    changed = added = removed = 0
    matcher = SequenceMatcher(None, [part.text for part in old], [part.text for part in new], autojunk=False)
    edited = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    moved: Counter[str] = Counter()
    for _, i1, i2, j1, j2 in edited:
        moved += _comments_behind(old[i1:i2]) - _comments_behind(new[j1:j2])
        moved += _comments_in(old_gaps[i1 : i2 + 1]) - _comments_in(new_gaps[j1 : j2 + 1])
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind != "equal":
            gaps = [_without_lines(gap, moved) for gap in new_gaps[j1 : j2 + 1]]
            outside += _gap_differences(old_gaps[i1 : i2 + 1], gaps)
            same = min(i2 - i1, j2 - j1)
            changed, added, removed = changed + same, added + j2 - j1 - same, removed + i2 - i1 - same
            outside += [
                f"only the form of {part.text!r} changed"
                for part in old[i1:i2]
                if any(part.meaning == other.meaning for other in new[j1:j2])
                and not any(_is_moved_sideways(part, other) for other in new[j1:j2])
            ]
            continue
        # The gaps at the border to other statements are judged with those.
        first, last = int(i1 + j1 > 0), int(i2 == len(old) and j2 == len(new))
        pairs = zip(old_gaps[i1 + first : i2 + last], new_gaps[j1 + first : j2 + last], strict=True)
        outside += [f"{one!r} became {other!r}" for one, other in pairs if one != other]
    if not old and old_text != new_text:
        outside.append("a file without statements changed")
    return Differences(changed, added, removed, tuple(outside))


def _is_moved_sideways(before: _Part, after: _Part) -> bool:
    """Whether a statement has only gone into a block, or out of one: all its lines have gone as far as the first."""
    old, new = before.text.splitlines(), after.text.splitlines()
    if [line.lstrip() for line in old] != [line.lstrip() for line in new]:
        return False
    shifts = {len(two) - len(one) for one, two in zip(old[1:], new[1:], strict=True) if one.strip()}
    return shifts == {after.column - before.column} and shifts != {0}


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
    tokens = [
        token
        for token in tokenize.generate_tokens(io.StringIO(normal, newline="\n").readline)
        if token.type == tokenize.OP and token.string in {":", "@"}
    ]
    signs = [(line_starts[token.start[0] - 1] + token.start[1], token.string) for token in tokens]
    places = [place for place, _ in signs]
    parts = []
    for node in ast.walk(parse(normal)):
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
        parts.append(_Part(start, end, node.col_offset, text[start:end], _meaning(node), comment))
    return sorted(parts)


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
