"""Handlers of exceptions after which Stripe is told that a delivery was taken although work or its check failed."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    answers,
    blocks,
    control_flow,
    dropped_answers,
    exceptions,
    failure_handlers,
    forgotten_writes,
    functions,
    handler_answers,
    hidden_checks,
    reach,
    recorded_failures,
    syntax,
    webhook_functions,
    work,
)
from stripe_lint.analysis.answers import Answer
from stripe_lint.analysis.frameworks import all_names
from stripe_lint.analysis.references import External
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.control_flow import FlowNode
    from stripe_lint.analysis.exceptions import Attempt
    from stripe_lint.analysis.failure_handlers import Taking
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.reach import Reached
    from stripe_lint.analysis.state import Raised


class AcknowledgedFailure(NamedTuple):
    """An ``except``, a ``with suppress(…)``, or a call whose error response is dropped.

    ``grave`` where a check or a write failed.
    """

    reached: Reached
    node: Taking | ast.Call
    failed_check: bool
    grave: bool

    @property
    def module(self) -> Module:
        """The module that holds it."""
        return self.reached.module

    @property
    def dropped(self) -> bool:
        """Whether it is a call whose error response is dropped."""
        return isinstance(self.node, ast.Call)


def acknowledged_failures(module: Module) -> Iterator[AcknowledgedFailure]:
    """What in ``module`` tells Stripe that a delivery was taken although it failed."""
    if not any(failure_handlers.failure_handlers(module)) and not dropped_answers.dropped_answers(module):
        return
    seen: set[tuple[int, int]] = set()
    for reached in (*reach.reached_in(module), *reach.reached_unverified_in(module)):
        if not reached.at_once:
            continue
        # the handler may have been followed while another file was checked: the tree there is not this one
        candidates, checks = failure_handlers.failure_handlers(reached.module)
        for failure in _in_function(reached, candidates, checks):
            span = failure.module.span(failure.node)
            if (span.line, span.column) not in seen:
                seen.add((span.line, span.column))
                yield failure


def _in_function(
    reached: Reached, candidates: list[tuple[Attempt, Taking]], checks: list[tuple[ast.Try, Raised]]
) -> Iterator[AcknowledgedFailure]:
    module, function = reached.module, reached.function
    for checked, raised in checks:
        if module.enclosing_function(checked) is function:
            for clause in checked.handlers:
                if exceptions.catches(module, clause, raised) and _hides(reached, clause):
                    yield AcknowledgedFailure(reached, clause, failed_check=True, grave=True)
                    break
    if not isinstance(function, ast.Lambda) and re.search(work.SIDE_NAME, function.name):
        return
    for dropped in dropped_answers.dropped_answers(module):
        if module.enclosing_function(dropped.call) is function and _ends_taken(reached, dropped.statement):
            yield AcknowledgedFailure(reached, dropped.call, failed_check=False, grave=dropped.grave)
    for attempt, handler in candidates:
        if module.enclosing_function(attempt) is not function:
            continue
        calls = list(work.within(attempt.body))
        kinds = failure_handlers.kinds(module, calls) | failure_handlers.kinds_through_tables(module, calls)
        if not kinds & failure_handlers.FAILING:
            continue
        writes = bool(kinds & failure_handlers.WRITES)
        if not _ends_taken(reached, handler, goes_on=forgotten_writes.forgets_write(module, attempt, handler)):
            continue
        if recorded_failures.are_recorded(module, attempt, handler):
            continue
        if writes or kinds & {Work.UNSEEN, Work.STRIPE} or _leaves_at_once(handler):
            grave = Work.MONEY in kinds if _catches_sdk_alone(module, handler) else writes
            yield AcknowledgedFailure(reached, handler, failed_check=False, grave=grave)


def _catches_sdk_alone(module: Module, handler: Taking) -> bool:
    """Whether an ``except`` takes nothing but errors of the SDK, so that a call of Stripe is what has failed."""
    types = exceptions.handler_types(module, handler) or []
    caught = [exceptions.class_names(module, each)[1] for each in types]
    return bool(caught) and all(isinstance(each, External) and exceptions.stripe_error(each.path) for each in caught)


_READS_BODY: Final = webhook_functions.NAMES | {"loads", "load", *webhook_functions.BUILDING}


def _accepts_anyway(handler: ast.ExceptHandler) -> bool:
    """Whether an ``except`` reads the event in another way, which is a bypass of the verification."""
    reading = _READS_BODY | all_names("parsed_calls")
    return any(functions.last_name(call.func) in reading for call in work.within(handler.body))


# where the path goes on


def _ends_taken(reached: Reached, step: ast.AST, *, goes_on: bool = False) -> bool:
    """Whether every way on from a step tells Stripe that the delivery was taken.

    Nothing more is done there; or, with ``goes_on``, nothing that could have to do with what has failed.
    """
    graph = control_flow.graph_of(reached.module, reached.function)
    starts = graph.at.get(step, [])
    if isinstance(step, ast.With | ast.AsyncWith):
        starts = [each for each in starts if each.kind is control_flow.NodeKind.HANDLER]
    return bool(starts) and _taken_from(reached, _after(starts), goes_on=goes_on)


def _after(starts: list[FlowNode]) -> set[FlowNode]:
    return {node for start in starts for node in control_flow.reachable(start, exceptions=False)}


def _taken_from(reached: Reached, nodes: set[FlowNode], *, goes_on: bool) -> bool:
    module = reached.module
    returned: list[ast.Return] = []
    falls_off = accepted = False
    for node in nodes:
        statement = node.syntax
        if node.kind is control_flow.NodeKind.RETURN:
            falls_off = True
        if statement is None:
            continue
        if isinstance(statement, ast.Return):
            returned.append(statement)
        elif answers.refuses(module, statement):
            return False
        accepted = accepted or answers.accepts(module, statement)
        if not goes_on and failure_handlers.kinds(module, _calls_of(statement)) & work.DOES_SOMETHING:
            return False
    if reached.caller is None:
        return handler_answers.is_taken(reached, returned, falls_off=falls_off and not returned, accepted=accepted)
    return _caller_takes(reached, module, returned, goes_on=goes_on)


def _calls_of(step: ast.AST) -> Iterator[ast.Call]:
    for part in control_flow.evaluated(step):
        if isinstance(part, ast.stmt | ast.expr):
            yield from (inner for inner in work.nodes_of(part) if isinstance(inner, ast.Call))


def _caller_takes(
    reached: Reached, source: Module, returned: list[ast.Return], *, goes_on: bool, handed_on: bool = False
) -> bool:
    """Whether the caller of a function that has just ended without an exception goes on as if all were well.

    ``returned`` stand in ``source``, which may be another module where the function hands on what another one returns.
    """
    caller, call = reached.caller, reached.call
    if caller is None or call is None:
        return False
    module = caller.module
    if isinstance(call, ast.Call):
        statement = module.statement_of(call)
        used = call if not isinstance(module.parents[call], ast.Await) else module.parents[call]
        if isinstance(statement, ast.Return) and statement.value is used:
            if any(answers.answer_of(source, each.value) is not Answer.TAKEN for each in returned):
                return False
            if caller.caller is not None:
                return _caller_takes(caller, source, returned, goes_on=goes_on, handed_on=True)
            return all(each.value is not None for each in returned)
        dropped = isinstance(statement, ast.Expr) and statement.value is used
        tells = not dropped and any(each.value is not None for each in returned)
        if tells and handed_on and all(_says_yes(each.value) for each in returned):
            return True
        if tells and not handed_on and all(_is_nothing(each.value) for each in returned):
            starts = _where_nothing_came(caller, statement, used)
            if starts:
                return _taken_from(caller, {*starts, *_after(starts)}, goes_on=False)
        if tells and (not handed_on or _is_asked(caller, statement, used)):
            return False
        if any(answers.answer_of(source, each.value) is Answer.REFUSED for each in returned):
            # it answers as it should, and what is to be said is said about the call that drops the answer
            return False
    else:
        statement = module.statement_of(call)
        if any(each.value is not None for each in returned):
            return False
    return _ends_taken(caller, statement, goes_on=goes_on)


def _is_nothing(node: ast.expr | None) -> bool:
    """Whether a returned value is ``None`` or ``False``."""
    return node is None or (isinstance(node, ast.Constant) and (node.value is None or node.value is False))


def _where_nothing_came(caller: Reached, statement: ast.stmt, used: ast.AST) -> list[FlowNode]:
    """Where the caller goes on with nothing, if it asks at once whether a call has returned something."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) and statement.value is used else None
    block = blocks.block_of(caller.module, statement)
    below = block[block.index(statement) + 1 :]
    if not isinstance(target, ast.Name) or not below or not isinstance(below[0], ast.If):
        return []
    test = below[0].test
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    asked, came = test, True
    if isinstance(test, ast.Compare) and syntax.is_none(test.comparators[0]):
        asked, came = test.left, isinstance(test.ops[0], ast.IsNot | ast.NotEq)
    if not isinstance(asked, ast.Name) or asked.id != target.id:
        return []
    nodes = control_flow.graph_of(caller.module, caller.function).at.get(test, [])
    return [start for node in nodes for start in [node.otherwise if came else node.following] if start is not None]


