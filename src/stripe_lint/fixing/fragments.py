"""Cuts the smallest piece out of a file that LibCST can parse alone: a statement, or the header of one with a body."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.errors import Declined

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.places import Places

_TAIL = "pass\n"
_WITH_BODY = (
    *(ast.If, ast.While, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler),
)

Owner = ast.stmt | ast.ExceptHandler | ast.match_case


class Fragment(NamedTuple):
    """The text from ``start`` to ``end`` of a file; between ``prefix`` and ``tail`` it is a module of its own."""

    start: int
    end: int
    prefix: str
    tail: str
    text: str

    @property
    def source(self) -> str:
        """The module."""
        return f"{self.prefix}{self.text}{self.tail}"

    def cut(self, generated: str) -> str:
        """What became of the text in the module that was ``generated`` from ``source`` after changes."""
        if not (generated.startswith(self.prefix) and generated.endswith(self.tail)):
            raise Declined("LibCST changed more than the statement")
        return generated[len(self.prefix) : len(generated) - len(self.tail)]


def owner_of(module: Module, node: ast.AST) -> Owner:
    """The statement or clause in whose own part, not in whose body, ``node`` stands."""
    current = node
    while not isinstance(current, ast.stmt | ast.ExceptHandler | ast.match_case):
        current = module.parents[current]
    return current


def fragment_of(module: Module, places: Places, owner: Owner) -> Fragment:
    """The fragment that holds the own part of ``owner``. Raises ``Declined`` where there is none."""
    if isinstance(owner, ast.match_case):
        line = places.start_of_line(owner.pattern.lineno)
        start = line + len(places.text[line:]) - len(places.text[line:].lstrip(" \t\f"))
        if not places.text.startswith("case", start):
            raise Declined("the pattern of this case does not begin on its line")
        return _until(places, start, places.start_of(owner.body[0]), "match _:\n ")
    start = places.start_of(owner)
    if isinstance(owner, ast.Match):
        line = places.start_of_line(owner.cases[0].pattern.lineno)
        indentation = len(places.text[line:]) - len(places.text[line:].lstrip(" \t\f"))
        return _until(places, start, line + indentation, "", "case _:\n" + " " * (indentation + 1) + _TAIL)
    if not isinstance(owner, _WITH_BODY):
        if isinstance(owner, ast.Try):
            raise TypeError("a try statement has no part of its own")
        end = places.end_of(owner)
        return Fragment(start, end, "", "\n", places.text[start:end])
    prefix = ""
    if isinstance(owner, ast.ExceptHandler):
        prefix = "try:\n pass\n"
    elif is_elif(module, places, owner):
        prefix = "if _:\n pass\n"
    elif getattr(owner, "decorator_list", None):
        # The definition begins below its decorators, as deep as they do.
        before = places.indentation_before(start)
        prefix = f"if _:\n{before}" if before else ""
    return _until(places, start, places.start_of(owner.body[0]), prefix)


def is_elif(module: Module, places: Places, statement: ast.AST) -> bool:
    """Whether an ``if`` statement is written as ``elif``."""
    parent = module.parents.get(statement)
    return (
        isinstance(statement, ast.If)
        and isinstance(parent, ast.If)
        and statement in parent.orelse
        and places.text.startswith("elif", places.start_of(statement))
    )


def _until(places: Places, start: int, end: int, prefix: str, tail: str = _TAIL) -> Fragment:
    return Fragment(start, end, prefix, tail, places.text[start:end])
