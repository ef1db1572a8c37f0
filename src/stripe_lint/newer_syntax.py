"""Reads code whose syntax is newer than the interpreter: LibCST parses it, and ``ast`` an equivalent of the older form.

pre-commit often runs an older Python than the code is written for. Here each newer construct is replaced in the text by
as many bytes of older syntax, so that everything keeps its line and column, and what the older syntax can't say is put
into the tree afterwards. What is lost says nothing of Stripe: type parameters, and that a template is none.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from stripe_lint.newer_pieces import Piece, unreadable_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import libcst

MOST_BYTES: Final = 1_500_000
"""A larger file is not read: LibCST takes a hundred times as long as ``ast``."""

DEEPEST_BRACKETS: Final = 60
"""LibCST recurses into brackets; far deeper ones end the process."""

LONGEST_LINE: Final = 6_000
"""LibCST takes time out of all proportion for long chains of operators, which are found on long lines."""

Node = Any
"""A node of LibCST, of the kind that the function's name says; the classes differ from release to release."""

Located = TypeVar("Located", bound="ast.expr | ast.stmt")

_PLACEHOLDER: Final = "_"
_OPENING: Final = rb"[(\[{]|[)\]}]"


class UnreadableError(Exception):
    """LibCST can't read the code either, or it has no older form."""


class _Edit(NamedTuple):
    """Bytes to put in place of as many, and what to put into the tree for the node that comes of them."""

    start: int
    end: int
    replacement: bytes


def parse_newer(text: str) -> ast.Module:
    """The tree of ``text``, which this interpreter can't parse, with the places of the original.

    Raises ``UnreadableError`` where there is none.
    """
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > MOST_BYTES or _is_deep(data) or max(map(len, data.split(b"\n"))) > LONGEST_LINE:
        raise UnreadableError
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _parsed(data, unreadable_pieces(data))
        except UnreadableError:
            # a cut may have gone wrong
            return _parsed(data, [Piece(0, len(data))])


def _parsed(data: bytes, pieces: list[Piece]) -> ast.Module:
    rewriting = _Rewriting(data)
    older = rewriting.older_form(pieces).decode("utf-8", "surrogatepass")
    try:
        tree = ast.parse(older)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError from error
    rewriting.restore(tree)
    return tree


def _is_deep(data: bytes) -> bool:
    depth = deepest = 0
    for match in re.finditer(_OPENING, data):
        depth += 1 if match[0] in b"([{" else -1
        deepest = max(deepest, depth)
    return deepest > DEEPEST_BRACKETS


