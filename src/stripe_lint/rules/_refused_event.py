"""Repairs the refusal of a verified event that there is nothing to do for: it is logged, and answered with 200."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import answers, blocks, functions, http_statuses, logging_calls, names, refused_events, syntax
from stripe_lint.analysis.answers import Answer
from stripe_lint.analysis.frameworks import is_response_call
from stripe_lint.analysis.references import External, FunctionReference
from stripe_lint.analysis.refused_events import Reason
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.rules import _answer_status, _log_statements, _meant_answers, _refusals

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.refused_events import RefusedEvent
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_MESSAGE: Final = "Ignored an event of an unknown type"


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Answer 200 at ``hit``."""
    refused = next(
        (each for each in refused_events.refused_events(module) if each.module.span(each.node) == hit.span), None
    )
    if refused is None:
        edit.decline("the answer is not found again")
    if refused.reason is Reason.NOTHING_FOUND:
        edit.decline("decide whether what is looked for comes later: then a 5xx is right, else answer 200")
    # the handler may have been followed through another tree of the file
    node = next(
        each
        for each in syntax.descendants(module.tree)
        if type(each) is type(refused.node) and module.span(each) == hit.span
    )
    function = module.enclosing_function(node)
    if isinstance(node, ast.Lambda):
        function = module.enclosing_function(module.statement_of(node))
    if not isinstance(function, NamedFunction):
        edit.decline("it stands in no function of its own")
    if isinstance(node, ast.Assert):
        edit.decline("put an `if` with an answer 200 in the place of the `assert`")
    if isinstance(node, ast.Subscript):
        edit.decline("take it with `.get`, and log a type that the table does not have")
    if isinstance(node, ast.IfExp):
        edit.decline("answer 200 for a type that is not known too, and log it")
    if isinstance(node, ast.stmt) and not isinstance(node, ast.Return) and not _refusals.answers(module, function):
        edit.decline(f"{function.name} does not answer the request itself; let the handler answer 200 where it raises")
    statement = module.statement_of(node)
    _require_lookup_alone(module, statement, edit)
    _meant_answers.require_not_meant(module, statement.lineno - 1, statement.end_lineno or statement.lineno, edit)
    edit.unsafe("an event that there is nothing to do for is answered with 200")
    logging = None if isinstance(node, ast.Lambda) else _log(module, function, statement, refused, edit)
    if isinstance(node, ast.Lambda):
        if not _restated(module, function, node.body, edit):
            edit.decline("let the default answer 200; where its status is given can't be told")
    elif not isinstance(node, ast.Return) or node.value is None or not _restated(module, function, node.value, edit):
        _answer_as_else(module, function, statement, edit)
    if logging is not None:
        edit.insert_before(statement, logging)
    edit.describe("an event that there is nothing to do for is answered with 200")


def _require_lookup_alone(module: Module, statement: ast.stmt, edit: Edit) -> None:
    """Decline where an ``except`` answers an unknown type, but may as well have caught an error of the work."""
    handler = next((each for each in module.ancestors(statement) if isinstance(each, ast.ExceptHandler)), None)
    around = module.parents[handler] if handler is not None else None
    attempt = around if isinstance(around, ast.Try) else None
    parts = [inner for part in attempt.body for inner in (part, *syntax.descendants(part))] if attempt else []
    if any(isinstance(each, ast.Call) and _may_fail_alike(module, each.func) for each in parts):
        edit.decline(
            "the `except` also takes errors of the work that is called there; look the function up before the `try`"
        )


def _may_fail_alike(module: Module, called: ast.expr) -> bool:
    """Whether what is looked up and called at once may raise the error that the lookup raises."""
    if not isinstance(called, ast.Subscript | ast.Call):
        return False
    table = called.value if isinstance(called, ast.Subscript) else called.func
    found = module.scope_of(table).lookup(table.id) if isinstance(table, ast.Name) else None
    entries = found[1][0].value if found is not None and len(found[1]) == 1 else None
    if not isinstance(entries, ast.Dict):
        return True
    for entry in entries.values:
        reference = names.resolve(module, entry)
        if not isinstance(reference, FunctionReference) or any(
            isinstance(inner, ast.Subscript | ast.Raise) for inner in syntax.descendants(reference.node)
        ):
            return True
    return False


def _restated(module: Module, function: NamedFunction, answer: ast.expr, edit: Edit) -> bool:
    """Give the answer the status 200, unless its class says that it refuses."""
    if isinstance(answer, ast.Call) and http_statuses.is_refusing_name(functions.last_name(answer.func) or ""):
        return False
    return _answer_status.restate(module, function, answer, 200, edit)


def _log(module: Module, function: NamedFunction, statement: ast.stmt, refused: RefusedEvent, edit: Edit) -> str | None:
    """The statement that logs the type of an event that is not known; ``None`` where that is done or can't be told."""
    if refused.reason is not Reason.UNKNOWN_TYPE or refused.event_type is None:
        return None
    before = blocks.block_of(module, statement)
    if any(_logs(module, each) for each in before[: before.index(statement)]):
        return None
    logger = _log_statements.logger_for(module, function, statement, edit)
    spelled = edit.source_of(refused.event_type)
    return _log_statements.statement(logger, "info", _MESSAGE, like=spelled, value=("event_type", spelled))


def _logs(module: Module, statement: ast.stmt) -> bool:
    """Whether a statement writes something into a log, or prints it."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Await):
        call = call.value
    return isinstance(call, ast.Call) and logging_calls.records(module, call)


def _answer_as_else(module: Module, function: NamedFunction, statement: ast.stmt, edit: Edit) -> None:
    """Answer what the function answers where all is well."""
    taken = [
        each.value
        for each in module.returns.get(function, ())
        if each.value is not None
        and answers.answer_of(module, each.value) is Answer.TAKEN
        and _means_the_same_anywhere(module, each.value)
    ]
    if not taken:
        edit.decline("what the handler answers else can't be had here; answer 200 in its form")
    edit.replace_statement(statement, f"return {edit.source_of(taken[-1])}")


def _means_the_same_anywhere(module: Module, answer: ast.expr) -> bool:
    """Whether an answer is made of constants and the framework's own responses alone, on one line."""
    if answer.lineno != answer.end_lineno:
        return False
    for node in (answer, *syntax.descendants(answer)):
        if isinstance(node, ast.Call) and not is_response_call(names.dotted_path(module, node.func)):
            return False
        if isinstance(node, ast.Name) and not isinstance(names.resolve(module, node), External):
            return False
        if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.Lambda | ast.NamedExpr | ast.JoinedStr):
            return False
    return True
