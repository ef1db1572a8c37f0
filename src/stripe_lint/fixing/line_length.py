"""Breaks a line that became too long, as formatters do: the arguments of a call go on lines of their own.

It may be a simple statement, or the header of an ``if`` or ``while``.
"""

from __future__ import annotations

import ast
import io
import tokenize
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import syntax
from stripe_lint.parsing import tree_of
from stripe_lint.positions import characters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.fragments import Fragment
    from stripe_lint.fixing.places import Places

USUAL_LENGTH: Final = 88
"""How many characters a line may have that no line of the file goes beyond: the default of the formatters."""


def longest_line(module: Module) -> int:
    """The length of the longest line of code; comments and texts of several lines are not counted."""
    known = module.memory.get("longest line")
    if not isinstance(known, int):
        in_text = {
            line
            for node in syntax.descendants(module.tree)
            if isinstance(node, ast.Constant | ast.JoinedStr)
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
            if node.end_lineno != node.lineno
        }
        lines = enumerate(module.lines, start=1)
        known = max(
            (len(line) for n, line in lines if n not in in_text and not line.lstrip().startswith("#")), default=0
        )
        module.memory["longest line"] = known
    return known


def fitted(module: Module, places: Places, fragment: Fragment, new: str) -> str:
    """``new``, which replaces ``fragment``, within the length that the lines of the file have.

    Only a statement that was alone on one line is broken, and only where that makes all its lines short enough.
    """
    indentation = places.indentation_before(fragment.start)
    text = new.rstrip()
    is_header = text.endswith(":")
    rest = "" if is_header else places.text[fragment.end : places.end_of_line_at(fragment.end)].strip()
    longest = max(USUAL_LENGTH, longest_line(module))
    if "\n" in fragment.text.rstrip() + text or indentation is None or rest or len(indentation + text) <= longest:
        return new
    if is_header and "\n" not in new[len(text) :]:
        return new
    value = _last_expression(text, is_header=is_header)
    return _broken(text, value, indentation, longest) + new[len(text) :] if value is not None else new


def _last_expression(text: str, *, is_header: bool) -> ast.expr | None:
    """What a simple statement, or the header of an ``if`` or ``while``, ends with; ``not`` and signs left out."""
    [statement] = tree_of(f"{text} pass" if is_header else text).body
    value = getattr(statement, "test" if is_header else "value", None)
    while isinstance(value, ast.UnaryOp):
        value = value.operand
    return value if isinstance(value, ast.expr) else None


def _broken(text: str, value: ast.expr, indentation: str, longest: int) -> str:
    for call in _calls_at_end(value):
        opening = text.index("(", characters(text, call.func.end_col_offset or 0))
        closing = characters(text, call.end_col_offset or 0) - 1
        arguments = _split(text[opening + 1 : closing])
        lines = _lines_of(arguments, indentation + ("\t" if "\t" in indentation else "    "), longest)
        broken = "\n".join([text[: opening + 1], *lines, indentation + text[closing:]])
        is_in_parentheses = text[closing + 1 :].lstrip().startswith(")")
        if (
            arguments
            and not is_in_parentheses
            and all(len(line) <= longest for line in (indentation + broken).split("\n"))
        ):
            return broken
    return text


def _calls_at_end(node: ast.expr) -> Iterator[ast.Call]:
    """The calls that an expression ends with, the last first: ``f(a).b`` and ``await f(a)`` end with ``f(a)``."""
    while isinstance(node, ast.Await | ast.Attribute | ast.Subscript | ast.Call):
        if isinstance(node, ast.Call):
            yield node
        node = node.func if isinstance(node, ast.Call) else node.value


def _lines_of(arguments: list[str], indentation: str, longest: int) -> list[str]:
    """The arguments in one line if they fit, else in one each."""
    together = indentation + ", ".join(arguments)
    if len(together) <= longest:
        return [together]
    if len(arguments) > 1:
        return [f"{indentation}{argument}," for argument in arguments]
    [argument] = arguments
    [call] = [each for each in tree_of(f"_({argument})").body if isinstance(each, ast.Expr)]
    inner = call.value
    if isinstance(inner, ast.Call) and inner.args and not isinstance(inner.args[0], ast.Starred | ast.GeneratorExp):
        [value] = [each for each in tree_of(argument).body if isinstance(each, ast.Expr)]
        argument = _broken(argument, value.value, indentation, longest)
    return [indentation + argument]


def _split(arguments: str) -> list[str]:
    """The texts of arguments that stand on one line."""
    found, depth, start = [], 0, 0
    for token in tokenize.generate_tokens(io.StringIO(arguments).readline):
        if token.type != tokenize.OP:
            continue
        depth += (token.string in "([{") - (token.string in ")]}")
        if token.string == "," and not depth:
            found.append(arguments[start : token.start[1]].strip())
            start = token.end[1]
    return [*found, arguments[start:].strip()] if arguments[start:].strip() else found
