"""Reads the comments by which users silence findings, and remembers which of them did.

``# noqa`` has flake8's grammar and flake8's reach, odd corners included, since the command and the flake8 plugin must
agree on every line: codes match by their beginning and by case, ``# noqa : STP101`` silences everything, and a comment
counts for the line it stands on, where only strings over several lines and lines joined by a backslash count as one.

``# stripe-lint: ignore[STP101] -- reason`` is our own and strict: whole codes or names only, and what is not understood
silences nothing. It counts for the lines that its comment speaks of (see ``Comment``), ``ignore-file[…]``, on a line of
its own, for the file.
"""

from __future__ import annotations

import re
import tokenize
from functools import cached_property
from io import StringIO
from typing import Final, NamedTuple

from stripe_lint.comments import Comment, comments_in
from stripe_lint.suppression_marks import holds_directive

_LINE_COMMENT: Final = r"(?i)# noqa(?::[\s]?(?P<codes>([A-Z]+[0-9]+(?:[,\s]+)?)+))?"
_FILE_COMMENT: Final = r"(?i)\s*# flake8[:=]\s*noqa"
_UNLIMITED = (tokenize.ENDMARKER, tokenize.DEDENT)
_LINE_ENDS = (tokenize.NL, tokenize.NEWLINE)

_OWN_COMMENT: Final = r"#\s*stripe-lint(?P<colon>\s*:)\s*(?P<words>.*)"
_OWN_WORDS: Final = (
    r"(?P<reach>ignore|ignore-file)\[(?P<rules>[^\[\]#]*)\](?:\s*--\s*(?P<reason>\S.*)|\s*|\s+#.*|\s*--\s*)"
)
_CODE: Final = r"[^,\s]+"
_RULE: Final = r"[^,\s](?:[^,]*[^,\s])?"


class Directive(NamedTuple):
    """A comment of ours. ``rules`` are what stands in the brackets, codes and names, as they are written.

    ``places`` says where each of them stands in the comment, counted in characters, and ``start`` where the directive
    begins. ``whole_file`` tells how far it reaches; ``problem`` says why it is not understood, if it is not.
    """

    comment: Comment
    start: int
    rules: tuple[str, ...] = ()
    places: tuple[range, ...] = ()
    whole_file: bool = False
    reason: str | None = None
    problem: str | None = None


class Noqa(NamedTuple):
    """A ``# noqa`` in a comment. ``codes`` are the codes and beginnings of codes that it names, none if blanket.

    ``places`` and ``start`` are as in ``Directive``; ``rest`` is what follows the codes in the comment.
    """

    comment: Comment
    start: int
    codes: tuple[str, ...]
    places: tuple[range, ...]
    rest: str


class Suppressions:
    """The suppressions in one file. Asking tokenises the text, so it is asked only where that is needed."""

    def __init__(self, text: str) -> None:
        """Those in the comments of ``text``, whose line ends are ``\\n``."""
        self._text = text
        self._used: set[tuple[int, str]] = set()

    @cached_property
    def _comments(self) -> list[Comment]:
        return comments_in(self._text)

    @cached_property
    def _noqa(self) -> _NoqaLines:
        return _NoqaLines(self._text)

    @cached_property
    def directives(self) -> list[Directive]:
        """Our own comments, understood or not."""
        comments = self._comments if holds_directive(self._text) else ()
        return [found for found in map(_directive_in, comments) if found is not None]

    def cover(self, code: str, name: str, line: int) -> bool:
        """Whether a comment silences a finding of the rule with this code and name on this line (from 1)."""
        own = self.cover_by_directive(code, name, line)
        return self.cover_by_noqa(code, line) or own

    def cover_by_directive(self, code: str, name: str, line: int) -> bool:
        """Whether one of our own comments does."""
        covered = False
        for directive in self.directives:
            if directive.whole_file or line in directive.comment.covers:
                for rule in {code, name}.intersection(directive.rules):
                    self._used.add((directive.comment.line, rule))
                    covered = True
        return covered

    def cover_by_noqa(self, code: str, line: int) -> bool:
        """Whether a ``# noqa`` does."""
        found = self._noqa.at(line)
        if found is None:
            return False
        own_line, codes = found
        if codes is None:
            self._used.add((own_line, ""))
            return True
        fitting = [each for each in codes if code.startswith(each)]
        self._used.update((own_line, each) for each in fitting)
        return bool(fitting)

    def has_covered(self, line: int, rule: str) -> bool:
        """Whether the comment on ``line`` has silenced something by ``rule``, as it is written; by itself if empty."""
        return (line, rule) in self._used

    def noqas(self) -> list[Noqa]:
        """Each ``# noqa`` that stands in a comment."""
        found = []
        for comment in self._comments:
            match = re.search(_LINE_COMMENT, comment.text)
            if match is not None and not re.match(_FILE_COMMENT, comment.text):
                places = _places(_CODE, match["codes"] or "", match.start("codes"))
                found.append(Noqa(comment, match.start(), _codes(match) or (), places, comment.text[match.end() :]))
        return found


