"""Reads the comments by which users silence findings, in flake8's grammar and with flake8's reach.

The command and the flake8 plugin must agree on every line, so the rules here are flake8's own, odd corners included:
codes match by their beginning and by case, ``# noqa : STP101`` silences everything, and a comment counts for the line
it stands on, where only strings over several lines and lines joined by a backslash count as one.
"""

from __future__ import annotations

import re
import tokenize
from io import StringIO

_LINE_COMMENT = re.compile(r"# noqa(?::[\s]?(?P<codes>([A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE)
_FILE_COMMENT = re.compile(r"\s*# flake8[:=]\s*noqa", re.IGNORECASE)
_UNLIMITED = (tokenize.ENDMARKER, tokenize.DEDENT)
_LINE_ENDS = (tokenize.NL, tokenize.NEWLINE)


class Suppressions:
    """The suppressions in one file. Making one tokenises the text, so it is made only where there are findings."""

    def __init__(self, text: str) -> None:
        """Reads the comments of ``text``, whose line ends are ``\\n``."""
        self._lines = StringIO(text).readlines()
        # flake8 takes this comment for the whole file even where codes follow it.
        self._whole_file = any(_FILE_COMMENT.match(line) for line in self._lines)
        self._joined = {} if self._whole_file else self._join_lines()

    def cover(self, code: str, line: int) -> bool:
        """Whether a finding with this code on this line (from 1) is silenced."""
        if self._whole_file:
            return True
        own = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        comment = _LINE_COMMENT.search(self._joined.get(line, own))
        if comment is None:
            return False
        codes = comment["codes"]
        return codes is None or code.startswith(tuple(filter(None, re.split(r"[,\s]", codes))))

    def _join_lines(self) -> dict[int, str]:
        """The text to search for each line that is a part of something longer."""
        joined: dict[int, str] = {}
        first, last = len(self._lines) + 2, -1
        try:
            for token in tokenize.generate_tokens(iter(self._lines).__next__):
                if token.type in _UNLIMITED:
                    continue
                first, last = min(first, token.start[0]), max(last, token.end[0])
                if token.type in _LINE_ENDS:
                    if first < last:
                        joined.update(dict.fromkeys(range(first, last + 1), "".join(self._lines[first - 1 : last])))
                    first, last = len(self._lines) + 2, -1
        except (tokenize.TokenError, SyntaxError):
            return {}
        return joined
