"""Which names may still be read after a step: what is known about any other name can be forgotten there.

Paths that differ only in names that nobody reads again then meet in one state, which keeps the analysis of long
functions short. Names that a nested function reads live everywhere, for nobody can tell here when it is called.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import syntax
from stripe_lint.analysis.control_flow import FlowNode, Graph, NodeKind, successors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

HANDLED: Final = "except"
"""Stands among the names for the exception that is being handled, which ``raise`` alone raises again."""

# made once: a union costs more to make than to ask for
_FOR: Final = ast.For | ast.AsyncFor
_WITH: Final = ast.With | ast.AsyncWith
_BINDING: Final = ast.AnnAssign | ast.For | ast.AsyncFor
_INNER_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def live_names(module: Module, function: FunctionNode | None, graph: Graph) -> Mapping[FlowNode, frozenset[str]]:
    """For each step of a function's graph the names that it, or what can come after it, may read; computed once."""
    key = ("live names", function, graph.entry)
    known = module.memory.get(key)
    if not isinstance(known, dict):
        known = _live_names(graph)
        module.memory[key] = known
    return known


def _live_names(graph: Graph) -> dict[FlowNode, frozenset[str]]:
    order = _postorder(graph.entry)
    kept_for_inner: set[str] = set()
    steps = [(node, _names_read(node, kept_for_inner), _names_bound(node), successors(node)) for node in order]
    live: dict[FlowNode, set[str]] = {node: set(kept_for_inner) for node in order}
    changed = True
    while changed:
        changed = False
        for node, read, bound, following in steps:
            before = live[node]
            after = read | kept_for_inner
            for successor in following:
                names = live[successor]
                after |= names - bound if bound and successor is node.following else names
            if len(after) > len(before):
                live[node] = after
                changed = True
    return {node: frozenset(names) for node, names in live.items()}


def _postorder(entry: FlowNode) -> list[FlowNode]:
    """The steps so that each stands behind what follows it, as far as there are no loops."""
    order: list[FlowNode] = []
    seen = {entry}
    stack = [(entry, iter(successors(entry)))]
    while stack:
        node, following = stack[-1]
        for successor in following:
            if successor not in seen:
                seen.add(successor)
                stack.append((successor, iter(successors(successor))))
                break
        else:
            order.append(node)
            stack.pop()
    return order


def _names_read(node: FlowNode, kept_for_inner: set[str]) -> set[str]:
    found: set[str] = set()
    for part in _evaluated(node):
        for inner in (part, *syntax.own_nodes(part)):
            kind = inner.__class__
            if kind is ast.Name:
                if isinstance(inner.ctx, ast.Load):  # type: ignore[attr-defined]
                    found.add(inner.id)  # type: ignore[attr-defined]
            elif kind in _INNER_SCOPES:
                kept_for_inner.update(name.id for name in syntax.descendants(inner) if isinstance(name, ast.Name))
    if isinstance(node.syntax, ast.AugAssign) and isinstance(node.syntax.target, ast.Name):
        found.add(node.syntax.target.id)
    if isinstance(node.syntax, ast.Raise) and (node.syntax.exc is None or isinstance(node.syntax.exc, ast.Name)):
        found.add(HANDLED)
    return found


def _evaluated(node: FlowNode) -> Iterable[ast.AST]:
    """What a step evaluates; the bodies of compound statements are steps of their own."""
    step = node.syntax
    if step is None or node.kind in {NodeKind.DISPATCH, NodeKind.HANDLER}:
        return ()
    if node.kind is NodeKind.CASE and isinstance(step, ast.match_case):
        return (step.pattern,)
    if isinstance(step, _FOR):
        return (step.iter, step.target)
    if isinstance(step, _WITH):
        return step.items
    if isinstance(step, ast.Match):
        return (step.subject,)
    return () if isinstance(step, ast.While) else (step,)


def _names_bound(node: FlowNode) -> frozenset[str]:
    """The names that a step certainly gives another value before what follows it."""
    step = node.syntax
    if isinstance(step, ast.Assign):
        return frozenset(target.id for target in step.targets if isinstance(target, ast.Name))
    if isinstance(step, _BINDING) and isinstance(step.target, ast.Name):
        if isinstance(step, ast.AnnAssign) and step.value is None:
            return frozenset()
        return frozenset({step.target.id})
    if isinstance(step, ast.ExceptHandler):
        return frozenset({HANDLED, step.name or HANDLED})
    return frozenset()
