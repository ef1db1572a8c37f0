"""Repairs a call whose error response is dropped: the handler returns what the call has made."""

from __future__ import annotations

import ast
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import answers, blocks, control_flow, dropped_answers, names, syntax
from stripe_lint.analysis.answers import Answer
from stripe_lint.analysis.frameworks import is_response_call
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.rules import _answer_status, _refusals

if TYPE_CHECKING:
    from stripe_lint.analysis.acknowledged_failures import AcknowledgedFailure
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit

SENT_AGAIN: Final = "an event whose work fails is now sent again: look whether the work may be done twice"


class _Outcome(Enum):
    """What a function may return."""

    RESPONSE = auto()
    NOTHING = auto()
    OTHER = auto()


def repair(module: Module, failure: AcknowledgedFailure, edit: Edit) -> None:
    """Return the response of the call at ``failure``, or whatever of it is not ``None``."""
    place = failure.module.span(failure.node)
    found = next(each for each in dropped_answers.dropped_answers(module) if module.span(each.call) == place)
    statement, function = found.statement, module.enclosing_function(found.call)
    if not isinstance(function, NamedFunction) or not _refusals.answers(module, function):
        edit.decline(f"return it here, and in what calls this, up to {failure.reached.handler.function.name}")
    outcomes = _outcomes(found.reference, 0)
    if _Outcome.OTHER in outcomes:
        edit.decline("the function may return something that is no response; return what is one")
    edit.unsafe("Stripe is told of the failure, and sends the event again")
    source = edit.source_of(statement.value)
    if _Outcome.NOTHING not in outcomes and blocks.block_of(module, statement)[-1] is statement:
        edit.replace_statement(statement, f"return {source}")
    else:
        name = edit.free_name(statement, "response", "answer", "outcome")
        edit.replace_statement(statement, f"{name} = {source}")
        edit.insert_after(statement, f"if {name} is not None:\n    return {name}")
    edit.describe("the error response is returned")
    edit.note(SENT_AGAIN)


def _outcomes(reference: FunctionReference, depth: int) -> set[_Outcome]:
    module, function = reference.module, reference.node
    if depth > dropped_answers.DEEPEST or isinstance(function, ast.Lambda) or function in module.yields:
        return {_Outcome.OTHER}
    found: set[_Outcome] = set()
    graph = control_flow.graph_of(module, function)
    if any(
        graph.returned in control_flow.successors(step) and not isinstance(step.syntax, ast.Return)
        for step in {graph.entry, *control_flow.reachable(graph.entry)}
    ):
        found.add(_Outcome.NOTHING)
    for statement in module.returns.get(function, ()):
        found |= _outcomes_of(module, statement.value, depth)
    return found


def _outcomes_of(module: Module, returned: ast.expr | None, depth: int) -> set[_Outcome]:
    value = returned.value if isinstance(returned, ast.Await) else returned
    if value is None or syntax.is_none(value):
        return {_Outcome.NOTHING}
    if isinstance(value, ast.Call):
        reference = names.resolve(module, value.func)
        if isinstance(reference, FunctionReference):
            return _outcomes(reference, depth + 1)
        if is_response_call(names.dotted_path(module, value.func)):
            return {_Outcome.RESPONSE}
    if isinstance(value, ast.Dict) or answers.answer_of(module, value) is Answer.REFUSED:
        return {_Outcome.RESPONSE}
    if isinstance(value, ast.Tuple) and any(_answer_status.is_status(module, each) for each in value.elts):
        return {_Outcome.RESPONSE}
    return {_Outcome.OTHER}
