"""A failed verification that a function returns instead of raising it, and that its caller answers with a success."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import answers, control_flow, handler_answers, logging_calls, syntax
from stripe_lint.analysis.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.reach import Reached
    from stripe_lint.analysis.scopes import FunctionNode

_STATUS_KEYS: Final = frozenset({"statusCode", "status_code"})
_ROUNDS: Final = 2


def is_hidden(reached: Reached, returned: Sequence[ast.Return]) -> bool:
    """Whether a handler answers 2xx on every path after a function that it called ``returned`` what failed.

    What the handler does with the value is looked at: it may fail by it, or choose its status by it.
    """
    if any(answers.answer_of(reached.module, each.value) is not Answer.TAKEN for each in returned):
        return False
    current = reached
    while current.caller is not None and isinstance(current.call, ast.Call):
        caller, module = current.caller, current.caller.module
        statement = module.statement_of(current.call)
        if not _is_kept(module, statement, current.call):
            return False
        if not isinstance(statement, ast.Return):
            return caller.caller is None and _goes_on_to_success(caller, statement, current.call, returned)
        current = caller
    return (
        current.caller is None
        and handler_answers.are_answers(returned)
        and handler_answers.is_taken(reached, returned, falls_off=False)
    )


def _is_kept(module: Module, statement: ast.stmt, call: ast.Call) -> bool:
    """Whether a statement assigns, returns or drops what a call returned, awaited or not, or only tests it."""
    if isinstance(statement, ast.If):
        around = module.parents[call]
        if isinstance(around, ast.Await | ast.NamedExpr):
            around = module.parents[around]
        return isinstance(around, ast.If | ast.UnaryOp | ast.BoolOp | ast.Compare)
    value = getattr(statement, "value", None)
    return (value.value if isinstance(value, ast.Await) else value) is call


class _Held(NamedTuple):
    """What names hold after a failed verification: ``whole`` what was returned, ``parts`` something made of it.

    ``keys`` are the entries of what was returned, where that is a dict on every path.
    """

    whole: frozenset[str]
    parts: frozenset[str]
    keys: frozenset[object] | None

    def mentioned_in(self, node: ast.AST) -> bool:
        return any(
            isinstance(each, ast.Name) and each.id in (self.whole | self.parts) for each in syntax.descendants(node)
        )


def _goes_on_to_success(caller: Reached, statement: ast.stmt, call: ast.Call, returned: Sequence[ast.Return]) -> bool:
    module, function = caller.module, caller.function
    starts = control_flow.steps_of(module, control_flow.graph_of(module, function), call)
    held = _held(module, function, statement, returned)
    answered: list[ast.Return] = []
    falls_off = False
    for node in {node for start in starts for node in control_flow.reachable(start, exceptions=False)}:
        falls_off = falls_off or node.kind is control_flow.NodeKind.RETURN
        if node.syntax is None:
            continue
        if isinstance(node.syntax, ast.Return):
            if not _has_fixed_status(node.syntax.value, held):
                return False
            answered.append(node.syntax)
        elif isinstance(node.syntax, ast.Assert) or answers.refuses(module, node.syntax):
            return False
        if any(_may_fail(module, function, part, held) for part in control_flow.evaluated(node.syntax)):
            return False
    return bool(starts) and handler_answers.is_taken(caller, answered, falls_off=falls_off and not answered)


def _held(module: Module, function: FunctionNode, statement: ast.stmt, returned: Sequence[ast.Return]) -> _Held:
    values = [each.value for each in returned]
    keys: frozenset[object] | None = None
    if all(isinstance(each, ast.Dict) for each in values):
        entries = [
            frozenset(key.value for key in each.keys if isinstance(key, ast.Constant))
            for each in values
            if isinstance(each, ast.Dict)
        ]
        keys = frozenset.intersection(*entries)
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    whole = frozenset(each.id for each in targets if isinstance(each, ast.Name))
    stored = _stored_by(statement.test if isinstance(statement, ast.If) else statement)
    held = _Held(whole, frozenset(stored) - whole, keys)
    for _ in range(_ROUNDS):
        made = {
            name
            for other in module.own_of_kind(function, ast.Assign)
            if other is not statement and (held.mentioned_in(other.value) or _depends_on(module, function, other, held))
            for name in _stored_by(other)
        }
        held = held._replace(parts=held.parts | (made - whole))
    return held


def _depends_on(module: Module, function: FunctionNode, node: ast.AST, held: _Held) -> bool:
    """Whether a condition on what is held decides whether ``node``, a statement, is reached."""
    for around in module.ancestors(node):
        if around is function:
            return False
        deciding = around.subject if isinstance(around, ast.Match) else getattr(around, "test", None)
        if deciding is not None and held.mentioned_in(deciding):
            return True
    return False


def _stored_by(statement: ast.stmt | ast.expr) -> set[str]:
    return {
        node.id
        for node in syntax.descendants(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _has_fixed_status(node: ast.expr | None, held: _Held) -> bool:
    """Whether what is held stands only where an answer has its content, not where it has its status."""
    if isinstance(node, ast.Await):
        return _has_fixed_status(node.value, held)
    if node is None or isinstance(node, ast.Name):
        return True
    deciding: list[ast.expr] = [node]
    if isinstance(node, ast.Tuple):
        deciding = node.elts[1:]
    elif isinstance(node, ast.Call):
        deciding = [node.func, *node.args[1:], *(keyword.value for keyword in node.keywords)]
    elif isinstance(node, ast.Dict):
        deciding = [
            value
            for key, value in zip(node.keys, node.values, strict=True)
            if not isinstance(key, ast.Constant) or key.value in _STATUS_KEYS
        ]
    return not any(held.mentioned_in(each) for each in deciding)


def _may_fail(module: Module, function: FunctionNode, node: ast.AST, held: _Held) -> bool:
    """Whether evaluating ``node`` may raise an error because of what is held."""
    return any(
        isinstance(each, ast.Name)
        and isinstance(each.ctx, ast.Load)
        and each.id in (held.whole | held.parts)
        and not _is_harmless(module, each, held)
        and not _is_tested_before(module, function, each, held)
        for each in syntax.descendants(node)
    )


def _is_harmless(module: Module, node: ast.Name, held: _Held) -> bool:
    """Whether a use only looks at whether something is there, or puts it into something else."""
    parent = module.parents[node]
    is_dict = held.keys is not None and node.id in held.whole
    if isinstance(parent, ast.Attribute):
        return is_dict and parent.attr in {"get", "items", "keys", "values"}
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return is_dict and isinstance(parent.slice, ast.Constant) and parent.slice.value in (held.keys or ())
    if isinstance(parent, ast.Call):
        return logging_calls.writes_log(module, parent) or isinstance(module.statement_of(node), ast.Return)
    return not isinstance(parent, ast.Subscript | ast.Starred | ast.BinOp | ast.For | ast.AsyncFor | ast.keyword)


def _is_tested_before(module: Module, function: FunctionNode, node: ast.Name, held: _Held) -> bool:
    """Whether a condition on what is held decides whether ``node`` is evaluated."""
    child: ast.AST = node
    for around in module.ancestors(node):
        if around is function:
            return False
        if isinstance(around, ast.If | ast.IfExp | ast.While):
            if child is not around.test and held.mentioned_in(around.test):
                return True
        elif isinstance(around, ast.BoolOp) and child in around.values:
            earlier = around.values[: around.values.index(child)]
            if any(held.mentioned_in(each) for each in earlier):
                return True
        child = around
    return False
