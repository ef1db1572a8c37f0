"""Repairs what tells Stripe that a delivery was taken although it failed.

A failed verification is answered with 400. An error of the work goes on instead of being answered: a framework makes a
500 of it and takes back what is half done, as far as it does so at all. An error response that was dropped is returned.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import (
    acknowledged_failures,
    answers,
    blocks,
    callers,
    exceptions,
    failure_ends,
    names,
    reach,
    syntax,
    webhooks,
)
from stripe_lint.analysis.answers import Answer
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.uncaught_errors import PAYLOAD_ERROR, SIGNATURE_ERROR
from stripe_lint.rules import _answer_status, _dropped_answer, _exception_names, _meant_answers, _refusals, stp108
from stripe_lint.rules._dropped_answer import SENT_AGAIN
from stripe_lint.test_code import is_test_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.acknowledged_failures import AcknowledgedFailure
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Tell Stripe of the failure at ``hit``."""
    for failure in acknowledged_failures.acknowledged_failures(module):
        if stp108.place(failure) != hit.span:
            continue
        if failure.dropped:
            _dropped_answer.repair(module, failure, edit)
        elif not isinstance(failure.node, ast.ExceptHandler):
            edit.decline("let the error go on, without `suppress`; or suppress only what is expected")
        else:
            _repair_except(module, failure, _same(module, failure), edit)
        return
    edit.decline("the place is not found again")


def _same(module: Module, failure: AcknowledgedFailure) -> ast.ExceptHandler:
    """The ``except`` in the tree of ``module``; the handler may have been followed through another tree of the file."""
    place = failure.module.span(failure.node)
    return next(handler for attempt in module.tries for handler in attempt.handlers if module.span(handler) == place)


def _repair_except(module: Module, failure: AcknowledgedFailure, handler: ast.ExceptHandler, edit: Edit) -> None:
    function = module.enclosing_function(handler)
    if not isinstance(function, NamedFunction):
        edit.decline("it stands in no function of its own")
    _meant_answers.require_not_meant(module, handler.lineno, _last_line(module, handler), edit)
    if failure.failed_check:
        _refuse(module, function, failure, handler, edit)
    else:
        _raise(module, function, failure, handler, edit)


def _last_line(module: Module, handler: ast.ExceptHandler) -> int:
    """The last line of an ``except``, comments behind its last statement included."""
    lines = module.lines
    end = handler.end_lineno or handler.lineno
    while end < len(lines) and (not lines[end].strip() or lines[end].lstrip().startswith("#")):
        if lines[end].strip() and len(lines[end]) - len(lines[end].lstrip()) <= handler.col_offset:
            break
        end += 1
    return end


# a failed verification


def _refuse(
    module: Module, function: NamedFunction, failure: AcknowledgedFailure, handler: ast.ExceptHandler, edit: Edit
) -> None:
    """Answer 400 where the verification failed, and where the ``except`` beside it takes a bad body."""
    if failure.reached.caller is not None:
        name = failure.reached.handler.function.name
        edit.decline(f"{name} answers what is returned here; let it answer 400")
    attempt = module.parents[handler]
    clauses = attempt.handlers if isinstance(attempt, ast.Try) else [handler]
    edit.unsafe("a failed verification is answered with 400")
    for clause in clauses:
        if clause is handler or _takes_bad_body(module, clause):
            replaced = [each for each in _returns(clause) if _answer_400(module, function, failure, each, edit)]
            _exception_names.drop_exception_name(module, clause, replaced, edit)
    edit.describe("a failed verification is answered with 400")


def _takes_bad_body(module: Module, handler: ast.ExceptHandler) -> bool:
    """Whether an ``except`` answers what failed verification, or could not be read, with a success."""
    found = list(_returns(handler))
    return (
        any(exceptions.catches(module, handler, raised) for raised in (SIGNATURE_ERROR, PAYLOAD_ERROR))
        and blocks.leaves(module, handler.body)
        and bool(found)
        and all(answers.answer_of(module, each.value) is Answer.TAKEN for each in found)
        and _meant_answers.line_that_says_why(module, handler.lineno, _last_line(module, handler)) is None
    )


def _returns(handler: ast.ExceptHandler) -> Iterator[ast.Return]:
    return (node for node in syntax.own_nodes(handler) if isinstance(node, ast.Return))


