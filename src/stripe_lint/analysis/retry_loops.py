"""Finds the loops that send a request again after a failure, and tells them from loops over items."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import control_flow, keys, names, syntax
from stripe_lint.analysis.references import External, ExternalInstance

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from stripe_lint.analysis.control_flow import FlowNode
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

Loop = ast.For | ast.AsyncFor | ast.While

_RETRYING_ITERATORS: Final = frozenset(
    {"tenacity.Retrying", "tenacity.AsyncRetrying", "stamina.retry_context", "redo.retrier", "tenacity.retry_base"}
)


def loops_around(module: Module, node: ast.AST, function: FunctionNode | None) -> Iterator[Loop]:
    """The loops of ``function``, or of the module, that repeat ``node``, innermost first: not what one goes through."""
    child = node
    for around in module.ancestors(node):
        if around is function:
            return
        if isinstance(around, ast.For | ast.AsyncFor | ast.While) and getattr(around, "iter", None) is not child:
            yield around
        child = around


def is_retry_loop(module: Module, loop: Loop, node: ast.AST, key: ast.expr | None = None) -> bool:
    """Whether ``loop`` sends the request at ``node`` again after a failure and is left after a success.

    ``key`` is the argument that holds the key where ``node`` calls a function that sends the request.
    """
    if isinstance(loop, ast.For | ast.AsyncFor):
        if _iterates_attempts(module, loop.iter):
            return True
        if _uses_item(loop, node, key):
            return False
    function = module.enclosing_function(loop)
    graph = control_flow.graph_of(module, function)
    starting = control_flow.steps_of(module, graph, node, loop)
    if not starting:
        return False
    failed = [each.raising for each in starting]
    succeeded = [following for each in starting for following in (each.following, each.otherwise)]
    items = _items_within(module, loop, node, key)
    if not _leads_to(failed, starting, loop, items):
        return False
    if not _leads_to(succeeded, starting, loop, items):
        return True
    return isinstance(loop, ast.While) and _sets_flag(loop, module.statement_of(node))


def _iterates_attempts(module: Module, iterable: ast.expr) -> bool:
    reference = names.resolve(module, iterable)
    return (isinstance(reference, ExternalInstance | External) and reference.path in _RETRYING_ITERATORS) or (
        isinstance(iterable, ast.Call) and names.dotted_path(module, iterable.func) in _RETRYING_ITERATORS
    )


def loop_that_repeats_items(module: Module, node: ast.AST) -> ast.While | None:
    """The ``while`` that sends the request at ``node`` again after a failure, and after a success one for another item.

    The item is a variable that the request is made of: only the way from a success back to the request sets it anew.
    """
    call = node if isinstance(node, ast.Call) else None
    parts = (*call.args, *(keyword.value for keyword in call.keywords)) if call is not None else ()
    items = {inner.id for part in parts for inner in syntax.descendants(part) if isinstance(inner, ast.Name)}
    function = module.enclosing_function(node)
    graph = control_flow.graph_of(module, function)
    for loop in loops_around(module, node, function):
        starting = control_flow.steps_of(module, graph, node, loop)
        setting = {each for each in syntax.descendants(loop) if _sets(each, items)}
        failed = [each.raising for each in starting]
        succeeded = [following for each in starting for following in (each.following, each.otherwise)]
        if (
            isinstance(loop, ast.While)
            and setting
            and _leads_to(failed, starting, loop, None, setting)
            and not _leads_to(succeeded, starting, loop, None, setting)
        ):
            return loop
    return None


def _sets(node: ast.AST, variables: set[str]) -> bool:
    """Whether a statement gives one of the variables another value."""
    if isinstance(node, ast.For | ast.AsyncFor):
        return _mentions(node.target, variables)
    if isinstance(node, ast.Assign):
        return any(_mentions(target, variables) for target in node.targets)
    return isinstance(node, ast.AnnAssign | ast.AugAssign) and _mentions(node.target, variables)


def _mentions(target: ast.expr, variables: set[str]) -> bool:
    stored = (each for each in syntax.descendants(target) if isinstance(each, ast.Name))
    return any(each.id in variables and isinstance(each.ctx, ast.Store) for each in stored)


def _items_within(module: Module, loop: Loop, node: ast.AST, key: ast.expr | None) -> Loop | None:
    """The outermost loop within ``loop`` that sends a request of its own for each of its items."""
    found = None
    for around in loops_around(module, node, module.enclosing_function(loop)):
        if around is loop:
            return found
        if isinstance(around, ast.For | ast.AsyncFor) and _uses_item(around, node, key):
            found = around
    return found


def _leads_to(
    following: list[FlowNode | None],
    wanted: list[FlowNode],
    loop: Loop,
    items: Loop | None,
    past: Collection[ast.AST] = (),
) -> bool:
    """Whether ``loop`` can get from ``following`` to a node of ``wanted`` again while nothing else fails.

    What the loop ``items``, which the nodes are in, does for its next item is another request. No way goes through a
    statement of ``past``.
    """
    pending = [node for node in following if node is not None]
    if items is not None:
        pending = _past_items(pending, items)
    inside = set(syntax.descendants(loop)).difference(past)
    reached: set[FlowNode] = set()
    while pending:
        node = pending.pop()
        if node in reached or node.syntax not in inside:
            continue
        if node in wanted:
            return True
        reached.add(node)
        pending.extend(control_flow.successors(node, exceptions=False))
    return False


def _past_items(pending: list[FlowNode], items: Loop) -> list[FlowNode]:
    """Where the flow from nodes within the loop ``items`` leaves it, without another round of it."""
    inside = set(syntax.descendants(items))
    left: list[FlowNode] = []
    reached: set[FlowNode] = set()
    while pending:
        node = pending.pop()
        if node in reached:
            continue
        reached.add(node)
        if node.syntax is items:
            left.extend([node.otherwise] if node.otherwise is not None else [])
        elif node.syntax in inside:
            pending.extend(control_flow.successors(node, exceptions=False))
        else:
            left.append(node)
    return left


def _sets_flag(loop: ast.While, statement: ast.stmt) -> bool:
    """Whether the loop ends because of a name that is set after the request."""
    tested = syntax.names_in(loop.test)
    for node in syntax.own_nodes(loop):
        if (
            isinstance(node, ast.Assign)
            and node.lineno >= statement.lineno
            and isinstance(node.value, ast.Constant)
            and any(isinstance(target, ast.Name) and target.id in tested for target in node.targets)
        ):
            return True
        if (
            node is statement
            and isinstance(statement, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id in tested for target in statement.targets)
        ):
            return True
    return False


def _uses_item(loop: ast.For | ast.AsyncFor, node: ast.AST, key: ast.expr | None) -> bool:
    """Whether the request depends on the item of a loop over items."""
    items = syntax.names_in(loop.target)
    for inner in syntax.own_nodes(loop):
        if isinstance(inner, ast.Assign) and syntax.names_in(inner.value) & items:
            items |= {
                target.id for target in inner.targets if isinstance(target, ast.Name) and not _is_key_name(target.id)
            }
        elif isinstance(inner, ast.For | ast.AsyncFor | ast.comprehension) and syntax.names_in(inner.iter) & items:
            items |= syntax.names_in(inner.target)
    call = node if isinstance(node, ast.Call) else None
    if call is None:
        return False
    parts: list[ast.AST] = list(call.args)
    parts += [keyword.value for keyword in call.keywords if keyword.arg not in {keys.KEY, "options"}]
    return any(syntax.names_in(part) & items for part in parts if part is not key)


def _is_key_name(name: str) -> bool:
    return "key" in name.lower() or "idempot" in name.lower()
