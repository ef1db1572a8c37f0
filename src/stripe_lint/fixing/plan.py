"""Gathers repairs that do not disturb each other, and says which text each of them replaces."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from stripe_lint.errors import Declined
from stripe_lint.fixing.edits import (
    AddArgument,
    AddFirstParameter,
    AddImport,
    AddImportFrom,
    AddLogger,
    AddParameter,
    InsertAfter,
    InsertBefore,
    MoveAfter,
    MoveBefore,
    MoveToElse,
    RemoveArgument,
    RemoveEntry,
    RemoveExceptionName,
    RemoveKeyword,
    RemoveStatement,
    Replace,
    ReplaceStatement,
    RewriteComment,
    SetEntry,
    SetKeyword,
    WithinStatement,
)
from stripe_lint.fixing.fragments import fragment_of, is_elif, owner_of
from stripe_lint.fixing.imports import import_from_splice, import_splice, logger_splice, together
from stripe_lint.fixing.line_length import fitted
from stripe_lint.fixing.moving import is_alone, move_splices
from stripe_lint.fixing.rendering import rendered
from stripe_lint.fixing.splices import Splice, in_order, trimmed
from stripe_lint.parsing import tree_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Repair
    from stripe_lint.fixing.edits import AnyEdit, AtStatement
    from stripe_lint.fixing.fragments import Owner
    from stripe_lint.fixing.places import Places


_FITTED = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.If, ast.While)


def conflict(module: Module, repair: Repair, others: Iterable[Repair]) -> bool:
    """Whether ``repair`` touches what one of ``others`` replaces, or the other way round."""
    settled = dict.fromkeys(edit for other in others for edit in other.edits)
    return any(
        edit != known and (_disturbs(module, edit, known) or _disturbs(module, known, edit))
        for edit in repair.edits
        for known in settled
    )


def _disturbs(module: Module, edit: AnyEdit, other: AnyEdit) -> bool:
    """Whether nothing is left of what ``other`` speaks of once ``edit`` is done."""
    if isinstance(edit, RewriteComment) or isinstance(other, RewriteComment):
        return (
            isinstance(edit, RewriteComment)
            and isinstance(other, RewriteComment)
            and edit.comment.line == other.comment.line
        )
    if isinstance(edit, AddImport | AddImportFrom | AddLogger) or isinstance(
        other, AddImport | AddImportFrom | AddLogger
    ):
        return isinstance(edit, AddLogger) and isinstance(other, AddLogger)
    if isinstance(edit, Replace | ReplaceStatement | RemoveStatement | MoveBefore | MoveAfter | MoveToElse):
        return edit.node is other.node or edit.node in module.ancestors(other.node)
    if isinstance(edit, SetKeyword | RemoveKeyword) and isinstance(other, SetKeyword | RemoveKeyword):
        return edit.node is other.node and edit.name == other.name
    if isinstance(edit, SetEntry | RemoveEntry) and isinstance(other, SetEntry | RemoveEntry):
        return edit.node is other.node and edit.key == other.key
    if isinstance(edit, RemoveArgument):
        return edit.node is other.node and isinstance(other, AddArgument | RemoveArgument)
    if isinstance(edit, AddParameter) and isinstance(other, AddParameter):
        return edit.node is other.node and edit.name == other.name
    if isinstance(edit, AddFirstParameter) and isinstance(other, AddFirstParameter):
        return edit.node is other.node
    return False


def splices_of(module: Module, places: Places, repairs: Iterable[Repair]) -> list[Splice]:
    """What all ``repairs`` change in the text, in order. Raises ``Declined`` where one of them can't be done."""
    edits = dict.fromkeys(edit for repair in repairs for edit in repair.edits)
    found: list[Splice] = []
    within: dict[Owner, list[WithinStatement]] = {}
    imports: dict[int, list[Splice]] = {}
    moved_lines: list[int] = []
    for edit in edits:
        match edit:
            case AddImport():
                splice = import_splice(module.tree, places, edit)
                imports.setdefault(splice.start, []).append(splice)
            case AddImportFrom():
                splice = import_from_splice(module.tree, places, edit)
                imports.setdefault(splice.start, []).append(splice)
            case AddLogger():
                found.append(logger_splice(module.tree, places, edit))
            case MoveBefore() | MoveAfter() | MoveToElse():
                moved_lines.append(edit.node.lineno)
                if moved_lines.count(edit.node.lineno) > 1:
                    raise Declined(
                        f"several statements of line {edit.node.lineno} have to be moved: give each its line"
                    )
                found += move_splices(module, places, edit)
            case InsertBefore() | InsertAfter() | ReplaceStatement() | RemoveStatement():
                found.append(_statement_splice(module, places, edit))
            case RemoveExceptionName():
                found.append(_exception_name_splice(places, edit))
            case RewriteComment():
                found.append(_comment_splice(places, edit))
            case _:
                within.setdefault(_owner(module, edit), []).append(edit)
    for at_one_place in imports.values():
        found += together(at_one_place)
    # An import stands above a logger that begins at the same place.
    found.sort(key=lambda splice: "import " not in splice.text)
    for owner, changes in within.items():
        fragment = fragment_of(module, places, owner)
        try:
            new = rendered(module, places, fragment, changes)
        except RecursionError as error:
            raise Declined("the statement is nested too deeply for LibCST") from error
        if not fragment.prefix and isinstance(owner, _FITTED):
            new = fitted(module, places, fragment, new)
        found.append(trimmed(places.text, Splice(fragment.start, fragment.end, new)))
    return in_order(found)


