"""Repairs what lets a handler go on after a failed verification: the ``except`` answers 400 and leaves."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from stripe_lint.analysis import callers, names, syntax, webhooks
from stripe_lint.analysis.frameworks import is_response_call, is_response_exception
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.rules import _logged_refusal, _refusals, stp103

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.webhooks import Swallowed
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_FAILED = (None, False)
"""What a variable is set to before a loop that tries one secret after the other."""


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Answer 400 at ``hit``, in the form of the framework."""
    for found in webhooks.swallowed(module):
        if stp103.head(module, found.place.node) == hit.span:
            _repair(module, found, edit)
            return
    edit.decline("the place is not found again")


def _repair(module: Module, found: Swallowed, edit: Edit) -> None:
    node = found.place.node
    function = module.enclosing_function(node)
    if not isinstance(function, NamedFunction):
        edit.decline("it stands in no function of its own")
    if isinstance(node, ast.Try):
        edit.decline("the event is used in a `finally`, which runs after every failure; use it behind the `try`")
    if (
        isinstance(node, ast.ExceptHandler)
        and isinstance(node.body[-1], ast.Return)
        and node.body[-1].value is not None
    ):
        _require_idle(module, function, node.body[-1], edit)
    if not _refusals.answers(module, function):
        if not _refusals.answers(found.handler.module, found.handler.function):
            edit.decline(f"where the answer to the request is given can't be seen here; let {function.name} raise")
        _require_direct_calls(module, function, edit)
    loop = _loop_around(module, function, node)
    edit.unsafe("refusing a failed verification with 400 changes what the handler accepts")
    if loop is not None:
        _behind_loop(module, function, found, loop, edit)
    elif isinstance(node, ast.With | ast.AsyncWith):
        _instead_of_suppress(module, function, found, node, edit)
    elif isinstance(node, ast.ExceptHandler):
        _leave(module, function, found, node, edit)
    edit.describe("a failed verification is answered with 400")


def _require_idle(module: Module, function: NamedFunction, last: ast.Return, edit: Edit) -> None:
    """Decline where the ``except`` leaves with an answer, and something else lets the event be used."""
    if not _is_idle(last) and _refusals.answers(module, function):
        edit.decline("the `except` leaves, but a `finally` uses the event all the same; use it behind the `try`")


def _require_direct_calls(module: Module, function: NamedFunction, edit: Edit) -> None:
    for source, call in callers.call_sites(module, function) or ():
        if not callers.is_direct(source, call):
            edit.decline(f"{function.name} runs in a queue, when the request is answered; verify before it is enqueued")


def _loop_around(module: Module, function: NamedFunction, node: ast.AST) -> ast.stmt | None:
    for around in module.ancestors(node):
        if around is function:
            return None
        if isinstance(around, ast.For | ast.AsyncFor | ast.While):
            return around
    return None


def _leave(module: Module, function: NamedFunction, found: Swallowed, handler: ast.ExceptHandler, edit: Edit) -> None:
    header = module.text.split("\n")[handler.lineno - 1][handler.col_offset :]
    if re.match(r"except\s*\*", header):
        edit.decline("no answer can leave an `except*`, not even one that is raised; catch the errors with `except`")
    last = handler.body[-1]
    written = _unsent_answer(module, last, edit)
    if written is None:
        written = _refusals.refusal(module, function, found.handler, module.statement_of(handler), edit)
    if written is not None and (_is_idle(last) or _unsent_answer(module, last, edit) is not None):
        edit.replace_statement(last, written)
    else:
        edit.insert_after(last, written)


def _unsent_answer(module: Module, last: ast.stmt, edit: Edit) -> str | None:
    """The statement that sends the answer which ``last`` only makes."""
    if not isinstance(last, ast.Expr) or not isinstance(last.value, ast.Call):
        return None
    path = names.dotted_path(module, last.value.func)
    answer = edit.source_of(last.value)
    if "400" not in answer and "BadRequest" not in answer:
        return None
    if is_response_exception(path):
        return f"raise {answer}"
    return f"return {answer}" if is_response_call(path) else None


