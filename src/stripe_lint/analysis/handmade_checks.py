"""Comparisons of Stripe's signature that the project makes itself, from an HMAC of its own."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import functions, names, syntax
from stripe_lint.analysis.other_providers import names_other_provider
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import BindingKind, NamedFunction
from stripe_lint.analysis.verification import COMPARISONS, DIGESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

_DEEPEST: Final = 4

_SIGNED: Final = r"(?i)signature|webhook|\bv1\b"


class HandmadeCheck(NamedTuple):
    """A comparison of a digest with a signature; ``timed`` tells that its duration says how much of it matches."""

    node: ast.expr
    timed: bool


def handmade_checks(module: Module) -> Iterator[HandmadeCheck]:
    """The comparisons by which a module checks Stripe's signature by hand."""
    for function in module.functions:
        if not isinstance(function, ast.Lambda) and _is_about_stripe(module, function):
            yield from _in_function(module, function)


def checks_by_hand(module: Module, node: ast.AST) -> bool:
    """Whether a function checks Stripe's signature by hand."""
    return isinstance(node, NamedFunction) and _is_about_stripe(module, node) and any(_in_function(module, node))


def _in_function(module: Module, function: NamedFunction) -> Iterator[HandmadeCheck]:
    for node in syntax.own_nodes(function):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
            compared, timed = [node.left, *node.comparators], True
        elif isinstance(node, ast.Call) and _compares(module, node):
            compared, timed = node.args, False
        else:
            continue
        if any(is_digest(module, part) for part in compared):
            yield HandmadeCheck(node, timed)


def _compares(module: Module, call: ast.Call) -> bool:
    """Whether a call compares two texts in constant time."""
    path = names.dotted_path(module, call.func) or functions.last_name(call.func) or ""
    return path.rpartition(".")[2] in COMPARISONS


def is_digest(module: Module, node: ast.expr, depth: int = 0) -> bool:
    """Whether a value is an HMAC, or made from one."""
    if depth > _DEEPEST:
        return False
    if isinstance(node, ast.Name):
        return any(
            binding.kind is BindingKind.ASSIGNMENT
            and binding.value is not None
            and is_digest(module, binding.value, depth + 1)
            for binding in module.bindings_of(node)
        )
    if isinstance(node, ast.Call):
        if names.dotted_path(module, node.func) in DIGESTS:
            return True
        if isinstance(node.func, ast.Attribute) and is_digest(module, node.func.value, depth + 1):
            return True
        reference = names.resolve(module, node.func)
        if isinstance(reference, FunctionReference):
            returned = [each.value for each in reference.module.returns.get(reference.node, ())]
            return any(value is not None and is_digest(reference.module, value, depth + 1) for value in returned)
        return any(is_digest(module, argument, depth + 1) for argument in node.args)
    if isinstance(node, ast.BinOp):
        return is_digest(module, node.left, depth + 1) or is_digest(module, node.right, depth + 1)
    if isinstance(node, ast.JoinedStr):
        return any(
            isinstance(part, ast.FormattedValue) and is_digest(module, part.value, depth + 1) for part in node.values
        )
    return False


def _is_about_stripe(module: Module, function: NamedFunction) -> bool:
    """Whether a function says that it is about signatures, and it, its class or its file that it is about Stripe's."""
    source = "\n".join(module.lines_of(function))
    if not re.search(_SIGNED, source) or names_other_provider(source):
        return False
    owner = module.enclosing_class(function)
    spoken = [source, module.path.stem, module.path.parent.name, owner.name if owner is not None else ""]
    if names_other_provider(" ".join(spoken[1:])):
        return False
    return any("stripe" in text.lower() for text in spoken) or _reads_scheme(source)


def _reads_scheme(source: str) -> bool:
    """Whether a function takes the parts of the header ``t=…,v1=…`` in a file that speaks of Stripe."""
    return bool(re.search(r"""["']v1=?["']""", source) and re.search(r"""["']t=?["']""", source))
