"""Whether code means one of the names that a project told of itself: what verifies, charges, retries or answers.

The configuration holds the names, a ``Project`` carries them as its ``Conventions``. Nothing here costs anything where
nothing is told.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import functions
from stripe_lint.analysis.references import (
    External,
    ExternalInstance,
    FunctionReference,
    OfClass,
    Reference,
)

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module


def means_one_of(names: frozenset[str], reference: Reference | None, spelled: str | None) -> bool:
    """Whether one of ``names`` means ``reference``, or what is ``spelled`` so where that has no known meaning.

    A name is dotted from wherever its writer liked to begin: ``verified`` and ``security.verified`` both mean
    ``shop.security.verified``.
    """
    if not names:
        return False
    known = _known_as(reference, spelled)
    return known is not None and any(known == name or known.endswith(f".{name}") for name in names)


def is_one_of(names: frozenset[str], node: ast.expr, reference: Reference | None) -> bool:
    """The same for the expression ``node``, which is called or decorates and means ``reference``."""
    return bool(names) and means_one_of(names, reference, functions.dotted_name(node) or functions.last_name(node))


def _known_as(reference: Reference | None, spelled: str | None) -> str | None:
    if isinstance(reference, External | ExternalInstance):
        return reference.path
    if isinstance(reference, FunctionReference):
        if isinstance(reference.node, ast.Lambda):
            return None
        return _qualified(reference.module, reference.node)
    if isinstance(reference, OfClass):
        return _qualified(reference.module, reference.node)
    return spelled


def _qualified(module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    """The dotted name of a definition, from the root of its project."""
    path = module.path
    inside = path.relative_to(module.project.root) if path.is_relative_to(module.project.root) else path
    parts = [*inside.parent.parts, *([] if path.stem == "__init__" else [path.stem])]
    owners = [around.name for around in module.ancestors(node) if isinstance(around, ast.ClassDef)]
    return ".".join([*parts, *reversed(owners), node.name])
