"""Secrets of Stripe that are written into the code."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.analysis import secret_defaults
from stripe_lint.key_shapes import KeyShape, key_shapes
from stripe_lint.model import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module


class SecretLiteral(NamedTuple):
    """A secret, or a stand-in for one, with its place."""

    shape: KeyShape
    span: Span


def secret_literals(module: Module) -> Iterator[SecretLiteral]:
    """The secrets anywhere in a file, and stand-ins where a string is nothing else."""
    stand_ins = _lines_of_stand_ins(module)
    for number, line in enumerate(module.lines, start=1):
        for shape in key_shapes(line):
            if shape.webhook and not _is_of_stripe(module, line):
                continue
            if not shape.placeholder or line[shape.start : shape.end] in stand_ins.get(number, ()):
                start, end = (len(line[:at].encode("utf-8", "surrogatepass")) for at in (shape.start, shape.end))
                yield SecretLiteral(shape, Span(number, start, number, end))


def _is_of_stripe(module: Module, line: str) -> bool:
    """Whether a webhook secret is Stripe's: other providers begin theirs in the same way."""
    text = module.lowered
    if "svix" in text or "standardwebhooks" in text:
        return "stripe" in line.lower()
    return "stripe" in text.replace("stripe-lint", "")


def _lines_of_stand_ins(module: Module) -> dict[int, set[str]]:
    """The whole strings by the line they stand on, without documentation, lists of what is refused, comparisons, which
    keep the stand-in out, and defaults, which STP402 judges.
    """
    defaults = {id(default.value) for default in secret_defaults.secret_defaults(module)}
    found: dict[int, set[str]] = {}
    for node in module.of_kind(ast.Constant):
        if (
            isinstance(node.value, str)
            and id(node) not in defaults
            and not isinstance(module.parents.get(node), ast.Expr | ast.Set | ast.List | ast.Tuple | ast.Compare)
        ):
            found.setdefault(node.lineno, set()).add(node.value.strip())
    return found