def _is_idle(statement: ast.stmt) -> bool:
    """Whether a statement has no use where the function is left right behind it."""
    if isinstance(statement, ast.Pass | ast.Continue):
        return True
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant)
    return (
        isinstance(statement, ast.Assign)
        and all(isinstance(target, ast.Name) for target in statement.targets)
        and (
            isinstance(statement.value, ast.Constant)
            or (isinstance(statement.value, ast.Dict) and not statement.value.keys)
        )
    )


def _behind_loop(module: Module, function: NamedFunction, found: Swallowed, loop: ast.stmt, edit: Edit) -> None:
    """Each secret may be tried; what is refused is a body that none of them fits."""
    statement = module.parents[found.place.node] if isinstance(found.place.node, ast.ExceptHandler) else loop
    assigned = {
        node.id
        for node in syntax.descendants(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for earlier in syntax.descendants(function):
        if (
            isinstance(earlier, ast.Assign)
            and earlier.lineno < loop.lineno
            and isinstance(earlier.value, ast.Constant)
            and earlier.value.value in _FAILED
            and isinstance(earlier.targets[0], ast.Name)
            and earlier.targets[0].id in assigned
        ):
            name = earlier.targets[0].id
            test = f"{name} is None" if earlier.value.value is None else f"not {name}"
            refusal = _refusals.refusal(module, function, found.handler, loop, edit)
            edit.insert_after(loop, f"if {test}:\n    {refusal}")
            return
    edit.decline("it stands in a loop; behind the loop, refuse a body that no secret fits")


def _instead_of_suppress(
    module: Module, function: NamedFunction, found: Swallowed, node: ast.With | ast.AsyncWith, edit: Edit
) -> None:
    """``with suppress(A, B)`` becomes ``try`` with an ``except`` that leaves."""
    if len(node.items) != 1 or not isinstance(node.items[0].context_expr, ast.Call):
        edit.decline("the `with` holds more than `suppress`; catch the error in an `except` that leaves")
    suppress = node.items[0].context_expr
    if names.dotted_path(module, suppress.func) != "contextlib.suppress" or any(
        isinstance(each, ast.Starred) for each in suppress.args
    ):
        edit.decline("what this `with` suppresses can't be told; catch the error in an `except` that leaves")
    refusal = _refusals.refusal(module, function, found.handler, node, edit)
    kinds = ", ".join(edit.source_of(each) for each in suppress.args)
    caught = f"({kinds})" if len(suppress.args) > 1 else kinds
    lines = module.lines
    first = lines[node.lineno - 1]
    header = first[len(first.encode()[: node.col_offset].decode()) :]
    comment = "  " + header[header.index("#") :] if "#" in header and node.lineno != node.body[0].lineno else ""
    if node.body[0].lineno == node.lineno or any(
        isinstance(each, ast.Constant | ast.JoinedStr) and each.lineno != each.end_lineno
        for each in syntax.descendants(node)
    ):
        edit.decline("the `with` is written in a way that can't be moved; catch the error in an `except` that leaves")
    indentation = first[: len(first) - len(first.lstrip())]
    end = node.end_lineno or node.lineno
    body = [line.removeprefix(indentation) for line in lines[node.body[0].lineno - 1 : end]]
    last = node.body[-1]
    tail = lines[end - 1].encode()[: last.end_col_offset].decode() if last.end_col_offset else lines[end - 1]
    body[-1] = tail.removeprefix(indentation)
    step = body[0][: len(body[0]) - len(body[0].lstrip())]
    refusal = _logged_refusal.logged(module, node, refusal, step, edit)
    source = "\n".join([f"try:{comment}", *body, f"except {caught}:", f"{step}{refusal}"])
    edit.replace_statement(node, source)
