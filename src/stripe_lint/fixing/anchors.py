"""Finds the LibCST nodes of a fragment that nodes of ``ast`` mean, by kind and by byte span."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final

from stripe_lint.errors import Declined

if TYPE_CHECKING:
    from collections.abc import Iterable

    import libcst

    from stripe_lint.fixing.fragments import Fragment
    from stripe_lint.fixing.places import Places

_KINDS: Final[dict[type[ast.AST], tuple[str, ...]]] = {
    ast.BoolOp: ("BooleanOperation",),
    ast.BinOp: ("BinaryOperation",),
    ast.UnaryOp: ("UnaryOperation",),
    ast.Compare: ("Comparison",),
    ast.Constant: (
        *("SimpleString", "ConcatenatedString", "Integer", "Float", "Imaginary", "Name", "Ellipsis"),
        *("FormattedString", "UnaryOperation"),
    ),
    ast.JoinedStr: ("FormattedString", "ConcatenatedString"),
    ast.ListComp: ("ListComp",),
    ast.FunctionDef: ("FunctionDef",),
    ast.AsyncFunctionDef: ("FunctionDef",),
    ast.GeneratorExp: ("GeneratorExp",),
}
"""The names of LibCST's classes for those of ``ast`` that are called otherwise there."""

_WITH_PARENTHESES: Final = {"Tuple", "GeneratorExp"}
"""Whose parentheses belong to them for ``ast``, and stand around them for LibCST."""

Anchored = ast.expr | ast.FunctionDef | ast.AsyncFunctionDef


def find_anchors(
    tree: libcst.Module, fragment: Fragment, places: Places, nodes: Iterable[Anchored]
) -> dict[ast.AST, libcst.CSTNode]:
    """The node of ``tree``, which was parsed from ``fragment``, for each of ``nodes``.

    Raises ``Declined`` for a node that LibCST does not have.
    """
    from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

    wanted = {_key(fragment, places, node): node for node in nodes}
    found: dict[ast.AST, libcst.CSTNode] = {}
    spans = MetadataWrapper(tree, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
    for candidate, span in spans.items():
        kind = type(candidate).__name__
        start, end = span.start, span.start + span.length
        if kind in _WITH_PARENTHESES:
            start, end = _with_parentheses(candidate, start, end)
        for key in ((start, end), (start, None)):
            node = wanted.get(key)
            if node is not None and kind in _KINDS.get(type(node), (type(node).__name__,)):
                found[node] = candidate
    for node in wanted.values():
        if node not in found:
            raise Declined(f"LibCST reads line {node.lineno} in another way than Python")
    return found


def _with_parentheses(candidate: Any, start: int, end: int) -> tuple[int, int]:
    import libcst

    if not candidate.lpar:
        return start, end
    blank = libcst.Module(())
    opening, closing = (blank.code_for_node(each) for each in (candidate.lpar[-1], candidate.rpar[0]))
    return start - len(opening.encode()), end + len(closing.encode())


def _key(fragment: Fragment, places: Places, node: Anchored) -> tuple[int, int | None]:
    """Byte start and end in the module of the fragment; a definition, whose body is cut off, has no end.

    A definition begins below its decorators in both libraries.
    """
    before = len(fragment.prefix.encode())
    start = places.offset(node.lineno, node.col_offset)
    start_in_bytes = before + len(places.text[fragment.start : start].encode())
    if not isinstance(node, ast.expr):
        return start_in_bytes, None
    return start_in_bytes, start_in_bytes + len(places.text[start : places.end_of(node)].encode())
