"""Which of several values that a variable is given can still be there where it is read."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import control_flow
from stripe_lint.analysis.scopes import BindingKind, FunctionNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.control_flow import FlowNode, Graph
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Binding


def may_reach(module: Module, binding: Binding, name: ast.Name) -> bool:
    """Whether ``name`` may have the value that ``binding`` gives it; ``False`` where they are in two functions."""
    function = module.enclosing_function(name)
    found = module.scope_of(name).lookup(name.id)
    if function is None or found is None or found[0].node is not function or _exclude_each_other(module, binding, name):
        return False
    graph = control_flow.graph_of(module, function)
    ends = set(_steps(module, graph, name))
    others = {step for each in found[1] if each is not binding for step in _steps(module, graph, each.node)}
    if binding.kind is BindingKind.PARAMETER:
        pending: list[FlowNode | None] = [graph.entry]
    else:
        pending = [step.following for step in _steps(module, graph, binding.node)]
    seen: set[FlowNode] = set()
    while pending:
        step = pending.pop()
        if step is None or step in seen:
            continue
        if step in ends:
            return True
        seen.add(step)
        # a statement that fails has bound nothing
        pending.extend([step.raising] if step in others else control_flow.successors(step))
    return False


def _steps(module: Module, graph: Graph, node: ast.AST) -> list[FlowNode]:
    """The steps of the graph that evaluate ``node``."""
    for each in (node, *module.ancestors(node)):
        if each in graph.at:
            return graph.at[each]
    return []


def _exclude_each_other(module: Module, binding: Binding, name: ast.Name) -> bool:
    """Whether the two stand in different arms of the same condition, written twice."""
    arms = dict(_arms(module, binding.node))
    return any(arms.get(test, arm) is not arm for test, arm in _arms(module, name))


def _arms(module: Module, node: ast.AST) -> Iterator[tuple[str, bool]]:
    child = node
    for around in module.ancestors(node):
        if isinstance(around, ast.If | ast.IfExp) and child is not around.test:
            test, arm = around.test, child is around.body or (isinstance(around, ast.If) and child in around.body)
            while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
                test, arm = test.operand, not arm
            yield ast.dump(test), arm
        if isinstance(around, FunctionNode):
            return
        child = around
