"""The same code in other bytes, other blanks and after other text."""

from __future__ import annotations

import ast

from variants.editing import INDENT, SIMPLE_STATEMENTS, Code, Edits, Variant, is_from_the_future


def _always(code: Code) -> bool:
    return bool(code.tree.body)


def _unchanged(code: Code) -> str:
    return code.text


def _with_windows_lines(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def _with_mark(text: str) -> bytes:
    return b"\xef\xbb\xbf" + text.encode()


def _indented(code: Code) -> bool:
    """Some line is indented, and every indentation is one of whole tabs."""
    blocks = {statement.col_offset for statement in code.nodes if isinstance(statement, ast.stmt)}
    return blocks != {0} and all(column % len(INDENT) == 0 for column in blocks)


def _with_tabs(code: Code) -> str:
    lines = []
    for number, line in enumerate(code.lines, start=1):
        depth = 0 if number in code.continued else (len(line) - len(line.lstrip(" "))) // len(INDENT)
        lines.append("\t" * depth + line[depth * len(INDENT) :])
    return "\n".join(lines)


def _with_text_before(code: Code) -> str:
    """A comment above everything, and a statement before each on the same line, in letters of two to four bytes.

    The comment holds what ends a line for ``str.splitlines`` and not for Python.
    """
    edits = Edits(code)
    for node in code.nodes:
        if isinstance(node, SIMPLE_STATEMENTS) and not code.lines[node.lineno - 1].encode()[: node.col_offset].strip():
            edits.insert(node.lineno, node.col_offset, '"é€😀"; ')
    return "# Größe,\f 価格\u2028\n" + edits.result()


def _does_not_come_first(code: Code) -> bool:
    return not is_from_the_future(code)


VARIANTS = (
    Variant("crlf", _unchanged, _always, encode=_with_windows_lines),
    Variant("bom", _unchanged, _always, encode=_with_mark),
    Variant("tabs", _with_tabs, _indented),
    Variant("text_before", _with_text_before, _does_not_come_first),
)
"""These keep the findings of every rule."""