class _Rewriting:
    """The edits of one text, and what they stand for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._line_starts = [0, *(match.end() for match in re.finditer(rb"\n", data))]
        self._edits: list[_Edit] = []
        self._expressions: dict[tuple[int, int], ast.expr] = {}
        self._aliases: dict[tuple[int, int], ast.Assign] = {}
        self._tuples: dict[tuple[int, int], int] = {}
        self._module: libcst.Module
        self._spans: dict[Node, tuple[int, int]]

    def older_form(self, pieces: Iterable[Piece]) -> bytes:
        """The text with older syntax of the same length in place of the newer, which is looked for in ``pieces``."""
        for piece in pieces:
            self._rewrite(piece)
        return self._edited()

    def _rewrite(self, piece: Piece) -> None:
        import libcst
        from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

        # without an end of the last line LibCST counts one that it does not write
        text = piece.text(self._data) + b"\n"
        try:
            self._module = libcst.parse_module(text)
        except Exception as error:
            # the parser is not written in Python and has errors of several kinds
            raise UnreadableError from error
        spans = MetadataWrapper(self._module, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
        offset = piece.start - len(piece.before)
        self._spans = {node: (span.start + offset, span.start + span.length + offset) for node, span in spans.items()}
        if self._spans[self._module][1] - offset != len(text):
            self._spans = _with_dropped_blanks(self._spans, text, self._module.bytes, offset)
        waiting: list[Node] = [self._module]
        while waiting:
            node = waiting.pop()
            if not self._replaced(node):
                waiting.extend(node.children)

    def restore(self, tree: ast.Module) -> None:
        """Put into the tree what the older form could not say."""
        _Restoring(self._expressions, self._aliases, self._tuples).visit(tree)

    def _edited(self) -> bytes:
        pieces = []
        done = 0
        for edit in sorted(self._edits):
            if edit.start < done or len(edit.replacement) != edit.end - edit.start:
                raise UnreadableError
            pieces += [self._data[done : edit.start], edit.replacement]
            done = edit.end
        return b"".join([*pieces, self._data[done:]])

    def _replaced(self, node: Node) -> bool:
        """Whether ``node`` was dealt with as a whole; else there may be something newer in it."""
        action = _ACTIONS.get(type(node).__name__)
        return action(self, node) if action is not None else False

    def _except(self, node: Node) -> bool:
        """``except A, B:`` reads as ``except A| B:``, and becomes a tuple again in the tree."""
        caught = node.type
        if type(caught).__name__ != "Tuple" or caught.lpar:
            return False
        elements = caught.elements
        for element in elements:
            if type(element.value).__name__ not in {"Name", "Attribute", "Call", "Subscript"}:
                raise UnreadableError
        _, end = self._spans[caught]
        commas = [self._find(b",", self._spans[element.value][1]) for element in elements[:-1]]
        self._edits += [_Edit(comma, comma + 1, b"|") for comma in commas]
        after_last = self._spans[elements[-1].value][1]
        self._edits += [_Edit(at, at + 1, b" ") for at in range(after_last, end) if self._data[at : at + 1] == b","]
        self._tuples[self._place(self._spans[node][0])] = len(elements)
        return False

    def _except_star(self, node: Node) -> bool:
        if sys.version_info < (3, 11):
            star = self._find(b"*", self._spans[node][0])
            self._edits.append(_Edit(star, star + 1, b" "))
        return self._except(node)

    def _string(self, node: Node) -> bool:
        """A string with expressions that the interpreter can't read becomes a name, and itself in the tree."""
        start, end = self._spans[node]
        text = self._data[start:end]
        prefixes = list(self._template_prefixes(node))
        older = bytearray(text)
        for position in prefixes:
            older[position - start] = ord("f")
        if _is_readable(bytes(older)):
            self._edits += [_Edit(position, position + 1, b"f") for position in prefixes]
            return True
        joined = ast.JoinedStr(list(_merged(self._pieces(node))))
        self._expressions[self._place(start + 1)] = self._located(joined, start, end)
        self._edits.append(_Edit(start, end, _blank(text, b"(" + _PLACEHOLDER.encode(), b")")))
        return True

    def _template_prefixes(self, node: Node) -> Iterator[int]:
        """Where the ``t`` of each template in a string stands."""
        for inner in _leaves(node):
            if type(inner).__name__ == "TemplatedString":
                start = self._spans[inner][0]
                yield start + inner.start.lower().index("t")

    def _pieces(self, node: Node) -> Iterator[ast.expr]:
        for inner in _leaves(node):
            if type(inner).__name__ == "SimpleString":
                start, end = self._spans[inner]
                yield self._located(ast.Constant(ast.literal_eval(inner.value)), start, end)
                continue
            yield from self._parts(inner.parts, inner.start.lower(), inner.end)

    def _parts(self, parts: Node, prefix: str, quote: str) -> Iterator[ast.expr]:
        for part in parts:
            start, end = self._spans[part]
            if type(part).__name__ in {"FormattedStringText", "TemplatedStringText"}:
                yield self._located(ast.Constant(_text_of(part.value, prefix, quote)), start, end)
                continue
            yield self._formatted(part, prefix, quote)

    def _formatted(self, part: Node, prefix: str, quote: str) -> ast.FormattedValue:
        start, end = self._spans[part]
        before = self._module.code_for_node(part.whitespace_before_expression)
        value = self._expression(part.expression, start + 1 + len(before.encode()))
        conversion = ord(part.conversion) if part.conversion else -1
        if part.equal is not None and not part.conversion and part.format_spec is None:
            conversion = ord("r")
        spec = None
        if part.format_spec is not None:
            spec = self._located(ast.JoinedStr(list(self._parts(part.format_spec, prefix, quote))), start, end)
        return self._located(ast.FormattedValue(value, conversion, spec), start, end)

    def _expression(self, node: Node, start: int) -> ast.expr:
        """The tree of an expression that begins, brackets included, at the byte ``start``."""
        code = self._module.code_for_node(node)
        line, column = self._place(start)
        # within brackets an expression may stand anywhere, so also where it stands in the file
        padding = "(" + "\n" * (line - 1) + " " * (column if line > 1 else column - 1)
        tree = parse_any(f"{padding}{code}\n)\n")
        statement = tree.body[0]
        if not isinstance(statement, ast.Expr):
            raise UnreadableError
        return statement.value

    def _type_alias(self, node: Node) -> bool:
        """``type A = B`` reads as ``pass``, and becomes ``A = B`` in the tree."""
        start, end = self._spans[node]
        code = self._module.code_for_node(node.value).encode()
        # a semicolon may follow
        value_start = self._data.rfind(code, start, end)
        end = value_start + len(code)
        name_start, name_end = self._spans[node.name]
        target = self._located(ast.Name(node.name.value, ast.Store()), name_start, name_end)
        value = self._expression(node.value, value_start)
        self._aliases[self._place(start)] = self._located(ast.Assign([target], value), start, end)
        self._edits.append(_Edit(start, end, _blank(self._data[start:end], b"pass", b"")))
        return True

    def _type_parameters(self, node: Node) -> bool:
        start, end = self._spans[node]
        blank = bytearray(_blank(self._data[start:end], b"", b""))
        for position, byte in enumerate(blank):
            if byte == ord("\n"):
                if position == 0 or blank[position - 1] != ord(" "):
                    raise UnreadableError
                # outside brackets a line goes on after a backslash
                blank[position - 1] = ord("\\")
        self._edits.append(_Edit(start, end, bytes(blank)))
        return True

    def _lazy_import(self, node: Node) -> bool:
        """``lazy import a`` reads as ``import a``, with the blanks after the word."""
        start, end = self._spans[node]
        match = re.match(rb"(lazy)(\s+)(import|from)\b", self._data[start:end])
        if match is None:
            raise UnreadableError
        self._edits.append(_Edit(start, start + match.end(), match[3] + b" " * len(match[1] + match[2])))
        return False

    def _unpacking_comprehension(self, node: Node) -> bool:
        """``[*a for a in b]``: the star goes."""
        start, _ = self._spans[node.elt]
        if self._data[start : start + 1] == b"*":
            self._edits.append(_Edit(start, start + 1, b" "))
        return False

    def _unpacking_dict(self, node: Node) -> bool:
        """``{**a for a in b}``: the stars go, and what is left is a set."""
        stars = self._find(b"**", self._spans[node][0])
        self._edits.append(_Edit(stars, stars + 2, b"  "))
        return False

    def _star(self, node: Node) -> bool:
        """``a[*b]`` and ``*a: *b`` of Python 3.11: the star goes."""
        star = getattr(node, "star", None)
        if sys.version_info < (3, 11) and isinstance(star, str):
            start, _ = self._spans[node]
            self._edits.append(_Edit(start, start + 1, b" "))
        return False

    def _find(self, byte: bytes, start: int) -> int:
        found = self._data.find(byte, start)
        if found < 0:
            raise UnreadableError
        return found

    def _place(self, offset: int) -> tuple[int, int]:
        """The line, from 1, and the column, in bytes from 0, of the byte at ``offset``."""
        from bisect import bisect_right

        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1]

    def _located(self, node: Located, start: int, end: int) -> Located:
        node.lineno, node.col_offset = self._place(start)
        node.end_lineno, node.end_col_offset = self._place(end)
        return node


