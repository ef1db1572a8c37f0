"""Takes what varies out of a written-out text, and mends what stands around the gap."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.errors import Declined

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    import libcst

_SEPARATORS: Final = r"[\s:;,=\-\u2013\u2014(\[]*[:;,=\-\u2013\u2014(\[][\s:;,=\-\u2013\u2014(\[]*$"
"""What leads to a part of a text that follows: ``failed: ``, ``failed - ``, ``failed (``."""

_CONNECTING: Final = (
    r"(?i)(?:^|\s+)(?:with|because|because of|due to|by|as|is|was|of|says?|said|the|an?|reason|message|details?)$"
)
"""Words that say nothing without the part that follows them."""

_CLOSING: Final = {"(": ")", "[": "]"}
_QUOTES: Final = ("'", '"', "`")
_HEAD: Final = r"[a-zA-Z]*(\"\"\"|'''|\"|')"
_PLACEHOLDER: Final = r"%[sr]|\{(?:0|)(?:![rsa])?\}"


def quoted(text: str, like: str) -> str:
    """``text``, which holds no quotes, as a literal with the quotes that the source ``like`` has most of."""
    mark = "'" if like.count("'") > like.count('"') else '"'
    return f"{mark}{text}{mark}"


def around_gap(before: str, after: str) -> tuple[str, str] | None:
    """What stays of the texts before and after a part that is left out; ``None`` if something has to stand there."""
    separators = re.search(_SEPARATORS, before)
    kept = before[: separators.start()] if separators is not None else before.rstrip()
    opening = separators[0].strip()[-1:] if separators is not None else ""
    if opening in _CLOSING:
        if not after.startswith(_CLOSING[opening]):
            return None
        after = after[1:]
    elif kept.endswith(_QUOTES) and after.startswith(kept[-1]) and kept[:-1].strip():
        return around_gap(kept[:-1], after[1:])
    if separators is None:
        if after[:1].isalnum() or (after.strip() and after.strip()[0].isalnum()):
            return None
        shorter = re.sub(_CONNECTING, "", kept)
        if not shorter[-1:].isalnum():
            return None
        kept = shorter
    elif re.search(_CONNECTING, kept):
        return None
    if not re.search(r"\w\w", kept):
        return None
    return kept, after.lstrip() if after[:1].isspace() and not after.strip()[:1].isalnum() else after


def shortened(constant: str, instead: str) -> str | None:
    """A string literal without its only placeholder, or ``None`` where there is not exactly one.

    ``instead`` takes the place of the placeholder where nothing can be left out.
    """
    found = list(re.finditer(_PLACEHOLDER, constant))
    others = re.sub(r"%%|\{\{|\}\}", "", re.sub(_PLACEHOLDER, "", constant))
    head = re.match(_HEAD, constant)
    if head is None or len(found) != 1 or "%" in others or "{" in others or not _is_one_literal(constant):
        return None
    before = constant[head.end() : found[0].start()]
    after = constant[found[0].end() : len(constant) - len(head[1])]
    text = "".join(around_gap(before, after) or (before, instead, after))
    text = text.replace("%%", "%") if found[0][0].startswith("%") else text.replace("{{", "{").replace("}}", "}")
    return f"{head[0]}{text}{head[1]}"


def without_end(constant: str) -> str | None:
    """A string literal without the colon or dash that led to what followed it; ``None`` if nothing is left."""
    head = re.match(_HEAD, constant)
    if head is None or not _is_one_literal(constant):
        return None
    rest = around_gap(constant[head.end() : len(constant) - len(head[1])], "")
    return f"{head[0]}{''.join(rest)}{head[1]}" if rest is not None else None


def _is_one_literal(source: str) -> bool:
    import io
    import tokenize

    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(f"({source}\n)").readline))
    except (tokenize.TokenError, SyntaxError):
        return False
    return sum(token.type == tokenize.STRING for token in tokens) == 1


def without_fields(source: str, fields: Collection[int], instead: str) -> str:
    """An f-string without some of its fields, which are counted from 0; no f-string if none is left.

    Strings written one behind the other are one. ``instead`` takes the place of a field where nothing can be left out.
    Raises ``Declined`` where LibCST can't read it.
    """
    import libcst

    try:
        tree = libcst.parse_expression(f"({source})")
    except libcst.ParserSyntaxError as error:
        raise Declined("LibCST can't read this f-string") from error
    numbers = iter(range(10_000))
    changed = tree.visit(_transformer(set(fields), instead, numbers))
    if not isinstance(changed, libcst.BaseExpression):
        raise Declined("LibCST can't read this f-string")
    return libcst.Module([]).code_for_node(changed)[1:-1]


def _transformer(fields: set[int], instead: str, numbers: Any) -> Any:
    import libcst

    class Transformer(libcst.CSTTransformer):
        def visit_FormattedString(self, _: libcst.FormattedString) -> bool:  # noqa: N802 - LibCST's name
            return False

        def leave_FormattedString(  # noqa: N802 - LibCST's name
            self, _: libcst.FormattedString, updated_node: libcst.FormattedString
        ) -> libcst.BaseExpression:
            return _without(updated_node, fields, instead, numbers)

    return Transformer()


def _without(node: libcst.FormattedString, fields: set[int], instead: str, numbers: Any) -> libcst.BaseExpression:
    import libcst

    parts: list[str | libcst.BaseFormattedStringContent] = []
    removed = False
    waiting = list(node.parts)
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, libcst.FormattedStringText):
            parts.append(part.value)
            continue
        if next(numbers) not in fields:
            parts.append(part)
            continue
        removed = True
        before = parts.pop() if parts and isinstance(parts[-1], str) else ""
        after = ""
        if waiting and isinstance(following := waiting[0], libcst.FormattedStringText):
            after = following.value
            del waiting[0]
        rest = around_gap(str(before), after)
        if rest is None and not after.strip() and parts and re.fullmatch(r"\s*[:;,=\-\u2013\u2014]\s*", str(before)):
            rest = "", after
        parts.append("".join(rest) if rest is not None else f"{before}{instead}{after}")
    if not removed:
        return node
    if all(isinstance(part, str) for part in parts):
        text = "".join(str(part) for part in parts).replace("{{", "{").replace("}}", "}")
        return libcst.SimpleString(f"{re.sub('[fF]', '', node.start)}{text}{node.end}", node.lpar, node.rpar)
    return node.with_changes(
        parts=[libcst.FormattedStringText(part) if isinstance(part, str) else part for part in parts]
    )


def fields_of(node: ast.JoinedStr) -> list[ast.FormattedValue]:
    """The fields of an f-string, in order."""
    return [part for part in node.values if isinstance(part, ast.FormattedValue)]