def _directive_in(comment: Comment) -> Directive | None:
    mark = re.search(_OWN_COMMENT, comment.text)
    if mark is None:
        return None
    words = re.fullmatch(_OWN_WORDS, mark["words"].rstrip())
    if words is None or mark["colon"] != ":":
        return Directive(comment, mark.start(), problem="this comment is not understood")
    rules = tuple(rule.strip() for rule in words["rules"].split(","))
    whole_file = words["reach"] == "ignore-file"
    if not all(rules):
        return Directive(comment, mark.start(), problem="this comment names no rule")
    if whole_file and not comment.alone:
        return Directive(comment, mark.start(), problem="ignore-file stands on a line of its own")
    places = _places(_RULE, words["rules"], mark.start("words") + words.start("rules"))
    return Directive(comment, mark.start(), rules, places, whole_file, words["reason"])


def _places(word: str, text: str, start: int) -> tuple[range, ...]:
    """Where each match of ``word`` in a list stands in its comment, in which the list begins at ``start``."""
    return tuple(range(start + found.start(), start + found.end()) for found in re.finditer(word, text))


class _NoqaLines:
    """What flake8 searches for ``# noqa`` for each line."""

    def __init__(self, text: str) -> None:
        self._lines = StringIO(text).readlines()
        # flake8 takes this comment for the whole file even where codes follow it.
        self._whole_file = any(re.match(_FILE_COMMENT, line) for line in self._lines)
        self._joined = {} if self._whole_file else self._join_lines()

    def at(self, line: int) -> tuple[int, tuple[str, ...] | None] | None:
        """The line of the ``# noqa`` that counts for ``line``, with its codes, ``None`` for a blanket one."""
        if self._whole_file:
            return 0, None
        own = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        first, text = self._joined.get(line, (line, own))
        comment = re.search(_LINE_COMMENT, text)
        return None if comment is None else (first + text.count("\n", 0, comment.start()), _codes(comment))

    def _join_lines(self) -> dict[int, tuple[int, str]]:
        """The text to search for each line that is a part of something longer, with the line that it begins on."""
        joined: dict[int, tuple[int, str]] = {}
        first, last = len(self._lines) + 2, -1
        try:
            for token in tokenize.generate_tokens(iter(self._lines).__next__):
                if token.type in _UNLIMITED:
                    continue
                first, last = min(first, token.start[0]), max(last, token.end[0])
                if token.type in _LINE_ENDS:
                    if first < last:
                        text = "".join(self._lines[first - 1 : last])
                        joined.update(dict.fromkeys(range(first, last + 1), (first, text)))
                    first, last = len(self._lines) + 2, -1
        except (tokenize.TokenError, SyntaxError):
            return {}
        return joined


def _codes(comment: re.Match[str]) -> tuple[str, ...] | None:
    return None if comment["codes"] is None else tuple(filter(None, re.split(r"[,\s]", comment["codes"])))
