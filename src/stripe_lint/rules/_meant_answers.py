"""Comments by which somebody says why an answer is as it is, so that no repair may just change it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stripe_lint.comments import comments_in

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit

_MEANT: Final = re.compile(
    r"\b[245](?:\d\d|xx)\b|\bretr(?:y|ies)|\bre-?(?:send|try)|acknowledg|\bcontinu|best[- ]effort|on purpose|deliberate"
    r"|intentional|\b(?:don'?t|not|never|without) (?:fail|break|block)",
    re.IGNORECASE,
)


def require_not_meant(module: Module, first: int, last: int, edit: Edit) -> None:
    """Decline where a comment on the lines from ``first`` to ``last`` gives a reason for the answer."""
    line = line_that_says_why(module, first, last)
    if line is not None:
        edit.decline(f"a comment says that this answer is meant (line {line}); take it away if it is not")


def line_that_says_why(module: Module, first: int, last: int) -> int | None:
    """The line of such a comment."""
    for comment in comments_in(module.text):
        if first <= comment.line <= last and _MEANT.search(comment.text):
            return comment.line
    return None
