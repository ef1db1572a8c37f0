"""Whether something is decided by a look at an earlier delivery: a look-up, a status, a flag, the event's id.

What can't be seen is taken for such a look.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from stripe_lint.analysis import (
    blocks,
    definitions,
    duplicate_tests,
    event_values,
    exceptions,
    functions,
    guards,
    handled_before,
    logging_calls,
    names,
    stripe_calls,
    syntax,
    unique_columns,
    work,
)
from stripe_lint.analysis.references import ClassReference, FunctionReference
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stripe_lint.analysis.event_values import Names
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode


def is_checked(
    module: Module,
    function: FunctionNode,
    node: ast.AST,
    known: Names,
    *,
    constraints: bool = True,
    known_from: int = 0,
) -> bool:
    """Whether something before ``node`` or around it looks at an earlier delivery and decides whether it runs.

    With ``constraints`` an ``except IntegrityError`` counts as such a look. ``known_from`` is the line from which on
    something is known of the event.
    """
    child = node
    for around in module.ancestors(node):
        if _decides(module, around, child, known, constraints=constraints, known_from=known_from):
            return True
        for block in blocks.blocks_of(around):
            if child in block:
                before = block[: block.index(child)]
                if _checked_before(module, before, known, constraints=constraints, known_from=known_from):
                    return True
        if around is function:
            return False
        child = around
    return False


def is_checked_by_decorator(module: Module, function: FunctionNode) -> bool:
    """Whether a decorator of the project looks for the event's id before it calls ``function``."""
    for decorator in function.decorator_list if isinstance(function, NamedFunction) else ():
        reference = names.resolve(module, decorator.func if isinstance(decorator, ast.Call) else decorator)
        if not isinstance(reference, FunctionReference) or not isinstance(reference.node, NamedFunction):
            continue
        wrapper = guards.wrapper_of(reference.module, reference.node)
        if wrapper is None or not event_values.names_event_id(wrapper.module, wrapper.node):
            continue
        known = event_values.names_in(wrapper.module, wrapper.node, event_values.USUAL_PARAMETERS)
        if any(is_checked(wrapper.module, wrapper.node, call, known) for call in wrapper.calls()):
            return True
    return False


def _decides(
    module: Module, around: ast.AST, child: ast.AST, known: Names, *, constraints: bool, known_from: int
) -> bool:
    if isinstance(around, ast.If | ast.While):
        if child in around.body:
            return _tells(module, around.test, known, holds=True, known_from=known_from)
        return child in around.orelse and _tells(module, around.test, known, holds=False, known_from=known_from)
    if isinstance(around, ast.IfExp):
        return child is not around.test and _tells(
            module, around.test, known, holds=child is around.body, known_from=known_from
        )
    if isinstance(around, ast.For | ast.AsyncFor) and child in around.body:
        return duplicate_tests.filters_by_status(around.iter) or duplicate_tests.iterates_by_status(
            module, around.iter, known
        )
    if isinstance(around, ast.Try) and child in around.body:
        return constraints and any(_is_taken_already(module, handler) for handler in around.handlers)
    if isinstance(around, ast.ExceptHandler):
        # what follows a failed look-up runs only where nothing was found
        types = exceptions.handler_types(module, around) or []
        return any(re.search(duplicate_tests.FOUND_NOTHING, exceptions.class_names(module, each)[0]) for each in types)
    return False


def _tells(module: Module, test: ast.expr, known: Names, *, holds: bool, known_from: int) -> bool:
    """Whether a condition that turned out as ``holds`` says something about an earlier delivery of the event."""
    if (test.end_lineno or 0) < known_from and not _looks_at_rows(module, test, known):
        return False
    return duplicate_tests.is_duplicate_test(module, test, known, holds=holds)


def _looks_at_rows(module: Module, test: ast.expr, known: Names) -> bool:
    """Whether a condition looks at what the project has stored, which may be a delivery that waits."""
    return Work.LOOKUP in work.of_calls_in(module, test) or any(
        isinstance(node, ast.Name) and node.id in known.rows for node in syntax.descendants(test)
    )


def _is_taken_already(module: Module, handler: ast.ExceptHandler) -> bool:
    types = exceptions.handler_types(module, handler) or []
    return any(re.search(handled_before.TAKEN_ALREADY, exceptions.class_names(module, each)[0]) for each in types)


