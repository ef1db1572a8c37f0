"""Finds the places that ``ast`` gives in the text: lines from 1 and columns in UTF-8 bytes become offsets."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.positions import characters

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module


class Places:
    """The lines of one text whose line ends are ``\\n``; offsets count its characters."""

    def __init__(self, text: str) -> None:
        """Finds the lines of ``text``."""
        self.text = text
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def offset(self, line: int, column: int) -> int:
        """The offset of a place as ``ast`` gives it."""
        return self._starts[line - 1] + characters(self._lines[line - 1], column)

    def start_of(self, node: ast.expr | ast.stmt | ast.ExceptHandler | ast.pattern) -> int:
        """Where a node begins, the decorators of a definition included."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.decorator_list:
            return self.text.index("@", self.start_of_line(node.decorator_list[0].lineno))
        return self.offset(node.lineno, node.col_offset)

    def end_of(self, node: ast.expr | ast.stmt | ast.ExceptHandler) -> int:
        """Where a node ends."""
        line, column = node.end_lineno, node.end_col_offset
        if line is None or column is None:
            raise ValueError("the tree was not made by a parser")
        return self.offset(line, column)

    def start_of_line(self, line: int) -> int:
        """Where a line begins."""
        return self._starts[line - 1]

    def start_with_comments(self, statement: ast.stmt) -> int:
        """Where the line begins on which a statement does, or the first of the comments right above it."""
        begin = self.text.rfind("\n", 0, self.start_of(statement)) + 1
        indentation = self.indentation_before(self.start_of(statement))
        while begin and indentation is not None:
            above = self.text.rfind("\n", 0, begin - 1) + 1
            if not self.text.startswith(f"{indentation}#", above):
                break
            begin = above
        return begin

    def end_of_line_at(self, offset: int) -> int:
        """Where the line around ``offset`` ends, its line end not included."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def indentation_before(self, offset: int) -> str | None:
        """The blanks before ``offset`` on its line, if nothing else is there that belongs to the logical line."""
        start = self.text.rfind("\n", 0, offset) + 1
        before = self.text[start:offset]
        if before.strip(" \t\f") or self.text.endswith("\\\n", 0, start):
            return None
        return before


def places_of(module: Module) -> Places:
    """The places of a module's text, found once."""
    known = module.memory.get(Places)
    if isinstance(known, Places):
        return known
    places = Places(module.text)
    module.memory[Places] = places
    return places
