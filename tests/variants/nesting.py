"""The same code further inside: in functions, in methods and in ``try`` statements."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from variants.editing import (
    INDENT,
    SIMPLE_STATEMENTS,
    Code,
    FunctionDefinition,
    Import,
    Layout,
    Variant,
    bodies,
    first_line,
    imports,
    is_from_the_future,
    owner_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def _can_be_nested(code: Code) -> bool:
    """Nothing in the file depends on being at the top of a module.

    Inside a function there is no ``import *``, and ``global`` means something else; a platform finds its entry point by
    the name in the module; and what a module makes once a process, a function makes each time it is called.
    """
    starred = any(alias.name == "*" for statement in imports(code) for alias in statement.names)
    return not (
        starred
        or is_from_the_future(code)
        or any(isinstance(node, ast.Global) for node in code.nodes)
        or any(_is_entry_point(statement) for statement in code.tree.body)
        or _makes_something_once(code)
    )


_ENTRY_POINTS = (["event", "context"], ["environ", "start_response"], ["scope", "receive", "send"])


def _is_entry_point(statement: ast.stmt) -> bool:
    return isinstance(statement, FunctionDefinition) and [each.arg for each in statement.args.args] in _ENTRY_POINTS


def _makes_something_once(code: Code) -> bool:
    """Whether the import of the module calls something that gives another result each time."""
    sources = {
        alias.asname or alias.name
        for statement in imports(code)
        for alias in statement.names
        if (statement.module if isinstance(statement, ast.ImportFrom) else alias.name) in _EVER_CHANGING
    }
    return any(
        isinstance(node, ast.Name) and node.id in sources and owner_of(code, node) is None for node in code.nodes
    )


_EVER_CHANGING = frozenset({"uuid", "time", "secrets", "random", "datetime"})


def _nested(code: Code, *headers: str) -> str:
    layout = Layout(code)
    layout.deeper.update({number: len(headers) for number in range(1, len(code.lines) + 1)})
    return "\n".join([*(INDENT * depth + header for depth, header in enumerate(headers)), layout.result()])


def _in_function(code: Code) -> str:
    return _nested(code, "def outer():")


def _in_method(code: Code) -> str:
    return _nested(code, "class Outer:", "def method(self):")


def _has_bodies(code: Code) -> bool:
    return bool(bodies(code))


def _bodies_in_try(code: Code) -> str:
    layout = Layout(code)
    for _, body in bodies(code):
        assert body[-1].end_lineno is not None
        layout.wrap(first_line(body[0]), body[-1].end_lineno, "try:", ["finally:", "    pass"], body[0].col_offset)
    return layout.result()


def _statements_in_try(code: Code) -> str:
    layout = Layout(code)
    for statement in _simple_statements(code):
        assert statement.end_lineno is not None
        footer = ["finally:", "    pass"]
        layout.wrap(statement.lineno, statement.end_lineno, "try:", footer, statement.col_offset)
    return layout.result()


def _simple_statements(code: Code) -> list[ast.stmt]:
    """The statements without a body inside functions, but docstrings and imports."""
    documentation = {function.body[0] for function in code.functions if ast.get_docstring(function) is not None}
    return [
        node
        for function in code.functions
        for node in _own_statements(function)
        if isinstance(node, SIMPLE_STATEMENTS) and not isinstance(node, Import)
        if node not in documentation and code.is_alone_on_its_lines(node)
    ]


def _has_simple_statements(code: Code) -> bool:
    return bool(_simple_statements(code))


def _own_statements(function: FunctionDefinition) -> Iterator[ast.stmt]:
    """The statements of a function, without those of the functions and classes inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, FunctionDefinition | ast.ClassDef | ast.expr):
            continue
        if isinstance(node, ast.stmt):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


VARIANTS = (
    Variant("in_function", _in_function, _can_be_nested),
    Variant("in_method", _in_method, _can_be_nested),
    Variant("bodies_in_try", _bodies_in_try, _has_bodies),
    Variant("statements_in_try", _statements_in_try, _has_simple_statements),
)
"""These keep the findings of every rule."""