def _checked_before(
    module: Module,
    before: Sequence[ast.AST],
    known: Names,
    *,
    constraints: bool,
    known_from: int,
    tolerated: bool = False,
) -> bool:
    """Whether one of the statements ``before`` something decides on it.

    Where errors are ``tolerated``, what the database refuses decides nothing.
    """
    for statement in before:
        if isinstance(statement, ast.If):
            if blocks.leaves(module, statement.body) and _tells(
                module, statement.test, known, holds=False, known_from=known_from
            ):
                return True
            if statement.orelse and blocks.leaves(module, statement.orelse):
                if _tells(module, statement.test, known, holds=True, known_from=known_from):
                    return True
                inner = statement.orelse[0]
                if isinstance(inner, ast.If) and _checked_before(
                    module, [inner], known, constraints=constraints, known_from=known_from
                ):
                    return True
            if _has_event_id(module, statement.test) and _checked_before(
                module, statement.body, known, constraints=constraints, known_from=known_from, tolerated=tolerated
            ):
                return True
        elif isinstance(statement, ast.Try):
            left = [each for each in statement.handlers if blocks.leaves(module, each.body)]
            if constraints and any(_is_taken_already(module, each) for each in left):
                return True
            if blocks.leaves(module, statement.body) and Work.LOOKUP in work.of_calls_in(module, statement):
                return True
            goes_on = tolerated or len(left) < len(statement.handlers)
            inside = [*statement.body, *statement.orelse, *statement.finalbody]
            if _checked_before(
                module, inside, known, constraints=constraints, known_from=known_from, tolerated=goes_on
            ):
                return True
        elif isinstance(statement, ast.With | ast.AsyncWith) and _checked_before(
            module, statement.body, known, constraints=constraints, known_from=known_from, tolerated=tolerated
        ):
            return True
        stores = isinstance(statement, ast.Expr | ast.Assign) and not tolerated
        if stores and _stored_once(module, statement, known):
            return True
        if not isinstance(statement, ast.If) and _hands_id_on(module, statement):
            return True
    return False


def _has_event_id(module: Module, test: ast.expr) -> bool:
    """Whether a condition only asks whether there is an id of the event, as there is in every delivery."""
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot | ast.NotEq):
        test = test.left if isinstance(test.comparators[0], ast.Constant) else test
    return event_values.is_event_id(module, test)


def _stored_once(module: Module, statement: ast.AST, known: Names) -> bool:
    """Whether a row is added that the database refuses a second time, as a unique column holds a part of the event."""
    for inner in work.nodes_of(statement):
        if not isinstance(inner, ast.Call) or functions.last_name(inner.func) not in {"create", "acreate"}:
            continue
        owner = work.manager_of(inner) or (inner.func.value if isinstance(inner.func, ast.Attribute) else None)
        reference = names.resolve(module, owner) if owner is not None else None
        if isinstance(reference, ClassReference):
            of_event = {
                each.arg for each in inner.keywords if each.arg and event_values.is_of_event(module, each.value, known)
            }
            if unique_columns.has_unique_column(reference, of_event):
                return True
    return False


def _hands_id_on(module: Module, statement: ast.AST) -> bool:
    """Whether the event's id is handed to something that may remember it."""
    for inner in work.nodes_of(statement):
        if not isinstance(inner, ast.Call) or _only_shows(module, inner) or _makes_record(module, inner):
            continue
        if _asks_stripe(module, inner):
            continue
        if any(event_values.is_event_id(module, each) for each in (*inner.args, *(k.value for k in inner.keywords))):
            return True
    return False


def _asks_stripe(module: Module, call: ast.Call) -> bool:
    """Whether a call only fetches something from Stripe, which does not keep in mind what was asked for."""
    method = stripe_calls.method_of(names.resolve(module, call.func))
    return method is not None and not method.mutating


def _only_shows(module: Module, call: ast.Call) -> bool:
    if functions.last_name(call.func) in {"str", "repr", "get", "format"} or logging_calls.may_record(module, call):
        return True
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    return receiver is not None and any("log" in part.lower() for part in functions.attribute_chain(receiver) or [])


def _makes_record(module: Module, call: ast.Call) -> bool:
    """Whether a call makes an object that is stored nowhere, such as one of a dataclass."""
    reference = names.resolve(module, call.func)
    if not isinstance(reference, ClassReference):
        return False
    bases = {base.rpartition(".")[2] for base in definitions.external_bases(reference)}
    return not bases or bool(bases & {"NamedTuple", "TypedDict", "BaseModel", "object"})