class _Restoring(ast.NodeTransformer):
    """Puts strings, aliases and tuples back, by their places."""

    def __init__(
        self,
        expressions: dict[tuple[int, int], ast.expr],
        aliases: dict[tuple[int, int], ast.Assign],
        tuples: dict[tuple[int, int], int],
    ) -> None:
        self._expressions = expressions
        self._aliases = aliases
        self._tuples = tuples

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._expressions.get((node.lineno, node.col_offset), node) if node.id == _PLACEHOLDER else node

    def visit_Pass(self, node: ast.Pass) -> ast.stmt:
        return self._aliases.get((node.lineno, node.col_offset), node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        number = self._tuples.get((node.lineno, node.col_offset))
        if number is not None and node.type is not None:
            node.type = _tuple_of(node.type, number)
        self.generic_visit(node)
        return node


def _tuple_of(node: ast.expr, number: int) -> ast.Tuple:
    """The tuple of ``number`` elements that was read as ``a | b | …``."""
    whole = node
    elements: list[ast.expr] = []
    while len(elements) < number - 1 and isinstance(node, ast.BinOp):
        elements.append(node.right)
        node = node.left
    made = ast.Tuple([node, *reversed(elements)], ast.Load())
    return ast.copy_location(made, whole)


def parse_any(text: str) -> ast.Module:
    """The tree of ``text``, by the interpreter's own parser if that will do. Raises ``UnreadableError``."""
    try:
        return ast.parse(text)
    except (RecursionError, MemoryError, ValueError) as error:
        raise UnreadableError from error
    except SyntaxError:
        return parse_newer(text)


def _with_dropped_blanks(
    spans: dict[Node, tuple[int, int]], text: bytes, written: bytes, offset: int
) -> dict[Node, tuple[int, int]]:
    """The ``spans`` in ``text`` of nodes that LibCST ``written`` without some blanks, as before ``except A :``."""
    places = []
    position = 0
    for byte in written:
        while position < len(text) and text[position] != byte:
            if text[position] not in b" \t":
                raise UnreadableError
            position += 1
        places.append(position + offset)
        position += 1
    places.append(len(text) + offset)
    return {node: (places[start - offset], places[end - offset]) for node, (start, end) in spans.items()}


def _is_readable(text: bytes) -> bool:
    try:
        ast.parse(b"(" + text + b"\n)")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _blank(text: bytes, before: bytes, after: bytes) -> bytes:
    """``text`` with only its line ends kept, between ``before`` and ``after``, and as long as it was."""
    inside = text[len(before) : len(text) - len(after)]
    return before + re.sub(rb"[^\n]", b" ", inside) + after


def _leaves(node: Node) -> Iterator[Node]:
    """The strings that a string is put together from."""
    if type(node).__name__ == "ConcatenatedString":
        yield from _leaves(node.left)
        yield from _leaves(node.right)
    else:
        yield node


def _text_of(written: str, prefix: str, quote: str) -> str:
    """What a piece of text in an f-string stands for."""
    plain = written.replace("{{", "{").replace("}}", "}")
    if "r" in prefix:
        return plain
    try:
        return str(ast.literal_eval(f"{quote}{plain}{quote}"))
    except (SyntaxError, ValueError):
        return plain


def _merged(pieces: Iterator[ast.expr]) -> Iterator[ast.expr]:
    """Neighbouring texts as one, as ``ast`` has them."""
    held: ast.Constant | None = None
    for piece in pieces:
        if isinstance(piece, ast.Constant) and held is not None:
            held.value = f"{held.value!s}{piece.value!s}"
            held.end_lineno, held.end_col_offset = piece.end_lineno, piece.end_col_offset
        elif isinstance(piece, ast.Constant):
            held = piece
        else:
            if held is not None:
                yield held
                held = None
            yield piece
    if held is not None:
        yield held


_ACTIONS: Final[dict[str, Callable[[_Rewriting, Node], bool]]] = {
    "ExceptHandler": _Rewriting._except,
    "ExceptStarHandler": _Rewriting._except_star,
    "FormattedString": _Rewriting._string,
    "TemplatedString": _Rewriting._string,
    "ConcatenatedString": _Rewriting._string,
    "TypeAlias": _Rewriting._type_alias,
    "TypeParameters": _Rewriting._type_parameters,
    "LazyImport": _Rewriting._lazy_import,
    "LazyImportFrom": _Rewriting._lazy_import,
    "ListComp": _Rewriting._unpacking_comprehension,
    "SetComp": _Rewriting._unpacking_comprehension,
    "GeneratorExp": _Rewriting._unpacking_comprehension,
    "StarredDictComp": _Rewriting._unpacking_dict,
    "Index": _Rewriting._star,
}
"""What to do with the nodes that may be newer than the interpreter, by the names of their classes: older releases of
LibCST lack some."""
