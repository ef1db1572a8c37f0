"""What a statement of SQL does that is handed to a database: its text, or a construct like ``insert(table)``."""

from __future__ import annotations

import ast
import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import assignments, functions, static_values, syntax
from stripe_lint.analysis.body_uses import text_of

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module


class Statement(Enum):
    """What a statement does: ``CHANGES`` may leave the same state however often it runs, ``ADDS`` adds each time."""

    ADDS = auto()
    CHANGES = auto()
    READS = auto()


_VERB: Final = r"(?is)\s*(?:with\b.*?\)\s*)?(insert|update|delete|replace|merge|select)\b"
_UPSERT: Final = r"(?i)on\s+(?:conflict|duplicate)|insert\s+(?:or\s+)?(?:ignore|replace)|not\s+exists"
_CHANGE: Final = r"(?i)\s*(?:(?:insert(?:\s+or\s+\w+)?|replace|merge)\s+into|update\s+\S+\s+set|delete\s+from)\b"
_RETURNING: Final = r"(?is)\s*insert\b(?!.*\bupdate\b).*\breturning\b"
_EXCLUSION: Final = r"(?is)\bwhere\b.*(?:<>|!=|\bnot\b|\bdistinct\b)"
_CONSTRUCTS: Final = {
    "insert": Statement.ADDS,
    "update": Statement.CHANGES,
    "delete": Statement.CHANGES,
    "select": Statement.READS,
}
_EXECUTING_NAME: Final = r"(?i)exec|query|sql|statement|run"


def of_argument(module: Module, node: ast.expr) -> Statement:
    """What the statement does that a database is given; one that can't be seen is taken for one that reads."""
    assigned = assignments.assigned_expression(module, node)[1]
    for inner in syntax.descendants(assigned):
        built = _CONSTRUCTS.get(functions.last_name(inner.func) or "") if isinstance(inner, ast.Call) else None
        if built is not None:
            upserts = built is Statement.ADDS and "on_conflict" in ast.dump(assigned)
            return Statement.CHANGES if upserts else built
    return _of_text(_text(module, node))


def handed_on(module: Module, call: ast.Call) -> Statement | None:
    """What the statement does that a function of the project is given as text; ``None`` for any but one that changes.

    A text that has a name counts where the name of the function says that it executes what it is given.
    """
    given = call.args[0] if call.args else None
    if isinstance(given, ast.Name | ast.Attribute):
        if re.search(_EXECUTING_NAME, functions.last_name(call.func) or "") is None:
            return None
    elif not isinstance(given, ast.Constant | ast.JoinedStr):
        return None
    text = _text(module, given)
    return _of_text(text) if re.match(_CHANGE, text) else None


def gives_back_what_it_adds(module: Module, node: ast.expr) -> bool:
    """Whether a statement adds a row and gives it back, and gives nothing back where the row is there already."""
    assigned = assignments.assigned_expression(module, node)[1]
    built = {functions.last_name(inner.func) for inner in syntax.descendants(assigned) if isinstance(inner, ast.Call)}
    if "insert" in built:
        return "returning" in built and "on_conflict_do_update" not in built
    return re.match(_RETURNING, _text(module, node)) is not None


def excludes_rows(module: Module, node: ast.expr) -> bool:
    """Whether a statement has a condition that leaves rows out for what they hold."""
    return re.search(_EXCLUSION, _text(module, node)) is not None


def without_comments(text: str) -> str:
    """A statement without its comments."""
    return re.sub(r"(?s)--[^\n]*|/\*.*?\*/", " ", text)


def _text(module: Module, node: ast.expr) -> str:
    """The text of a statement without its comments; empty where it has none that can be seen."""
    text = text_of(static_values.of(module, node)) if isinstance(node, ast.Name | ast.Attribute) else None
    for inner in syntax.descendants(assignments.assigned_expression(module, node)[1]):
        if isinstance(inner, ast.JoinedStr):
            text = text or _text_of_parts(inner)
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            text = text or inner.value
    return without_comments(text or "")


def _text_of_parts(node: ast.JoinedStr) -> str:
    """The text of an f-string, with a name in place of each value."""
    return "".join(
        part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "value"
        for part in node.values
    )


def _of_text(text: str) -> Statement:
    match = re.match(_VERB, text)
    if match is None or match.group(1).lower() == "select":
        return Statement.READS
    if match.group(1).lower() == "insert" and not re.search(_UPSERT, text):
        return Statement.ADDS
    return Statement.CHANGES
