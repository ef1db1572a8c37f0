"""Where an exception ends that is raised while a delivery is handled: as an error response, or caught on its way."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import answers, control_flow, exceptions, handlers, names, uncaught_errors
from stripe_lint.analysis.answers import Answer
from stripe_lint.analysis.control_flow import NodeKind
from stripe_lint.analysis.state import ANY_EXCEPTION, Raised

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.reach import Reached


def caught_by(module: Module, handler: ast.ExceptHandler) -> Raised:
    """What an ``except`` has caught; any exception where it names no single class."""
    types = exceptions.handler_types(module, handler)
    if types is None or len(types) != 1:
        return ANY_EXCEPTION
    name, reference = exceptions.class_names(module, types[0])
    return ANY_EXCEPTION if name in exceptions.CATCHING_ALL else Raised(frozenset({name}), reference)


def ends_in_refusal(reached: Reached, node: ast.AST, raised: Raised) -> bool:
    """Whether ``raised``, raised at ``node`` of a reached function, makes the handler answer with an error."""
    current, at = reached, node
    while True:
        escaped = uncaught_errors.leaves_function(current.module, at, raised)
        if escaped is None:
            return _is_answer(current) and _is_refused(current, at, raised)
        if current.caller is None:
            return handlers.framework_for(current.module, reached.handler.function).exceptions_refuse
        site = _call_site(current)
        if site is None:
            return False
        raised, at, current = escaped, site, current.caller


def _is_answer(reached: Reached) -> bool:
    """Whether the handler answers with what a reached function returns: it is that, or each caller returns it."""
    current = reached
    while current.caller is not None:
        site = _call_site(current)
        parent = current.caller.module.parents.get(site) if site is not None else None
        if isinstance(parent, ast.Await):
            parent = current.caller.module.parents.get(parent)
        if not isinstance(parent, ast.Return):
            return False
        current = current.caller
    return True


def _call_site(reached: Reached) -> ast.AST | None:
    """The call that runs a reached function; of one that stands in a table, the only call of something unknown."""
    if reached.caller is None or isinstance(reached.call, ast.Call):
        return reached.call
    module = reached.caller.module
    unknown = [
        call
        for call in module.calls_of.get(reached.caller.function, ())
        if not isinstance(call.func, ast.Attribute) and names.resolve(module, call.func) is None
    ]
    return unknown[0] if len(unknown) == 1 else None


def _is_refused(reached: Reached, node: ast.AST, raised: Raised) -> bool:
    """Whether the ``except`` of a handler that catches ``raised`` answers with an error, or raises, on every path."""
    catching = _catching(reached.module, node, raised)
    if catching is None:
        return False
    graph = control_flow.graph_of(reached.module, reached.function)
    returned: list[ast.Return] = []
    ends = False
    for start in graph.at.get(catching, []):
        for step in control_flow.reachable(start, exceptions=False):
            ends = ends or step.kind is NodeKind.RETURN
            if isinstance(step.syntax, ast.Return):
                returned.append(step.syntax)
    if not returned:
        return not ends
    return all(answers.answer_of(reached.module, each.value) is Answer.REFUSED for each in returned)


def _catching(module: Module, node: ast.AST, raised: Raised) -> ast.ExceptHandler | None:
    for attempt in exceptions.attempts_around(module, node):
        for handler in attempt.handlers if isinstance(attempt, ast.Try) else ():
            if exceptions.catches(module, handler, raised) is not False:
                return handler
    return None
