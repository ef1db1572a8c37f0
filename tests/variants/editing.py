"""The text of a Python file with its tree, and two ways to change it: parts of lines, and whole lines."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FunctionDefinition = ast.FunctionDef | ast.AsyncFunctionDef
Import = ast.Import | ast.ImportFrom

INDENT = "    "

SIMPLE_STATEMENTS = (
    *(ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Raise, ast.Assert, ast.Delete),
    *(ast.Import, ast.ImportFrom, ast.Break, ast.Continue, ast.Pass),
)
"""The statements without a body, apart from declarations."""


@dataclass(frozen=True)
class Code:
    """A Python file as text and tree."""

    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def functions(self) -> list[FunctionDefinition]:
        """Every ``def``, outer ones before those inside."""
        return [node for node in self.nodes if isinstance(node, FunctionDefinition)]

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    @cached_property
    def continued(self) -> set[int]:
        """The lines that begin inside a string."""
        inside: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.start[0] != token.end[0] and token.type not in _LINE_ENDS:
                inside.update(range(token.start[0] + 1, token.end[0] + 1))
        return inside

    @cached_property
    def fstring_names(self) -> set[str]:
        """Names that occur inside f-strings, where Python before 3.12 gives no reliable place."""
        return {
            inner.id
            for node in self.nodes
            if isinstance(node, ast.JoinedStr)
            for inner in ast.walk(node)
            if isinstance(inner, ast.Name)
        }

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, innermost first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def is_alone_on_its_lines(self, statement: ast.stmt) -> bool:
        """Whether nothing but a comment shares the first and the last line of ``statement``."""
        assert statement.end_lineno is not None
        before = self.lines[statement.lineno - 1].encode()[: statement.col_offset]
        after = self.lines[statement.end_lineno - 1].encode()[statement.end_col_offset :].strip()
        return not before.strip() and (not after or after.startswith(b"#"))


_LINE_ENDS = (tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT, tokenize.INDENT)


@dataclass
class Edits:
    """Changes to one text at the places that ``ast`` gives, applied together."""

    code: Code
    changes: list[tuple[int, int, int, str]] = field(default_factory=list)

    def insert(self, line: int, column: int, text: str) -> None:
        self.replace(line, column, column, text)

    def replace(self, line: int, column: int, end_column: int, text: str) -> None:
        """Replaces a part of one line; columns count UTF-8 bytes."""
        self.changes.append((line, column, end_column, text))

    def result(self) -> str:
        lines = [line.encode() for line in self.code.lines]
        for line, column, end_column, text in sorted(self.changes, reverse=True):
            old = lines[line - 1]
            lines[line - 1] = old[:column] + text.encode() + old[end_column:]
        return b"\n".join(lines).decode()


@dataclass
class Layout:
    """New lines between those of one text, and deeper indentation for some of them."""

    code: Code
    before: dict[int, list[str]] = field(default_factory=dict)
    after: dict[int, list[str]] = field(default_factory=dict)
    deeper: Counter[int] = field(default_factory=Counter)

    def wrap(self, first: int, last: int, header: str, footer: list[str], indent: int) -> None:
        """Puts the lines ``first`` to ``last`` into a block. Inner blocks have to be wrapped before outer ones."""
        space = " " * indent
        self.before[first] = [space + header, *(INDENT + line for line in self.before.get(first, []))]
        self.after[last] = [*(INDENT + line for line in self.after.get(last, [])), *(space + line for line in footer)]
        for line in range(first, last + 1):
            self.deeper[line] += 1
        for line in range(first, last + 1):
            if line != first and line in self.before:
                self.before[line] = [INDENT + each for each in self.before[line]]
            if line != last and line in self.after:
                self.after[line] = [INDENT + each for each in self.after[line]]

    def result(self) -> str:
        lines: list[str] = []
        for number, line in enumerate(self.code.lines, start=1):
            shifted = bool(line.strip()) and number not in self.code.continued
            lines += self.before.get(number, [])
            lines.append(INDENT * self.deeper[number] + line if shifted else line)
            lines += self.after.get(number, [])
        return "\n".join(lines)


@dataclass(frozen=True)
class Variant:
    """One way to write a file differently.

    ``applies`` states for which files it is meaningful. ``keeps_text`` tells that what is found reads the same from its
    column on.
    """

    name: str
    rewrite: Callable[[Code], str]
    applies: Callable[[Code], bool]
    encode: Callable[[str], bytes] = str.encode
    keeps_text: bool = True


def imports(code: Code) -> list[Import]:
    """Every import statement."""
    return [node for node in code.nodes if isinstance(node, Import)]


def last_name(decorator: ast.expr) -> str:
    """The last word of a decorator: ``route`` for ``@app.route("/")``."""
    expression = decorator.func if isinstance(decorator, ast.Call) else decorator
    return expression.attr if isinstance(expression, ast.Attribute) else getattr(expression, "id", "")


def owner_of(code: Code, node: ast.AST) -> FunctionDefinition | None:
    """The outermost function whose body holds ``node``."""
    owner = None
    child = node
    for parent in code.around(node):
        if isinstance(parent, FunctionDefinition) and child in parent.body:
            owner = parent
        child = parent
    return owner


def body_of(function: FunctionDefinition) -> list[ast.stmt]:
    """The statements after the docstring."""
    return function.body[1:] if ast.get_docstring(function) is not None else function.body


def first_line(statement: ast.stmt) -> int:
    """The line on which a statement begins, decorators included."""
    decorators = statement.decorator_list if isinstance(statement, FunctionDefinition | ast.ClassDef) else []
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def bodies(code: Code) -> list[tuple[FunctionDefinition, list[ast.stmt]]]:
    """The functions that have statements on lines of their own after the docstring, inner ones first."""
    found = []
    for function in reversed(code.functions):
        body = body_of(function)
        if body and code.is_alone_on_its_lines(body[-1]) and body[0].lineno > function.lineno:
            found.append((function, body))
    return found


def is_from_the_future(code: Code) -> bool:
    """Whether the file begins with ``from __future__``, which must come first and at the top level."""
    return any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in code.nodes)