def _owner(module: Module, edit: WithinStatement) -> Owner:
    around = module.ancestors(edit.node)
    if any(isinstance(each, ast.JoinedStr) for each in around):
        raise Declined("it stands in an f-string")
    return owner_of(module, edit.node)


def _statement_splice(module: Module, places: Places, edit: AtStatement) -> Splice:
    statement = edit.node
    start, end = places.start_of(statement), places.end_of(statement)
    indentation = places.indentation_before(start)
    match edit:
        case InsertBefore(_, source, above_comments):
            if is_elif(module, places, statement):
                raise Declined("nothing can be put before an elif")
            if indentation is None:
                return Splice(start, start, f"{_on_one_line(source)}; ")
            line = places.start_with_comments(statement) if above_comments else start - len(indentation)
            return Splice(line, line, _indented(source, indentation) + "\n")
        case InsertAfter(_, source):
            line_end = places.end_of_line_at(end)
            rest = places.text[end:line_end].strip()
            if indentation is None or (rest and not rest.startswith("#")):
                return Splice(end, end, f"; {_on_one_line(source)}")
            return Splice(line_end, line_end, "\n" + _indented(source, indentation))
        case ReplaceStatement(_, source):
            if indentation is None:
                return Splice(start, end, _on_one_line(source))
            return Splice(start, end, _indented(source, indentation).removeprefix(indentation))
        case RemoveStatement():
            return _removal(module, places, statement, start, end)


def _exception_name_splice(places: Places, edit: RemoveExceptionName) -> Splice:
    """Parentheses around the class stay, and so does a comment behind the colon."""
    caught = edit.node.type
    if caught is None or edit.node.name is None:
        raise Declined("the except gives the exception no name")
    start = places.end_of(caught)
    found = re.compile(rf"[\s)]*?(\s+as\s+{edit.node.name})\s*:").match(places.text, start)
    if found is None:
        raise Declined("the header of this except is written in an unusual way")
    return Splice(found.start(1), found.end(1), "")


def _comment_splice(places: Places, edit: RewriteComment) -> Splice:
    comment = edit.comment
    line = places.start_of_line(comment.line)
    start = line + len(comment.before)
    end = start + len(comment.text)
    if edit.text:
        return Splice(start, end, edit.text)
    if not comment.alone:
        return Splice(line + len(comment.before.rstrip()), end, "")
    if end < len(places.text):
        return Splice(line, end + 1, "")
    # The last line has no end: the one above it becomes the last, without one too.
    return Splice(max(line - 1, 0), end, "")


def _removal(module: Module, places: Places, statement: ast.stmt, start: int, end: int) -> Splice:
    indentation = places.indentation_before(start)
    line_end = places.end_of_line_at(end)
    rest = places.text[end:line_end].lstrip()
    if is_alone(module, statement) or indentation is None or (rest and not rest.startswith("#")):
        return Splice(start, end, "pass")
    if rest:
        return Splice(start, line_end - len(rest), "")
    line = start - len(indentation)
    above = places.text[:line].rstrip(" \t\n")
    if above and not places.text[line_end:].strip():
        # It was the last: the blank lines in front of it go too, and the end of the file stays as it was.
        return Splice(len(above), line_end, "")
    return Splice(line, min(line_end + 1, len(places.text)), "")


def _indented(source: str, indentation: str) -> str:
    return "\n".join(indentation + line if line.strip() else line for line in source.split("\n"))


def _on_one_line(source: str) -> str:
    try:
        statements = tree_of(source).body
    except SyntaxError:
        # Such as a return: it is only known where it will stand.
        statements = []
    if "\n" in source or any(hasattr(each, "body") or isinstance(each, ast.Match) for each in statements):
        raise Declined("the line holds several statements")
    return source
