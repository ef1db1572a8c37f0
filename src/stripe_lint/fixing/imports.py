"""Where a new import and a new logger belong at the top of a file."""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING, Final

from stripe_lint.fixing.splices import Splice

if TYPE_CHECKING:
    from stripe_lint.fixing.edits import AddImport, AddImportFrom, AddLogger
    from stripe_lint.fixing.places import Places

_OF_FILE: Final = (
    r"(?im)^#(?:!|\s*(?:-\*-|flake8|ruff|mypy|pylint|pyright|isort|fmt|type|noqa|vim|@|.*coding[:=]"
    r"|.*(?:copyright|\(c\)|licen[cs]e|spdx|author)))"
)
"""Comments that stay the first lines of a file, whatever follows them."""

_Import = ast.Import | ast.ImportFrom


def import_splice(tree: ast.Module, places: Places, edit: AddImport) -> Splice:
    """The new import: among those of the standard library in alphabetical order, else above the first import."""
    line = f"import {edit.name}" if edit.alias == edit.name else f"import {edit.name} as {edit.alias}"
    return _among_imports(tree, places, edit.name, line)


def import_from_splice(tree: ast.Module, places: Places, edit: AddImportFrom) -> Splice:
    """The new name in an import from the same module, in alphabetical order, or else in a new import beside such."""
    block = _leading_imports(tree)
    for statement in block:
        if isinstance(statement, ast.ImportFrom) and statement.module == edit.name and not statement.level:
            if statement.names[0].name == "*":
                continue
            for alias in statement.names:
                if alias.name > edit.member:
                    start = places.offset(alias.lineno, alias.col_offset)
                    return Splice(start, start, f"{edit.member}, ")
            last = statement.names[-1]
            end = places.offset(last.end_lineno or last.lineno, last.end_col_offset or last.col_offset)
            return Splice(end, end, f", {edit.member}")
    line = f"from {edit.name} import {edit.member}"
    package = edit.name.partition(".")[0]
    related = [each for each in block if isinstance(each, ast.ImportFrom) and _package(each) == package]
    if related:
        return _below(places, tree, related[-1], line)
    return _among_imports(tree, places, edit.name, line)


def together(splices: list[Splice]) -> list[Splice]:
    """New imports that belong to one place as one: the standard library first, no blank line inside a group."""
    lines = [splice for splice in splices if splice.text.strip().startswith(("import ", "from "))]
    if len(lines) < 2 or any(";" in splice.text for splice in lines):
        return sorted(splices, key=lambda splice: splice.text)
    lines.sort(key=_isorted)
    groups = [[each for each in lines if _is_of_standard(each) is standard] for standard in (True, False)]
    blocks = ["\n".join(each.text.strip() for each in group) for group in groups if group]
    first, last = lines[0].text, lines[-1].text
    before, after = first[: len(first) - len(first.lstrip())], last[len(last.rstrip()) :]
    others = [splice for splice in splices if splice not in lines]
    text = before + "\n\n".join(blocks) + after
    return [*sorted(others, key=lambda splice: splice.text), lines[0]._replace(text=text)]


def _isorted(splice: Splice) -> tuple[bool, bool, str]:
    """Packages behind the standard library, ``from`` behind ``import``, else by name."""
    words = splice.text.split()
    return not _is_of_standard(splice), words[0] == "from", words[1]


def _is_of_standard(splice: Splice) -> bool:
    return splice.text.split()[1].partition(".")[0] in sys.stdlib_module_names


def _package(statement: ast.ImportFrom) -> str:
    return "" if statement.level else (statement.module or "").partition(".")[0]


def _among_imports(tree: ast.Module, places: Places, name: str, line: str) -> Splice:
    block = _leading_imports(tree)
    if name.partition(".")[0] not in sys.stdlib_module_names:
        return _among_third_party(tree, places, name, line)
    standard = [each for each in block if _is_standard(each)]
    earlier = [each for each in standard if isinstance(each, ast.Import) and each.names[0].name <= name]
    if earlier:
        return _below(places, tree, earlier[-1], line)
    if standard:
        return _above(places, standard[0], f"{line}\n")
    others = [each for each in block if not _is_future(each)]
    if others:
        return _on_top(places, others[0], f"{line}\n\n")
    return _behind_head(places, tree, line)