def _says_yes(node: ast.expr | None) -> bool:
    """Whether a returned value says that all is well, whoever asks."""
    return isinstance(node, ast.Constant) and node.value is True


def _is_asked(caller: Reached, statement: ast.stmt, used: ast.AST) -> bool:
    """Whether what a call returned may decide something: all but a name that is never looked into nor tested."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) and statement.value is used else None
    if not isinstance(target, ast.Name):
        return True
    module = caller.module
    return any(
        isinstance(node, ast.Name)
        and node.id == target.id
        and isinstance(node.ctx, ast.Load)
        and not isinstance(module.parents[node], ast.Call | ast.Return | ast.keyword | ast.Dict | ast.FormattedValue)
        for node in syntax.own_nodes(caller.function)
    )


def _leaves_at_once(handler: Taking) -> bool:
    return isinstance(handler, ast.ExceptHandler) and any(
        isinstance(each, ast.Return) for each in syntax.own_nodes(handler)
    )


def _hides(reached: Reached, handler: ast.ExceptHandler) -> bool:
    """Whether an ``except`` leaves its function, and Stripe is told on every path that the delivery was taken."""
    returned = None if _accepts_anyway(handler) else _returned_at_once(reached, handler)
    if not returned:
        return False
    if reached.caller is not None:
        return hidden_checks.is_hidden(reached, returned)
    return handler_answers.are_answers(returned) and handler_answers.is_taken(reached, returned, falls_off=False)


def _returned_at_once(reached: Reached, handler: ast.ExceptHandler) -> list[ast.Return] | None:
    """The statements with which an ``except`` leaves its function; ``None`` where it refuses, or goes on below."""
    graph = control_flow.graph_of(reached.module, reached.function)
    below = {id(node) for statement in handler.body for node in ast.walk(statement)}
    returned: list[ast.Return] = []
    for start in graph.at.get(handler, []):
        for node in control_flow.reachable(start, exceptions=False):
            if node.syntax is None:
                continue
            if answers.refuses(reached.module, node.syntax):
                return None
            if id(node.syntax) not in below and not _in_finally(reached.module, node.syntax):
                return None
            if isinstance(node.syntax, ast.Return):
                returned.append(node.syntax)
    return returned


def _in_finally(module: Module, node: ast.AST) -> bool:
    child = node
    for around in module.ancestors(node):
        if isinstance(around, ast.Try) and child in around.finalbody:
            return True
        child = around
    return False
