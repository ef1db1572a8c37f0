"""Repairs a verification whose errors nothing catches: both are caught at the call and answered with 400."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    blocks,
    evaluation_order,
    exceptions,
    functions,
    reach,
    sdk_verifications,
    syntax,
    uncaught_errors,
)
from stripe_lint.analysis.logging_calls import LEVELS
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.uncaught_errors import PAYLOAD_ERROR, SIGNATURE_ERROR
from stripe_lint.rules import _exception_names, _logged_refusal, _refusals

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.sdk_verifications import SdkVerification
    from stripe_lint.analysis.state import Raised
    from stripe_lint.analysis.webhook_handlers import Handler
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit


_HARMLESS: Final = frozenset({"get", "print", "to_dict", *LEVELS})
"""Methods that raise no ``ValueError``: what is logged or looked up."""


class _Place(NamedTuple):
    """A verification in its function, and the handler that it is for."""

    module: Module
    verification: SdkVerification
    function: NamedFunction
    handler: Handler


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Answer 400 where the verification at ``hit`` raises."""
    found = [each for each in sdk_verifications.sdk_verifications(module) if module.span(each.node) == hit.span]
    if not found:
        edit.decline("the verification is not found again")
    function = module.enclosing_function(found[0].node)
    if functions.last_name(found[0].node.func) != found[0].name:
        edit.decline("the verification runs elsewhere; catch its errors where its outcome is taken")
    if not isinstance(function, NamedFunction):
        edit.decline("it stands in no function of its own")
    handler = _handler(module, function)
    if handler is None:
        edit.decline(
            f"where the request is answered can't be seen here; catch both errors where {function.name} is called"
        )
    place = _Place(module, found[0], function, handler)
    edit.unsafe("a failed verification is answered with 400")
    attempt = _attempt_around(place)
    if attempt is not None:
        _complete(place, attempt, edit)
    elif uncaught_errors.reaches_framework(module, found[0].node, SIGNATURE_ERROR):
        _wrap(place, edit)
    else:
        edit.decline(f"the other error is caught where {function.name} is called; catch ValueError there too")
    edit.describe("a failed verification is answered with 400")


def _handler(module: Module, function: NamedFunction) -> Handler | None:
    """The handler for which ``function`` runs."""
    return next(
        (each.handler for each in reach.reached_in(module) if each.function.lineno == function.lineno),
        None,
    )


def _attempt_around(place: _Place) -> ast.Try | None:
    """The ``try`` whose body holds the call and that takes one of its errors, if only to raise it again."""
    for around in exceptions.attempts_around(place.module, place.verification.node, within=place.function):
        if isinstance(around, ast.Try) and any(_clauses(place, around)):
            return around
    return None


def _clauses(place: _Place, attempt: ast.Try) -> list[ast.ExceptHandler]:
    """The ``except`` clauses that take an error of the verification."""
    return [clause for clause in attempt.handlers if any(_takes(place, clause, each) for each in _errors(place))]


def _errors(place: _Place) -> list[Raised]:
    return [SIGNATURE_ERROR, PAYLOAD_ERROR] if place.verification.parses else [SIGNATURE_ERROR]


def _takes(place: _Place, clause: ast.ExceptHandler, raised: Raised) -> bool:
    return exceptions.catches(place.module, clause, raised) is True


# a `try` that is there


def _complete(place: _Place, attempt: ast.Try, edit: Edit) -> None:
    """Let the clauses that only raise again answer, and one of them take the error that none takes."""
    clauses = _clauses(place, attempt)
    for clause in clauses:
        last = _last(clause)
        if isinstance(last, ast.Raise) and _raises_on(place, clause):
            if any(isinstance(each, ast.Return) for each in syntax.own_nodes(clause)):
                edit.decline("the `except` raises the error again on some paths only; answer 400 on all")
            refusal = _refusals.refusal(place.module, place.function, place.handler, last, edit)
            edit.replace_statement(last, refusal)
            _exception_names.drop_exception_name(place.module, clause, [last], edit)
    for raised in _errors(place):
        if not any(exceptions.catches(place.module, clause, raised) for clause in attempt.handlers):
            if raised is PAYLOAD_ERROR and _works_behind(place, attempt):
                edit.decline(
                    "the `try` also holds the work, whose own ValueError would be answered with 400; "
                    "verify in a `try` of its own"
                )
            _widen(place, clauses[-1], raised, edit)


def _works_behind(place: _Place, attempt: ast.Try) -> bool:
    """Whether more is called in a ``try`` once its delivery is verified."""
    call = place.verification.node
    last = place.module.statement_of(call)
    behind = [
        inner
        for inner in syntax.descendants(attempt)
        if isinstance(inner, ast.Call)
        and inner.lineno > (last.end_lineno or last.lineno)
        and any(around in attempt.body for around in place.module.ancestors(inner))
    ]
    return any(functions.last_name(each.func) not in _HARMLESS for each in behind)


def _last(clause: ast.ExceptHandler) -> ast.stmt:
    """The statement that an ``except`` ends with."""
    last = clause.body[-1]
    while isinstance(last, ast.Try) and not last.handlers:
        last = last.body[-1]
    return last