def _among_third_party(tree: ast.Module, places: Places, name: str, line: str) -> Splice:
    """A new import of a package: in the first group of such, ``import`` before ``from``, or else below the others."""
    block = _leading_imports(tree)
    packages = [each for each in block if not _is_standard(each) and not _is_future(each) and _named(each)]
    group = packages[:1]
    for each in packages[1:]:
        if each.lineno != (group[-1].end_lineno or 0) + 1:
            break
        group.append(each)
    kind = ast.ImportFrom if line.startswith("from ") else ast.Import
    earlier = [each for each in group if isinstance(each, kind) and _named(each) <= name]
    if earlier or (group and kind is ast.ImportFrom):
        return _below(places, tree, (earlier or group)[-1], line)
    if group:
        return _above(places, group[0], f"{line}\n")
    relative = [each for each in block if not _is_standard(each) and not _is_future(each)]
    if relative:
        return _on_top(places, relative[0], f"{line}\n\n")
    return _behind_head(places, tree, line)


def _named(statement: _Import) -> str:
    """The module that an import names; empty for a relative one."""
    if isinstance(statement, ast.Import):
        return statement.names[0].name
    return "" if statement.level else statement.module or ""


def logger_splice(tree: ast.Module, places: Places, edit: AddLogger) -> Splice:
    """The new logger: below the imports at the top, after a blank line."""
    line = f"{edit.name} = {edit.get_logger}(__name__)"
    return _behind_head(places, tree, line)


def _behind_head(places: Places, tree: ast.Module, line: str) -> Splice:
    """``line`` behind a blank one below the imports at the top, or the docstring; else above everything."""
    block = _leading_imports(tree)
    if block or ast.get_docstring(tree, clean=False) is not None:
        return _below(places, tree, block[-1] if block else tree.body[0], f"\n{line}")
    return _on_top(places, tree.body[0], f"{line}\n\n")


def first_below_imports(tree: ast.Module) -> ast.stmt:
    """What follows the imports at the top, and so the new logger too; the last of them where nothing does."""
    block = _leading_imports(tree)
    below = tree.body.index(block[-1]) + 1 if block else 0
    return tree.body[min(below, len(tree.body) - 1)]


def _leading_imports(tree: ast.Module) -> list[_Import]:
    """The imports before anything else, the docstring left aside."""
    found: list[_Import] = []
    for number, statement in enumerate(tree.body):
        if isinstance(statement, _Import):
            found.append(statement)
        elif number or not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            break
    return found


def _is_future(statement: _Import) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _is_standard(statement: _Import) -> bool:
    if isinstance(statement, ast.ImportFrom):
        name = "" if statement.level else statement.module or ""
    else:
        name = statement.names[0].name
    return name.partition(".")[0] in sys.stdlib_module_names and not _is_future(statement)


def _on_top(places: Places, statement: ast.stmt, text: str) -> Splice:
    """``text`` above a statement and the comments that head it, but below those that speak of the whole file."""
    start = places.start_with_comments(statement)
    comments = places.text[start : places.start_of(statement)]
    of_file = not start and (isinstance(statement, _Import) or re.search(_OF_FILE, comments))
    if of_file or places.indentation_before(places.start_of(statement)) is None:
        return _above(places, statement, text)
    return Splice(start, start, text)


def _above(places: Places, statement: ast.stmt, text: str) -> Splice:
    start = places.start_of(statement)
    before = places.indentation_before(start)
    if before is None:
        return Splice(start, start, f"{text.strip()}; ")
    return Splice(start - len(before), start - len(before), text)


def _below(places: Places, tree: ast.Module, statement: ast.stmt, text: str) -> Splice:
    """``text`` on lines of its own below the line that ``statement`` ends on, or in that line if more follows there."""
    end = places.end_of(statement)
    following = tree.body[tree.body.index(statement) + 1 :][:1]
    if following and following[0].lineno == statement.end_lineno:
        return Splice(end, end, f"; {text.strip()}")
    line_end = places.end_of_line_at(end)
    return Splice(line_end, line_end, f"\n{text}")
