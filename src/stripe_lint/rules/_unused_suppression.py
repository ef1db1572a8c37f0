"""Takes a rule out of a comment that suppresses it, and the suppression with its reason where no rule is left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stripe_lint.positions import characters
from stripe_lint.suppressions import Noqa, Suppressions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.comments import Comment
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit
    from stripe_lint.suppressions import Directive

_NEXT_COMMENT: Final = r"(?<=\s)#(?!\d)"
"""Where another comment begins within a comment; ``#12`` is the number of an issue, and belongs to the reason."""

_OTHER_SUPPRESSION: Final = r"(?i)# noqa|#\s*stripe-lint\s*:"
_LOST_CODES: Final = r"(?i)\s*[;|&+/]\s*[A-Z]+\d"
_NO_TEXT: Final = r"[\s#]*"


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Take out what ``hit`` points at: one rule of a list, every time that it is named there."""
    for comment, start, words, places, rest in _lists(module):
        if comment.line != hit.span.line:
            continue
        line = comment.before + comment.text
        column = characters(line, hit.span.column) - len(comment.before)
        word = next((word for word, place in zip(words, places, strict=True) if place.start == column), None)
        if word is None:
            continue
        kept = [number for number, each in enumerate(words) if each != word]
        text = _shorter(comment.text, places, kept) if kept else _without(comment.text, start, places, rest, edit)
        edit.rewrite_comment(comment, text)
        edit.describe(f"took out {word}" if kept else "took out the suppression")
        return
    edit.decline("the comment is not found again")


def _lists(module: Module) -> Iterator[tuple[Comment, int, tuple[str, ...], tuple[range, ...], str]]:
    """The rules that comments name: the comment, where its suppression begins, rules, their places, what follows."""
    suppressions = Suppressions(module.text)
    each: Directive | Noqa
    for each in suppressions.directives:
        rest = each.comment.text[each.places[-1].stop :].lstrip(" ]") if each.places else ""
        yield each.comment, each.start, each.rules, each.places, rest
    for each in suppressions.noqas():
        yield each.comment, each.start, each.codes, each.places, each.rest


def _shorter(text: str, places: tuple[range, ...], kept: list[int]) -> str:
    """The comment with only some of the rules of its list, and what stands before each of them."""
    pieces = [text[: places[0].start]]
    for number in kept:
        if len(pieces) > 1:
            pieces.append(text[places[number - 1].stop : places[number].start])
        pieces.append(text[places[number].start : places[number].stop])
    return "".join([*pieces, text[places[-1].stop :]])


def _without(text: str, start: int, places: tuple[range, ...], rest: str, edit: Edit) -> str:
    """The comment without its suppression and the reason behind that; empty if nothing else is said."""
    if re.match(_LOST_CODES, rest):
        edit.decline("codes follow that flake8 does not read: put a comma between them, or remove the comment")
    end = places[-1].stop
    following = re.search(_NEXT_COMMENT, text[end:])
    after = text[end + following.start() :] if following is not None else ""
    if re.match(_OTHER_SUPPRESSION, after) and _same_kind(text[start:], after):
        edit.decline("another suppression follows in this comment, and would come into force: keep one of them")
    left = (text[:start] + after).rstrip()
    return "" if re.fullmatch(_NO_TEXT, left) else left


def _same_kind(first: str, second: str) -> bool:
    return ("stripe-lint" in first.partition(":")[0]) == ("stripe-lint" in second.partition(":")[0])