def _raises_on(place: _Place, clause: ast.ExceptHandler) -> bool:
    """Whether what an ``except`` raises reaches the framework, which knows no answer to it."""
    last = _last(clause)
    if not isinstance(last, ast.Raise):
        return False
    if last.exc is None or (isinstance(last.exc, ast.Name) and last.exc.id == clause.name):
        return True
    made = last.exc.func if isinstance(last.exc, ast.Call) else last.exc
    return exceptions.class_names(place.module, made)[0] in uncaught_errors.BARE


def _widen(place: _Place, clause: ast.ExceptHandler, raised: Raised, edit: Edit) -> None:
    """Let an ``except`` take one more class."""
    if clause.type is None:
        return
    reads = [
        each
        for each in syntax.descendants(clause)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == clause.name
    ]
    if reads:
        edit.decline(f"the `except` reads .{reads[0].attr}, which the other error does not have; catch it on its own")
    more = "ValueError" if raised is PAYLOAD_ERROR else _refusals.signature_error(place.module, clause, edit)
    if isinstance(clause.type, ast.Tuple):
        kinds = ", ".join(edit.source_of(each) for each in clause.type.elts)
    else:
        kinds = edit.source_of(clause.type)
    edit.replace(clause.type, f"({more}, {kinds})")


# no `try` yet


def _wrap(place: _Place, edit: Edit) -> None:
    module, call = place.module, place.verification.node
    error = _refusals.signature_error(module, call, edit)
    caught = f"(ValueError, {error})" if place.verification.parses else error
    statement = module.statement_of(call)
    alone = isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr | ast.Return)
    if not alone or _does_more(module, statement, call) or _first_on_line(module, statement, call) is not statement:
        _prepare(place, caught, edit)
        return
    step = _step(module, statement)
    refusal = _refusals.refusal(module, place.function, place.handler, statement, edit)
    refusal = _logged_refusal.logged(module, statement, refusal, step, edit)
    edit.replace_statement(statement, f"try:\n{_inner(module, statement, edit)}")
    edit.insert_after(statement, f"except {caught}:\n{step}{refusal}")


def _does_more(module: Module, statement: ast.stmt, call: ast.Call) -> bool:
    """Whether a statement calls something with the outcome, whose own errors must not be answered with 400."""
    for node in syntax.descendants(statement):
        if isinstance(node, ast.Call) and node is not call and call not in module.ancestors(node):
            return True
    return False


def _inner(module: Module, statement: ast.stmt, edit: Edit) -> str:
    """The text of a statement, one step further in."""
    if any(
        isinstance(each, ast.Constant | ast.JoinedStr) and each.lineno != each.end_lineno
        for each in syntax.descendants(statement)
        if isinstance(each, ast.expr)
    ):
        edit.decline("a text over several lines stands in the statement; put it into a `try` by hand")
    lines = module.lines_of(statement)
    first = lines[0].encode()
    indentation = first[: statement.col_offset].decode()
    step = _step(module, statement)
    last = (statement.end_col_offset or 0) if len(lines) == 1 else None
    if last is None:
        lines[-1] = lines[-1].encode()[: statement.end_col_offset].decode()
    else:
        lines[0] = first[:last].decode()
    return "\n".join(f"{step}{line.removeprefix(indentation)}" if line.strip() else line for line in lines)


def _first_on_line(module: Module, statement: ast.stmt, call: ast.Call) -> ast.stmt | None:
    """The first of the statements on the line; ``None`` where it matters for ``call`` that they run before it."""
    earlier = [
        each
        for each in blocks.block_of(module, statement)
        if each.lineno == statement.lineno and each.col_offset < statement.col_offset
    ]
    read = syntax.names_in(call)
    for node in (inner for each in earlier for inner in syntax.descendants(each)):
        if isinstance(node, ast.Call | ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
            return None
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in read:
            return None
    return earlier[0] if earlier else statement


def _step(module: Module, statement: ast.stmt) -> str:
    """By how much the function around ``statement`` is indented further than what it stands in."""
    function = module.enclosing_function(statement)
    if not isinstance(function, NamedFunction) or function.lineno == function.body[0].lineno:
        return "    "
    lines = (module.lines[function.lineno - 1], module.lines_of(function.body[0])[0])
    outer, inner = (line[: len(line) - len(line.lstrip())] for line in lines)
    return inner.removeprefix(outer)


def _prepare(place: _Place, caught: str, edit: Edit) -> None:
    """Verify in a statement of its own, before the one that uses the event."""
    module, call = place.module, place.verification.node
    prepared = evaluation_order.statement_to_prepare(module, call)
    before = _first_on_line(module, prepared, call) if prepared is not None else None
    if before is None:
        edit.decline("nothing can be put right before the call; put it into a `try` of its own")
    refusal = _refusals.refusal(module, place.function, place.handler, before, edit)
    name = edit.free_name(before, "event", "stripe_event")
    step = _step(module, before)
    refusal = _logged_refusal.logged(module, before, refusal, step, edit)
    edit.insert_before(before, f"try:\n{step}{name} = {edit.source_of(call)}\nexcept {caught}:\n{step}{refusal}")
    edit.replace(call, name)
