"""Takes whole statements, with the comments that belong to them, from one place to another."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.errors import Declined
from stripe_lint.fixing.edits import MoveBefore, MoveToElse
from stripe_lint.fixing.fragments import is_elif
from stripe_lint.fixing.splices import Splice

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edits import Move
    from stripe_lint.fixing.places import Places


def move_splices(module: Module, places: Places, edit: Move) -> tuple[Splice, Splice]:
    """What a move takes out of the text, and what it puts in. Raises ``Declined`` where lines are shared."""
    if places.indentation_before(places.start_of(edit.node)) is None or _is_followed(places, edit.node):
        return _from_shared_line(module, places, edit)
    start, end = _lines_of(places, edit.node)
    lines = places.text[start:end].split("\n")
    before = places.indentation_before(places.start_of(edit.node)) or ""
    target = _first_on_line(module, edit.target) if isinstance(edit, MoveBefore) else edit.target
    target_start = places.start_of(target)
    after = places.indentation_before(target_start)
    if after is None or is_elif(module, places, target):
        raise Declined("nothing can be put beside the statement that it belongs to")
    if isinstance(edit, MoveBefore):
        line = target_start - len(after)
        return _taken_out(module, places, edit.node, start, end), Splice(
            line, line, _shifted(lines, before, after) + "\n"
        )
    end_of_target = places.end_of(target)
    line_end = places.end_of_line_at(end_of_target)
    rest = places.text[end_of_target:line_end].strip()
    if rest and not rest.startswith("#"):
        raise Declined("the line holds several statements")
    if isinstance(edit, MoveToElse):
        text = f"{after}else:\n{_shifted(lines, before, after + _step(places, edit.target))}"
    else:
        text = _shifted(lines, before, after)
    return _taken_out(module, places, edit.node, start, end), Splice(line_end, line_end, "\n" + text)


def _is_followed(places: Places, node: ast.stmt) -> bool:
    end = places.end_of(node)
    rest = places.text[end : places.end_of_line_at(end)].strip()
    return bool(rest) and not rest.startswith("#")


def _from_shared_line(module: Module, places: Places, edit: Move) -> tuple[Splice, Splice]:
    """A simple statement that shares its line; the comment at the end of the line stays there."""
    node, target = edit.node, edit.target
    start, end = places.start_of(node), places.end_of(node)
    text = places.text[start:end]
    block = next(block for block in _blocks_around(module, node) if node in block)
    number = block.index(node)
    if number and block[number - 1].end_lineno == node.lineno:
        taken = Splice(places.end_of(block[number - 1]), end, "")
    elif number + 1 < len(block) and "\n" not in text:
        taken = Splice(start, places.start_of(block[number + 1]), "")
    else:
        raise Declined("the line holds several statements")
    if isinstance(edit, MoveBefore):
        target = _first_on_line(module, target)
    target_start = places.start_of(target)
    indentation = places.indentation_before(target_start)
    if "\n" in text or indentation is None or is_elif(module, places, target):
        raise Declined("the line holds several statements")
    if isinstance(edit, MoveBefore):
        line = target_start - len(indentation)
        return taken, Splice(line, line, f"{indentation}{text}\n")
    if _is_followed(places, target):
        raise Declined("the line holds several statements")
    line_end = places.end_of_line_at(places.end_of(target))
    if isinstance(edit, MoveToElse):
        step = _step(places, edit.target)
        return taken, Splice(line_end, line_end, f"\n{indentation}else:\n{indentation}{step}{text}")
    return taken, Splice(line_end, line_end, f"\n{indentation}{text}")


def _first_on_line(module: Module, statement: ast.stmt) -> ast.stmt:
    """The first of the statements that stand on the line of ``statement``."""
    block = next(block for block in _blocks_around(module, statement) if statement in block)
    return next(each for each in block if each.lineno == statement.lineno)


def _blocks_around(module: Module, statement: ast.stmt) -> list[list[ast.stmt]]:
    parent = module.parents[statement]
    return [getattr(parent, name, []) for name in ("body", "orelse", "finalbody")]


def _lines_of(places: Places, node: ast.stmt) -> tuple[int, int]:
    """Where the lines of a statement begin and end (before the line end), comments right above and behind included."""
    line_end = places.end_of_line_at(places.end_of(node))
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant | ast.JoinedStr) and inner.lineno != inner.end_lineno:
            raise Declined("a text of several lines would have to be moved")
    return places.start_with_comments(node), line_end


def _taken_out(module: Module, places: Places, node: ast.stmt, start: int, end: int) -> Splice:
    if is_alone(module, node):
        indentation = places.indentation_before(places.start_of(node)) or ""
        return Splice(start, end, f"{indentation}pass")
    return Splice(start, min(end + 1, len(places.text)), "")


def is_alone(module: Module, statement: ast.stmt) -> bool:
    """Whether ``statement`` is all that its block holds."""
    return [statement] in _blocks_around(module, statement)


def _step(places: Places, target: ast.If) -> str:
    """By how much the block of ``target`` is indented further."""
    outer = places.indentation_before(places.start_of(target)) or ""
    inner = places.indentation_before(places.start_of(target.body[0]))
    if inner is None or not inner.startswith(outer):
        raise Declined("the line holds several statements")
    return inner[len(outer) :]


def _shifted(lines: list[str], before: str, after: str) -> str:
    shifted = []
    for line in lines:
        if line.strip() and not line.startswith(before):
            raise Declined("the statement is indented in an unusual way")
        shifted.append(after + line[len(before) :] if line.strip() else line)
    return "\n".join(shifted)
