"""Verified events that a handler refuses: of a type it does not know, handled before, or without a row of its own."""

from __future__ import annotations

import ast
import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    answers,
    assignments,
    blocks,
    duplicate_tests,
    event_type_tests,
    event_values,
    exceptions,
    failure_handlers,
    functions,
    handled_before,
    names,
    reach,
    syntax,
    uncaught_errors,
    verified_from,
    work,
)
from stripe_lint.analysis.answers import Answer
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.state import Raised
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.event_values import Names
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.reach import Reached

_NOT_THERE: Final = Raised(frozenset({"KeyError"}))
_LOOK_UP_ONE: Final = frozenset({"get", "aget", "earliest", "latest", "aearliest", "alatest"})


class Reason(Enum):
    """Why an event is refused."""

    UNKNOWN_TYPE = auto()
    HAD_BEFORE = auto()
    NOTHING_FOUND = auto()


class RefusedEvent(NamedTuple):
    """The statement, or the default of a look-up, that refuses an event.

    ``event_type`` is how the function writes the type of the event, where it does.
    """

    module: Module
    node: ast.AST
    reason: Reason
    event_type: ast.expr | None = None


def refused_events(module: Module) -> Iterator[RefusedEvent]:
    """The answers in ``module`` that refuse a verified event, each once."""
    seen: set[tuple[int, int]] = set()
    for reached in reach.reached_in(module):
        if not reached.at_once or _runs_unverified(reached):
            continue
        for refused in _in_function(reached):
            span = refused.module.span(refused.node)
            if (span.line, span.column) not in seen:
                seen.add((span.line, span.column))
                yield refused._replace(event_type=_event_type(reached, refused.node))


def _in_function(reached: Reached) -> Iterator[RefusedEvent]:
    module, function = reached.module, reached.function
    known = _known(reached)
    tables = {name for name, _ in event_type_tests.looked_up(module, function, known)}
    first_line = verified_from.verified_from(reached)
    for attempt in module.own_of_kind(function, ast.Try):
        yield from _of_attempt(reached, attempt, known, first_line)
    tests: list[ast.If | ast.Match | ast.Assert] = [
        *module.own_of_kind(function, ast.If),
        *module.own_of_kind(function, ast.Match),
        *module.own_of_kind(function, ast.Assert),
    ]
    for node in tests:
        if node.lineno < first_line or failure_handlers.follows_failed_check(module, node):
            continue
        if isinstance(node, ast.If):
            yield from _of_branch(reached, node, known, tables)
        elif isinstance(node, ast.Match) and event_type_tests.is_type(node.subject, known):
            for case in node.cases:
                if isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None:
                    yield from _refusal(reached, case.body, Reason.UNKNOWN_TYPE)
        elif isinstance(node, ast.Assert) and event_type_tests.tells(module, node.test, known, tables) is True:
            yield RefusedEvent(module, node, Reason.UNKNOWN_TYPE)
    for _, default in event_type_tests.looked_up(module, function, known):
        if default is not None and _refuses_by_default(module, default):
            yield RefusedEvent(module, default, Reason.UNKNOWN_TYPE)
    for choice in module.own_of_kind(function, ast.IfExp):
        if choice.lineno >= first_line and _refuses_by_choice(reached, choice, known, tables):
            yield RefusedEvent(module, choice, Reason.UNKNOWN_TYPE)
    for taken in event_type_tests.taken_by_type(module, function, known):
        if taken.lineno >= first_line and not _is_asked_for(reached) and _raises_out(reached, taken, _NOT_THERE):
            yield RefusedEvent(module, taken, Reason.UNKNOWN_TYPE)


def _refuses_by_choice(reached: Reached, choice: ast.IfExp, known: Names, tables: set[str]) -> bool:
    """Whether a condition on the type chooses a refusing answer, or its status, and that is what is returned."""
    module = reached.module
    told = event_type_tests.tells(module, choice.test, known, tables)
    if told is None or not isinstance(module.statement_of(choice), ast.Return) or not _is_answer(reached):
        return False
    chosen = choice.orelse if told else choice.body
    return answers.answer_of(module, chosen) is Answer.REFUSED


def _is_asked_for(reached: Reached) -> bool:
    """Whether the function, or one that leads to it, depends on the type, so that it may run for known types alone."""
    current: Reached | None = reached
    while current is not None:
        if event_type_tests.is_asked_for(current.module, current.function, _known(current)):
            return True
        if current.call is not None and not isinstance(current.call, ast.Call):
            return True
        current = current.caller
    return False


