"""Walks over ``ast`` trees that ask each node only for the fields that can hold nodes."""

from __future__ import annotations

import ast
from typing import Final

LEAVES: Final = frozenset({ast.Name, ast.Constant, ast.Pass, ast.Break, ast.Continue, ast.alias})
_SKIPPED_FIELDS = frozenset({"ctx", "op", "ops", "type_ignores", "kind", "conversion", "type_params"})
_LEAVES_AND_SCOPES: Final = LEAVES | {ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef}


def _child_fields() -> dict[type[ast.AST], tuple[str, ...]]:
    """For each node class the fields that can hold nodes, so that the walk asks for nothing else."""
    text_fields = {
        ast.Name: ("id",),
        ast.Attribute: ("attr",),
        ast.keyword: ("arg",),
        ast.arg: ("arg", "type_comment"),
        ast.Constant: ("value",),
        ast.Global: ("names",),
        ast.Nonlocal: ("names",),
        ast.ExceptHandler: ("name",),
        ast.ImportFrom: ("module", "level"),
        ast.FunctionDef: ("name", "type_comment"),
        ast.AsyncFunctionDef: ("name", "type_comment"),
        ast.ClassDef: ("name",),
        ast.MatchAs: ("name",),
        ast.MatchStar: ("name",),
        ast.MatchMapping: ("rest",),
        ast.MatchClass: ("kwd_attrs",),
        ast.MatchSingleton: ("value",),
        ast.FormattedValue: ("conversion",),
        ast.comprehension: ("is_async",),
        ast.AnnAssign: ("simple",),
        ast.Assign: ("type_comment",),
        ast.For: ("type_comment",),
        ast.AsyncFor: ("type_comment",),
        ast.With: ("type_comment",),
        ast.AsyncWith: ("type_comment",),
    }
    fields: dict[type[ast.AST], tuple[str, ...]] = {}
    for item in vars(ast).values():
        if isinstance(item, type) and issubclass(item, ast.AST):
            own = text_fields.get(item, ())
            fields[item] = tuple(f for f in item._fields if f not in _SKIPPED_FIELDS and f not in own)
    return fields


FIELDS: Final = _child_fields()


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly below ``node``, operators and contexts left out."""
    found: list[ast.AST] = []
    for name in FIELDS[node.__class__]:
        child = getattr(node, name, None)
        if child.__class__ is list:
            found.extend(item for item in child if item is not None)
        elif child is not None:
            found.append(child)
    return found


def descendants(node: ast.AST) -> list[ast.AST]:
    """``node`` and all nodes below it, in no particular order."""
    return _collected([node], LEAVES)


def own_nodes(node: ast.AST) -> list[ast.AST]:
    """All nodes below ``node`` that belong to the same function, in no particular order.

    A function, lambda or class below is there, what is inside it is not.
    """
    return _collected(children(node), _LEAVES_AND_SCOPES)


def names_in(node: ast.AST) -> set[str]:
    """The names that stand in ``node``, read or bound."""
    return {inner.id for inner in descendants(node) if isinstance(inner, ast.Name)}


def _collected(found: list[ast.AST], ends: frozenset[type[ast.AST]]) -> list[ast.AST]:
    """The nodes with what is below them, not below one of the kinds ``ends``."""
    # one loop over a list that grows: this is the walk that the analysis does most
    fields = FIELDS
    append = found.append
    for current in found:
        kind = current.__class__
        if kind in ends:
            continue
        for name in fields[kind]:
            child = getattr(current, name, None)
            if child.__class__ is list:
                for item in child:
                    if item is not None:
                        append(item)
            elif child is not None:
                append(child)
    return found


def is_none(node: ast.AST | None) -> bool:
    """Whether ``None`` is written there."""
    return isinstance(node, ast.Constant) and node.value is None


def dict_entry(node: ast.AST | None, name: str) -> ast.expr | None:
    """The value beside the literal key ``name`` where a dict is written out."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == name:
                return value
    return None


def annotation_expression(node: ast.expr) -> ast.expr:
    """The annotation itself, parsed first where it is written as a string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError, RecursionError):
            return node
    return node


def arms(node: ast.expr) -> list[ast.expr]:
    """The expressions of which one is the value: the arms of a conditional, the alternatives of ``or``."""
    if isinstance(node, ast.IfExp):
        return [*arms(node.body), *arms(node.orelse)]
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return [arm for value in node.values for arm in arms(value)]
    return [node]