def _answer_400(
    module: Module, function: NamedFunction, failure: AcknowledgedFailure, statement: ast.Return, edit: Edit
) -> bool:
    """Let a statement answer 400; whether it was replaced as a whole."""
    if statement.value is not None and _answer_status.restate(module, function, statement.value, 400, edit):
        return False
    refusal = _refusals.refusal(module, function, failure.reached.handler, statement, edit)
    edit.replace_statement(statement, refusal)
    return True


# work that failed


def _raise(
    module: Module, function: NamedFunction, failure: AcknowledgedFailure, handler: ast.ExceptHandler, edit: Edit
) -> None:
    """Let the error go on at the end of the ``except``, in place of each answer."""
    if any(isinstance(each, ast.For | ast.AsyncFor | ast.While) for each in _within(module, function, handler)):
        edit.decline("it stands in a loop; go on with the others, and raise behind the loop")
    if any(isinstance(each, ast.Return) for step in _tries(handler) for each in syntax.descendants(step)):
        edit.decline("the `except` answers out of a `try` of its own; raise the first error there")
    if any(module.span(found.place.node) == module.span(handler) for found in webhooks.swallowed(module)):
        edit.decline(
            "the same `except` lets a failed verification go on (STP103): catch its errors in one of their own"
        )
    _require_known_callers(module, function, failure, edit)
    raised = failure_ends.caught_by(module, handler)
    if not failure_ends.ends_in_refusal(failure.reached, failure.node, raised):
        edit.decline(
            "an error from here is caught further up, or may end in a success all the same; answer a 500 there"
        )
    edit.unsafe("an error of the work goes on, and Stripe sends the event again")
    again = "raise"
    if len(handler.body) == 1 and _does_nothing(module, handler.body[0]):
        # an `except` that did nothing but raise again could as well be taken away
        again = f'{edit.logger(handler)}.exception("{function.name} failed")\nraise'
    replaced: list[ast.AST] = []
    for statement in _returns(handler):
        kept = _called_for_effect(module, statement)
        if kept is not None:
            edit.replace_statement(statement, edit.source_of(kept))
            edit.insert_after(statement, "raise")
        else:
            edit.replace_statement(statement, again)
            replaced.append(statement)
    last = handler.body[-1]
    if isinstance(last, ast.Pass):
        edit.replace_statement(last, again)
    elif not blocks.leaves(module, handler.body):
        edit.insert_after(last, "raise")
    _exception_names.drop_exception_name(module, handler, replaced, edit)
    edit.describe("the error goes on, so that Stripe sends the event again")
    edit.note(SENT_AGAIN)


def _within(module: Module, function: NamedFunction, node: ast.AST) -> Iterator[ast.AST]:
    """What stands around ``node`` in ``function``."""
    for around in module.ancestors(node):
        if around is function:
            return
        yield around


def _tries(handler: ast.ExceptHandler) -> Iterator[ast.ExceptHandler]:
    """The ``except`` clauses within an ``except``."""
    return (node for node in syntax.own_nodes(handler) if isinstance(node, ast.ExceptHandler))


def _require_known_callers(module: Module, function: NamedFunction, failure: AcknowledgedFailure, edit: Edit) -> None:
    """Decline where something else than webhooks calls the function, and would get an exception."""
    if failure.reached.caller is None:
        return
    sites = callers.call_sites(module, function)
    if sites is None:
        edit.decline(f"who else calls {function.name} can't be seen; raise, or return what failed to the handler")
    for source, call in sites:
        around = source.enclosing_function(call)
        # where nothing is verified, only the handler that led here is known to be one
        found = (*reach.reached_in(source), *reach.reached_from(failure.reached.handler))
        reached = {each.function.lineno for each in found if each.module.path == source.path}
        if not is_test_code(source.path) and (around is None or around.lineno not in reached):
            where = f"{source.path.name}, line {call.lineno}"
            edit.decline(f"{function.name} is called for other things too ({where}); tell the handler what failed")


def _does_nothing(module: Module, statement: ast.stmt) -> bool:
    """Whether a statement is a ``pass``, or an answer that nothing else is done for."""
    if isinstance(statement, ast.Return):
        return _called_for_effect(module, statement) is None
    return isinstance(statement, ast.Pass)


def _called_for_effect(module: Module, statement: ast.Return) -> ast.expr | None:
    """The call of a function of the project that makes the answer, and may do something else too."""
    value = statement.value
    call = value.value if isinstance(value, ast.Await) else value
    if isinstance(call, ast.Call) and isinstance(names.resolve(module, call.func), FunctionReference):
        return value
    return None
