"""Finds the imports that nothing needs any more because of what was repaired."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from stripe_lint.analysis import syntax
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.fixing.places import places_of
from stripe_lint.fixing.splices import Splice

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.places import Places


def removals(before: Module, after: Module) -> list[Splice]:
    """What takes the imports out of ``after`` that were used in ``before``, or that two repairs wrote, in order.

    An import stays where it may be for others: in an ``__init__.py``, in a ``try``, with a comment, where another file
    imports its name from here.
    """
    if after.path.name == "__init__.py":
        return []
    used = syntax.names_in(before.tree)
    places = places_of(after)
    repeated = _repeated(before, after)
    found = []
    for statement in syntax.descendants(after.tree):
        if not isinstance(statement, ast.Import | ast.ImportFrom) or not _is_plain(after, places, statement):
            continue
        if statement in repeated:
            found.append(_without(places, statement, []))
            continue
        unused = [
            alias for alias in statement.names if _bound(alias) in used and _is_unused(after, places, statement, alias)
        ]
        if unused:
            kept = [alias for alias in statement.names if alias not in unused]
            found.append(_without(places, statement, kept))
    return sorted(found)


def _repeated(before: Module, after: Module) -> set[ast.stmt]:
    """The imports at the top level of ``after`` that stand above already, and did not stand twice in ``before``."""
    first = {ast.dump(each): each for each in reversed(after.tree.body) if isinstance(each, ast.Import)}
    earlier = Counter(ast.dump(each) for each in before.tree.body if isinstance(each, ast.Import))
    return {
        each
        for each in after.tree.body
        if isinstance(each, ast.Import) and first[ast.dump(each)] is not each and earlier[ast.dump(each)] < 2
    }


def _is_plain(module: Module, places: Places, statement: ast.Import | ast.ImportFrom) -> bool:
    """Whether the import is always run, and alone on its line."""
    parent = module.parents[statement]
    is_only_one = isinstance(parent, NamedFunction) and len(parent.body) == 1
    start = places.start_of(statement)
    line = places.text[start : places.end_of_line_at(start)]
    return (
        isinstance(parent, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef)
        and not is_only_one
        and statement.lineno == statement.end_lineno
        and places.indentation_before(start) is not None
        and places.end_of(statement) == start + len(line.rstrip())
        and getattr(statement, "module", "") != "__future__"
    )


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _is_unused(module: Module, places: Places, statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> bool:
    name = _bound(alias)
    if name == "*" or (isinstance(statement, ast.Import) and "." in alias.name and alias.asname is None):
        return False
    start, end = places.start_of(statement), places.end_of(statement)
    mention = rf"\b{re.escape(name)}\b"
    if re.search(mention, places.text[:start]) or re.search(mention, places.text[end:]):
        return False
    return not _is_imported_from_here(module, name)


def _is_imported_from_here(module: Module, name: str) -> bool:
    """Whether a file of the project may import ``name`` from this one, or that can't be known."""
    mentions = [module.project.files_that_mention(word, module.path) for word in (name, module.path.stem)]
    known = [set(paths) for paths in mentions if paths is not None]
    if not known:
        return True
    others = [module.project.module_at(path) for path in set.intersection(*known) - {module.path}]
    return any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").rpartition(".")[2] in {module.path.stem, ""}
        and any(alias.name in {name, "*"} for alias in node.names)
        for other in others
        for node in (syntax.descendants(other.tree) if other is not None else ())
    )


def _without(places: Places, statement: ast.Import | ast.ImportFrom, kept: list[ast.alias]) -> Splice:
    start, end = places.start_of(statement), places.end_of(statement)
    if kept:
        names = places.offset(statement.names[0].lineno, statement.names[0].col_offset)
        listed = ", ".join(f"{each.name} as {each.asname}" if each.asname else each.name for each in kept)
        closing = places.text[names:end].rfind(")")
        return Splice(names, end if closing < 0 else names + closing, listed)
    text = places.text
    line = text.rfind("\n", 0, start) + 1
    behind = min(places.end_of_line_at(end) + 1, len(text))
    if not text[behind:].strip():
        # Nothing follows: the blank lines in front go too, and the end of the file stays as it was.
        return Splice(
            len(text[:line].rstrip(" \t\n")), places.end_of_line_at(end) if text[:line].strip() else behind, ""
        )
    if text.startswith("\n", behind):
        above = len(text[:line].rstrip())
        if text[above:line].count("\n") > 1:
            # Blank lines were around it: those in front go too.
            return Splice(above + 1, behind, "")
        if not above:
            return Splice(line, behind + len(text[behind:]) - len(text[behind:].lstrip("\n")), "")
    return Splice(line, behind, "")
