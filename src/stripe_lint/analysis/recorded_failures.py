"""Exceptions of the project that are raised only after what failed has been recorded."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import exceptions, failure_handlers, functions, names, syntax, work
from stripe_lint.analysis.references import ClassReference, FunctionReference
from stripe_lint.analysis.state import Raised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.exceptions import Attempt
    from stripe_lint.analysis.failure_handlers import Taking
    from stripe_lint.analysis.module import Module

_DEEPEST: Final = 3
"""Through how many functions it is followed where an exception is raised."""

_STORES: Final = r"(?i)^_?(?:store|save|record|persist|insert|enqueue)(?:_|$)"


def are_recorded(module: Module, attempt: Attempt, handler: Taking, depth: int = 0) -> bool:
    """Whether all that ``handler`` takes are exceptions of the project which are raised after a record of the event."""
    types = exceptions.handler_types(module, handler) or []
    caught = [exceptions.class_names(module, each) for each in types]
    if not caught or not all(isinstance(reference, ClassReference) for _, reference in caught):
        return False
    found = [
        recorded
        for name, reference in caught
        for statement in attempt.body
        for recorded in _raised_in(module, statement, attempt, Raised(frozenset({name}), reference), depth)
    ]
    return bool(found) and all(found)


def _raised_in(module: Module, node: ast.AST, within: ast.AST, wanted: Raised, depth: int) -> Iterator[bool]:
    """Of each place that raises what is wanted out of ``within``, whether the event was recorded there before."""
    for inner in work.nodes_of(node):
        if isinstance(inner, ast.Raise):
            raised = _raised_by(module, inner, wanted)
            if raised is not None and not _is_caught(module, inner, within, raised):
                yield _is_recorded(module, inner, within, depth)
        elif isinstance(inner, ast.Call) and depth < _DEEPEST and not _is_caught(module, inner, within, wanted):
            reference = names.resolve(module, inner.func)
            if isinstance(reference, FunctionReference):
                for each in syntax.children(reference.node):
                    yield from _raised_in(reference.module, each, reference.node, wanted, depth + 1)


def _raised_by(module: Module, statement: ast.Raise, wanted: Raised) -> Raised | None:
    """What a statement raises, where that is what is wanted or a class of it, or raises that again."""
    if statement.exc is None:
        around = next((each for each in module.ancestors(statement) if isinstance(each, ast.ExceptHandler)), None)
        types = (exceptions.handler_types(module, around) or []) if around is not None else []
    else:
        types = [statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc]
    for each in types:
        name, reference = exceptions.class_names(module, each)
        if isinstance(reference, ClassReference) and _is_one(reference, wanted):
            return Raised(frozenset({name}), reference)
    return None


def _is_one(reference: ClassReference, wanted: Raised) -> bool:
    return isinstance(wanted.reference, ClassReference) and any(
        node is wanted.reference.node for _, node in names.linearized(reference)
    )


def _is_caught(module: Module, node: ast.AST, within: ast.AST, raised: Raised) -> bool:
    return any(
        exceptions.catches(module, handler, raised)
        for attempt in exceptions.attempts_around(module, node, within)
        for handler in exceptions.handlers_of(attempt)
    )


def _is_recorded(module: Module, statement: ast.Raise, within: ast.AST, depth: int) -> bool:
    """Whether the ``except`` around a statement remembers the event before it, or takes only what was remembered."""
    for around in module.ancestors(statement):
        if around is within:
            return False
        if isinstance(around, ast.ExceptHandler):
            before = [call for call in work.within(around.body) if call.lineno < statement.lineno]
            if failure_handlers.kinds(module, before) & work.DOES_SOMETHING:
                return True
            if any(_stores_elsewhere(module, call) for call in before):
                return True
            attempt = module.parents[around]
            if statement.exc is not None or not isinstance(attempt, ast.Try) or depth >= _DEEPEST:
                return False
            return are_recorded(module, attempt, around, depth + 1)
    return False


def _stores_elsewhere(module: Module, call: ast.Call) -> bool:
    """Whether a function of the project stores something, by its name, with a request to another service."""
    name = functions.last_name(call.func) or ""
    return re.search(_STORES, name) is not None and failure_handlers.sends_request(module, call)
