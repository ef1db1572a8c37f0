"""Adds to and takes from what stands between commas, in the layout that is there: one line, hanging, one a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import libcst

    Item = TypeVar("Item", libcst.Arg, libcst.BaseDictElement, libcst.Param)
    Whitespace = libcst.BaseParenthesizableWhitespace


def appended(
    items: Sequence[Item], new: Item, opening: Whitespace, closing: Whitespace
) -> tuple[list[Item], Whitespace]:
    """``items`` with ``new`` behind them, and the blanks before the closing bracket.

    ``opening`` and ``closing`` are the blanks after the opening and before the closing bracket, where these do not
    belong to an item. A comment stays on its line.
    """
    import libcst

    if not items:
        return [new], closing
    *earlier, last = items
    separator = _between(earlier, opening)
    if isinstance(last.comma, libcst.Comma):
        after = last.comma.whitespace_after
        # LibCST keeps what follows a trailing comma with the comma in a call, with the bracket in a dict.
        held_by_comma = bool(_text(after)) or not _text(closing)
        rest = after if held_by_comma else closing
        kept = last.with_changes(comma=last.comma.with_changes(whitespace_after=_with_comment_of(separator, rest)))
        ending = _without_comment(rest)
        comma = libcst.Comma(whitespace_after=ending if held_by_comma else libcst.SimpleWhitespace(""))
        return [*earlier, kept, new.with_changes(comma=comma)], closing if held_by_comma else ending
    own_blanks: Whitespace | None = getattr(last, _OWN_BLANKS, None)
    own = own_blanks is not None and bool(_text(own_blanks))
    rest = own_blanks if own and own_blanks is not None else closing
    comma = libcst.Comma(whitespace_after=_with_comment_of(separator, rest))
    kept, added = last.with_changes(comma=comma), new
    if own:
        kept = kept.with_changes(**{_OWN_BLANKS: libcst.SimpleWhitespace("")})
        added = new.with_changes(**{_OWN_BLANKS: _without_comment(rest)})
    return [*earlier, kept, added], closing if own else _without_comment(rest)


def removed(items: Sequence[Item], number: int) -> list[Item]:
    """``items`` without the one at ``number``; the layout before the closing bracket stays."""
    import libcst

    left = [item for position, item in enumerate(items) if position != number]
    if number == len(items) - 1 and left:
        gone: Any = items[number]
        changes: dict[str, object] = {"comma": gone.comma}
        own = getattr(gone, _OWN_BLANKS, None)
        if own is not None and not isinstance(gone.comma, libcst.Comma):
            changes[_OWN_BLANKS] = own
        left[-1] = left[-1].with_changes(**changes)
    return left


_OWN_BLANKS = "whitespace_after_arg"
"""Where an argument without a comma behind it keeps the blanks before the closing bracket."""


def _between(earlier: Sequence[Any], opening: Whitespace) -> Whitespace:
    """What separates the items: what follows the last comma between two, else the opening bracket."""
    import libcst

    if earlier and isinstance(earlier[-1].comma, libcst.Comma):
        return _without_comment(earlier[-1].comma.whitespace_after)
    return _without_comment(opening) if _text(opening).strip(" ") else libcst.SimpleWhitespace(" ")


def _without_comment(blanks: Whitespace) -> Whitespace:
    import libcst

    if not isinstance(blanks, libcst.ParenthesizedWhitespace):
        return blanks
    return blanks.with_changes(first_line=libcst.TrailingWhitespace(newline=blanks.first_line.newline), empty_lines=())


def _with_comment_of(separator: Whitespace, before: Whitespace) -> Whitespace:
    """``separator`` with the comments that ``before`` holds: they speak of the item before it."""
    import libcst

    if not isinstance(before, libcst.ParenthesizedWhitespace):
        return separator
    if before.first_line.comment is None and not any(line.comment for line in before.empty_lines):
        return separator
    if isinstance(separator, libcst.ParenthesizedWhitespace):
        return separator.with_changes(first_line=before.first_line, empty_lines=before.empty_lines)
    return before


def _text(blanks: Whitespace) -> str:
    import libcst

    return libcst.Module(()).code_for_node(blanks)
