"""Says what differs between two versions of a file although only suppressions may.

It shares no code with the fix that it judges: all but the comments has to be the same, and a comment that went or
became shorter has to be one that suppresses a rule.
"""

from __future__ import annotations

import io
import re
import tokenize
from difflib import SequenceMatcher

from statement_differences import decoded

_SUPPRESSION = re.compile(r"# ?noqa: ?.*STP\d|# *stripe-lint: *ignore", re.IGNORECASE)


def other_differences(before: bytes, after: bytes) -> list[str]:
    """The differences that are none of suppressions. Raises ``SyntaxError`` for what is not Python."""
    (old_code, old), (new_code, new) = _cut(decoded(before)), _cut(decoded(after))
    wrong = [] if old_code == new_code else ["something else than a comment changed"]
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        wrong += [f"{comment!r} went or changed" for comment in old[i1:i2] if not _SUPPRESSION.search(comment)]
        wrong += [
            f"{comment!r} is new" for comment in new[j1:j2] if not any(_has(each, comment) for each in old[i1:i2])
        ]
    return wrong


def _cut(text: str) -> tuple[list[str], list[str]]:
    """The lines that are not only a comment, without the comments, and the comments."""
    lines = list(io.StringIO(text, newline=""))
    comments = []
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text, newline="").readline))):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            comments.append(token.string)
            before = lines[line - 1][:column].rstrip()
            lines[line - 1] = before + lines[line - 1][token.end[1] :] if before else ""
    return list(io.StringIO("".join(lines).rstrip(), newline="")), comments[::-1]


def _has(longer: str, shorter: str) -> bool:
    """Whether all characters of ``shorter`` stand in ``longer``, in this order."""
    characters = iter(longer)
    return all(each in characters for each in shorter)