def _runs_unverified(reached: Reached) -> bool:
    """Whether a function is called where the verification has failed, so that the event is not Stripe's."""
    current: Reached | None = reached
    while current is not None and current.caller is not None:
        if current.call is not None and failure_handlers.follows_failed_check(current.caller.module, current.call):
            return True
        current = current.caller
    return False


def _event_type(reached: Reached, refusal: ast.AST) -> ast.expr | None:
    """The first expression for the type of the event above an answer."""
    known = _known(reached)
    above = (
        node
        for node in syntax.own_nodes(reached.function)
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and node.lineno < getattr(refusal, "lineno", 0)
        and event_type_tests.is_type(node, known)
    )
    return min(above, key=lambda node: (node.lineno, node.col_offset), default=None)


def _known(reached: Reached) -> Names:
    """What the names of a function hold; of one that is called, every argument may be a part of the event."""
    parameters = frozenset(each.arg for each in functions.parameters(reached.function)) - {"self", "cls", "request"}
    if reached.caller is None:
        parameters = frozenset()
    return event_values.names_in(reached.module, reached.function, parameters)


def _refuses_by_default(module: Module, default: ast.expr) -> bool:
    if isinstance(default, ast.Lambda):
        return answers.answer_of(module, default.body) is Answer.REFUSED
    return False


def _of_branch(reached: Reached, node: ast.If, known: Names, tables: set[str]) -> Iterator[RefusedEvent]:
    module = reached.module
    told = event_type_tests.tells(module, node.test, known, tables)
    if told is False:
        yield from _refusal(reached, node.body, Reason.UNKNOWN_TYPE)
    elif told is True and not event_type_tests.continues_chain(module, node):
        yield from _refusal(reached, event_type_tests.otherwise(module, node, known, tables), Reason.UNKNOWN_TYPE)
    elif told is None and handled_before.tells(module, node.test, known, holds=True):
        yield from _refusal(reached, node.body, Reason.HAD_BEFORE)
    elif told is None and _finds_nothing(module, node.test, known):
        yield from _refusal(reached, node.body, Reason.NOTHING_FOUND)


def _of_attempt(reached: Reached, node: ast.Try, known: Names, first_line: int) -> Iterator[RefusedEvent]:
    """What a ``try`` refuses: a type that a table lacks, an event that is found, or one for which nothing is found."""
    module = reached.module
    for handler in node.handlers:
        types = exceptions.handler_types(module, handler) or []
        caught = {exceptions.class_names(module, each)[0] for each in types}
        if handler.lineno < first_line:
            continue
        if caught & {"KeyError", "LookupError"} and _takes_from_table(node, known):
            yield from _refusal(reached, handler.body, Reason.UNKNOWN_TYPE)
        elif handled_before.is_refused_by_store(module, reached.function, node, handler):
            yield from _refusal(reached, handler.body, Reason.HAD_BEFORE)
        elif any(re.search(duplicate_tests.FOUND_NOTHING, name) for name in caught):
            yield from _of_lookup(reached, node, handler)


def _of_lookup(reached: Reached, node: ast.Try, handler: ast.ExceptHandler) -> Iterator[RefusedEvent]:
    module = reached.module
    body = list(_flattened(node.body))
    only_looks_up = all(work.of_calls_in(module, statement) <= {Work.LOOKUP} for statement in body)
    for position, statement in enumerate(body):
        found = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
        if found is None or work.of_calls_in(module, found) != {Work.LOOKUP}:
            continue
        if handled_before.looks_for_event(module, found):
            yield from _refusal(reached, [*body[position + 1 :], *node.orelse], Reason.HAD_BEFORE)
        elif only_looks_up or _alone_finds(module, body, position, handler):
            by_status = duplicate_tests.filters_by_status(found)
            yield from _refusal(reached, handler.body, Reason.HAD_BEFORE if by_status else Reason.NOTHING_FOUND)


def _alone_finds(module: Module, body: list[ast.stmt], position: int, handler: ast.ExceptHandler) -> bool:
    """Whether of all that a ``try`` does only its look-up at ``position`` can have found nothing, before any work.

    That is so where the ``except`` names the class that is looked up, and nothing else looks up one of that class.
    """
    if any(work.of_calls_in(module, statement) - {Work.LOOKUP} for statement in body[:position]):
        return False
    found = [statement for statement in body if _looks_up_what_is_missed(module, statement, handler)]
    others = [statement for statement in body if statement is not body[position]]
    return found == [body[position]] and not any(_looks_up_elsewhere(module, statement) for statement in others)


