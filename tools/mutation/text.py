"""Edits of a source text by the places of its syntax tree; everything that no edit covers stays as it is."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Final

MARK: Final = "\ue000"
"""Stands in new text where a finding is expected; it is taken out before the mutant is used."""

LEVEL: Final = "    "


class SourceText:
    """A text with the offsets that the nodes of its tree mean."""

    def __init__(self, text: str) -> None:
        """Remembers where each line begins."""
        self.text = text
        self.data = text.encode()
        self._starts = [0]
        for line in self.data.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def offset(self, line: int, column: int) -> int:
        """The offset in bytes of a line (from 1) and a column as ``ast`` counts them."""
        return self._starts[line - 1] + column

    def start(self, node: ast.expr | ast.stmt | ast.ExceptHandler | ast.keyword) -> int:
        """Where a node begins; a decorated function or class begins at its first decorator."""
        decorators = getattr(node, "decorator_list", None)
        if decorators:
            line = decorators[0].lineno
            return self.offset(line, self.data[self._starts[line - 1] :].index(b"@"))
        return self.offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.ExceptHandler | ast.keyword) -> int:
        """Where a node ends."""
        return self.offset(node.end_lineno or 0, node.end_col_offset or 0)

    def of(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        """The text of a node."""
        return self.data[self.start(node) : self.end(node)].decode()

    def indentation(self, statement: ast.stmt) -> str | None:
        """The white space before a statement, ``None`` where it shares its line with another one."""
        start = self.start(statement)
        line_start = self.data.rfind(b"\n", 0, start) + 1
        before = self.data[line_start:start]
        if before.strip():
            return None
        end = self.end(statement)
        line_end = self.data.find(b"\n", end)
        after = self.data[end : line_end if line_end >= 0 else len(self.data)].strip()
        return before.decode() if not after or after.startswith(b"#") else None

    def indentation_of_block(self, statement: ast.stmt) -> str:
        """The white space before a compound statement, which begins its line."""
        return " " * statement.col_offset


@dataclass(frozen=True)
class Edited:
    """A text after its edits, and the lines on which a mark stood."""

    text: str
    lines: tuple[int, ...]


@dataclass
class Draft:
    """Edits of one text that do not overlap."""

    source: SourceText
    _edits: list[tuple[int, int, str]] = field(default_factory=list)

    def replace(self, node: ast.expr | ast.stmt, new: str) -> None:
        """Puts ``new`` in the place of a node."""
        self.replace_span(self.source.start(node), self.source.end(node), new)

    def replace_span(self, start: int, end: int, new: str) -> None:
        """Puts ``new`` in the place of a stretch of bytes."""
        self._edits.append((start, end, new))

    def insert(self, offset: int, new: str) -> None:
        """Puts ``new`` before the byte at ``offset``, after what was inserted there before."""
        self._edits.append((offset, offset, new))

    def mark(self, offset: int) -> None:
        """Expects the finding on the line of ``offset``."""
        self.insert(offset, MARK)

    def build(self) -> Edited:
        """The edited text."""
        parts: list[str] = []
        position = 0
        data = self.source.data
        for start, end, new in sorted(self._edits, key=lambda edit: edit[:2]):
            if start < position:
                raise ValueError("two edits overlap")
            parts += [data[position:start].decode(), new]
            position = end
        marked = "".join([*parts, data[position:].decode()])
        lines = tuple(number for number, line in enumerate(marked.split("\n"), 1) if MARK in line)
        return Edited(marked.replace(MARK, ""), lines)


def ensure_import(draft: Draft, tree: ast.Module, name: str) -> bool:
    """Imports the module ``name`` at the top, unless a plain import there does it; false where the name is taken."""
    for node in ast.walk(tree):
        names = node.names if isinstance(node, ast.Import | ast.ImportFrom) else []
        if any((alias.asname or alias.name) == name for alias in names):
            return isinstance(node, ast.Import) and node in tree.body
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            return False
    draft.insert(draft.source.start(_first_after_prologue(tree)), f"import {name}\n")
    return True


def _first_after_prologue(tree: ast.Module) -> ast.stmt:
    """The first statement that an import may stand before."""
    for statement in tree.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            continue
        return statement
    return tree.body[-1]
