"""Whether something that an application puts around its handlers answers an exception that leaves one of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import application_guards, exceptions, functions, names, syntax
from stripe_lint.analysis.references import FunctionReference, ObjectReference, OfClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.references import Reference
    from stripe_lint.analysis.scopes import NamedFunction
    from stripe_lint.analysis.state import Raised


def is_answered(module: Module, function: NamedFunction, frameworks: Iterable[Framework], raised: Raised) -> bool:
    """Whether a middleware, or a function that a setting names, answers ``raised`` for the handler ``function``."""
    for framework in frameworks:
        around = application_guards.put_in_front(module, function, framework)
        if any(_catches(reference, framework, raised) for reference in around):
            return True
        for setting in sorted(framework.error_handler_settings | framework.middleware_settings):
            named = application_guards.named_under(module, setting)
            if any(_tells_apart(reference, framework, raised) for reference in named):
                return True
    return False


def _catches(reference: Reference | None, framework: Framework, raised: Raised) -> bool:
    """Whether a middleware calls what is behind it in a ``try`` that takes ``raised``."""
    for method in _methods(reference, framework.middleware_methods):
        source, function = method.module, method.node
        taken = {each.arg for each in functions.parameters(function)}
        for call in source.calls_of.get(function, ()):
            passes_on = isinstance(call.func, ast.Name) and call.func.id in taken
            clauses = (
                clause
                for attempt in exceptions.attempts_around(source, call)
                if isinstance(attempt, ast.Try)
                for clause in attempt.handlers
                if exceptions.catches(source, clause, raised)
            )
            first = next(clauses, None) if passes_on else None
            if first is not None and _answers(first):
                return True
    return False


def _answers(clause: ast.ExceptHandler) -> bool:
    """Whether an ``except`` answers, and raises nothing again."""
    inside = list(syntax.own_nodes(clause))
    return any(isinstance(each, ast.Return) for each in inside) and not any(
        isinstance(each, ast.Raise) for each in inside
    )


def _tells_apart(reference: Reference | None, framework: Framework, raised: Raised) -> bool:
    """Whether a function that gets any exception asks for the class of ``raised``, and answers."""
    caught = frozenset().union(*(exceptions.ancestors(name) for name in raised.names or ()))
    for method in _methods(reference, framework.error_methods):
        source, function = method.module, method.node
        for call in source.calls.get("isinstance", ()):
            test = source.statement_of(call)
            if source.enclosing_function(call) is not function or len(call.args) != 2 or not isinstance(test, ast.If):
                continue
            classes = call.args[1].elts if isinstance(call.args[1], ast.Tuple) else [call.args[1]]
            answers = test.test is call and any(isinstance(each, ast.Return) for each in test.body)
            if answers and any(exceptions.class_names(source, each)[0] in caught for each in classes):
                return True
    return False


def _methods(reference: Reference | None, of_class: frozenset[str]) -> Iterator[FunctionReference]:
    """A function itself, or those methods of a class."""
    if isinstance(reference, FunctionReference):
        yield reference
    elif isinstance(reference, OfClass):
        for name in sorted(of_class):
            found = names.find_method(ObjectReference(reference.module, reference.node), name)
            if found is not None:
                yield FunctionReference(*found)