def _looks_up_what_is_missed(module: Module, statement: ast.stmt, handler: ast.ExceptHandler) -> bool:
    """Whether a statement looks up one object of the class that an ``except`` names: ``Order.DoesNotExist``."""
    types = exceptions.handler_types(module, handler) or []
    owners = {functions.dotted_name(each.value) for each in types if isinstance(each, ast.Attribute)} - {None}
    return any(
        functions.last_name(call.func) in _LOOK_UP_ONE
        and (owner := work.manager_of(call)) is not None
        and functions.dotted_name(owner) in owners
        for call in work.within([statement])
    )


def _looks_up_elsewhere(module: Module, statement: ast.stmt) -> bool:
    """Whether a function of the project, that a statement calls, looks something up."""
    return any(
        isinstance(names.resolve(module, call.func), FunctionReference)
        and Work.LOOKUP in work.of_whole_call(module, call)
        for call in work.within([statement])
    )


def _flattened(block: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block and of each ``try`` … ``finally`` in it."""
    for statement in block:
        if isinstance(statement, ast.Try) and not statement.handlers:
            yield from _flattened(statement.body)
        else:
            yield statement


def _takes_from_table(node: ast.Try, known: Names) -> bool:
    """Whether the body of a ``try`` takes what a table has for the type of an event by subscript."""
    return any(
        isinstance(inner, ast.Subscript) and event_type_tests.is_type(inner.slice, known)
        for statement in node.body
        for inner in work.nodes_of(statement)
    )


def _finds_nothing(module: Module, test: ast.expr, known: Names) -> bool:
    """Whether a condition holds where a look-up, and nothing but one, has found nothing."""
    found: ast.expr | None = None
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        found = test.operand
    elif isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is | ast.Eq):
        other = test.comparators[0]
        found = test.left if syntax.is_none(other) else None
    if not isinstance(found, ast.Name):
        return False
    assigned = assignments.assigned_expression(module, found)[1]
    if _is_same_for_all(assigned):
        return False
    if found.id in known.rows:
        return work.of_calls_in(module, assigned) == {Work.LOOKUP}
    return _asks_table(module, assigned, known)


def _is_same_for_all(node: ast.expr) -> bool:
    """Whether a look-up gets constants alone, and so has nothing to do with the event: ``setting("STRIPE_KEY")``."""
    calls = [inner for inner in syntax.descendants(node) if isinstance(inner, ast.Call)]
    given = [each for call in calls for each in (*call.args, *(keyword.value for keyword in call.keywords))]
    return bool(given) and all(isinstance(each, ast.Constant) for each in given)


def _asks_table(module: Module, node: ast.expr, known: Names) -> bool:
    """Whether a table that is written down in the project is asked for what it has for a part of the event."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "get":
        return False
    table = assignments.assigned_expression(module, node.func.value)[1]
    return isinstance(table, ast.Dict) and len(node.args) == 1 and event_values.is_of_event(module, node.args[0], known)


def _refusal(reached: Reached, block: list[ast.stmt], reason: Reason) -> Iterator[RefusedEvent]:
    """The statement with which a block refuses the event, where it always does."""
    for statement in block:
        if isinstance(statement, ast.Try) and not statement.handlers:
            yield from _refusal(reached, statement.body, reason)
            if blocks.leaves(reached.module, statement.body):
                return
            continue
        if isinstance(statement, ast.If | ast.Try | ast.For | ast.While | ast.Match | ast.With):
            return
        if isinstance(statement, ast.Return):
            if _is_answer(reached) and answers.answer_of(reached.module, statement.value) is Answer.REFUSED:
                yield RefusedEvent(reached.module, statement, reason)
            return
        if answers.refuses(reached.module, statement):
            if _reaches_framework(reached, statement):
                yield RefusedEvent(reached.module, statement, reason)
            return


def _is_answer(reached: Reached) -> bool:
    """Whether what a function returns is what the handler answers."""
    current = reached
    while current.caller is not None and current.call is not None:
        statement = current.caller.module.statement_of(current.call)
        if not isinstance(statement, ast.Return):
            return False
        current = current.caller
    return True


def _reaches_framework(reached: Reached, statement: ast.AST) -> bool:
    """Whether an exception that is raised by a statement leaves the handler."""
    raised = Raised(frozenset({"HTTPException"}))
    if isinstance(statement, ast.Raise) and statement.exc is not None:
        made = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        name, reference = exceptions.class_names(reached.module, made)
        raised = Raised(frozenset({name}), reference)
    return _raises_out(reached, statement, raised)


def _raises_out(reached: Reached, statement: ast.AST, raised: Raised) -> bool:
    """Whether ``raised``, raised at ``statement``, leaves the handler."""
    current: Reached | None = reached
    node: ast.AST | None = statement
    while current is not None and node is not None:
        if uncaught_errors.leaves_function(current.module, node, raised) is None:
            return False
        node, current = current.call, current.caller
    return True
