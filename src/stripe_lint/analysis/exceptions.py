"""Which handler catches which exception, by class names and by the project's own class definitions."""

from __future__ import annotations

import ast
import builtins
from functools import cache
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import control_flow, definitions, functions, names, syntax
from stripe_lint.analysis.references import ClassReference, External, Reference
from stripe_lint.data import error_classes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.state import Raised

SIGNATURE_ERROR: Final = "SignatureVerificationError"

CATCHING_ALL: Final = frozenset({"Exception", "BaseException"})

Attempt = ast.Try | ast.With | ast.AsyncWith
_ATTEMPTS: Final = (ast.Try, ast.With, ast.AsyncWith)
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_MOST_NAMES: Final = 4
"""Through how many names of tuples it is followed what an ``except`` catches."""


def stripe_error(path: str) -> str | None:
    """The class name where ``path`` is one of the SDK's exception classes."""
    if not path.startswith("stripe."):
        return None
    name = path.rpartition(".")[2]
    return name if name.endswith("Error") else None


def is_sdk_class_name(name: str) -> bool:
    """Whether the SDK has an exception class of that name."""
    return name in error_classes.bases()


def handler_types(module: Module, handler: ast.AST | None) -> list[ast.expr] | None:
    """The class expressions that a handler or a ``with suppress(…)`` names; ``None`` for a bare ``except``."""
    if isinstance(handler, ast.ExceptHandler):
        return _parts(module, handler.type) if handler.type is not None else None
    if isinstance(handler, ast.With | ast.AsyncWith):
        found: list[ast.expr] = []
        for item in handler.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and control_flow.suppresses(item, module):
                found.extend(part for argument in call.args for part in _parts(module, argument))
        return found
    return []


def attempts_around(module: Module, node: ast.AST, within: ast.AST | None = None) -> Iterator[Attempt]:
    """Each ``try`` and ``with`` whose body holds ``node``, innermost first.

    They are those of the function around ``node``; where ``within`` is given, all that stand in it.
    """
    child = node
    for around in module.ancestors(node):
        if around is within or (within is None and isinstance(around, _FUNCTIONS)):
            return
        if isinstance(around, _ATTEMPTS) and child in around.body:
            yield around
        child = around


def is_in_except(module: Module, node: ast.AST, within: ast.AST | None) -> bool:
    """Whether something in ``within`` happens only where something has failed."""
    for around in module.ancestors(node):
        if around is within:
            return False
        if isinstance(around, ast.ExceptHandler):
            return True
    return False


def handlers_of(attempt: Attempt) -> Sequence[ast.ExceptHandler | ast.With | ast.AsyncWith]:
    """What may catch an error of the body; a ``with`` itself, which may be ``suppress(…)``."""
    return attempt.handlers if isinstance(attempt, ast.Try) else [attempt]


def is_broad(module: Module, handler: ast.AST) -> bool:
    """Whether a handler or a ``with suppress(…)`` catches any error."""
    types = handler_types(module, handler)
    return types is None or any(class_names(module, each)[0] in CATCHING_ALL for each in types)


def is_hidden(module: Module, handler: ast.ExceptHandler) -> bool:
    """Whether a clause before it in the same ``try`` catches all that a handler names."""
    attempt = module.parents[handler]
    before = attempt.handlers[: attempt.handlers.index(handler)] if isinstance(attempt, ast.Try) else []
    caught = {class_names(module, each)[0] for other in before for each in handler_types(module, other) or ()}
    if "BaseException" in caught:
        return True
    named = [class_names(module, each)[0] for each in handler_types(module, handler) or ()]
    return "Exception" in caught and bool(named) and all("Exception" in ancestors(name) for name in named)


def swallows_all(module: Module, attempt: Attempt) -> bool:
    """Whether no error of the body gets out of ``attempt``."""
    return any(
        is_broad(module, handler)
        and not (
            isinstance(handler, ast.ExceptHandler)
            and any(isinstance(each, ast.Raise) for each in syntax.own_nodes(handler))
        )
        for handler in handlers_of(attempt)
    )


def _parts(module: Module, node: ast.expr, depth: int = 0) -> list[ast.expr]:
    if isinstance(node, ast.Tuple):
        return [part for element in node.elts for part in _parts(module, element, depth)]
    if isinstance(node, ast.Starred):
        return _parts(module, node.value, depth)
    if isinstance(node, ast.Name) and depth < _MOST_NAMES:
        binding = module.only_binding(node)
        if binding is not None and isinstance(binding.value, ast.Tuple):
            return _parts(module, binding.value, depth + 1)
    return [node]


def class_names(module: Module, node: ast.expr) -> tuple[str, Reference | None]:
    """The name of an exception class and what it means."""
    reference = names.resolve(module, node)
    if isinstance(reference, External):
        return reference.path.rpartition(".")[2], reference
    if isinstance(reference, ClassReference):
        return reference.node.name, reference
    return functions.last_name(node) or "?", reference


def catches(module: Module, handler: ast.AST | None, raised: Raised) -> bool | None:
    """Whether ``handler`` catches ``raised``; ``None`` where it may."""
    types = handler_types(module, handler)
    if types is None:
        return True
    answer: bool | None = False
    for node in types:
        name, reference = class_names(module, node)
        verdict = _catches_one(name, reference, raised)
        if verdict is True:
            return True
        if verdict is None:
            answer = None
    return answer


def _catches_one(name: str, reference: Reference | None, raised: Raised) -> bool | None:
    if name in CATCHING_ALL:
        return True
    if raised.names is None:
        return None
    if isinstance(raised.reference, ClassReference):
        return _project_class_matches(raised.reference, name, reference)
    if all(name in ancestors(caught) for caught in raised.names):
        return True
    # json.JSONDecodeError and UnicodeDecodeError are only some of the ValueErrors
    if any(caught in ancestors(name) for caught in raised.names):
        return None
    if isinstance(reference, ClassReference) and raised.names <= _bases().keys():
        return False
    if reference is None and name not in _bases() and not name.endswith(("Error", "Exception")):
        return None
    return False


def _project_class_matches(raised: ClassReference, name: str, reference: Reference | None) -> bool | None:
    if isinstance(reference, ClassReference):
        return any(node is reference.node for _, node in names.linearized(raised))
    external = {path.rpartition(".")[2] for path in definitions.external_bases(raised)}
    if any(name in ancestors(base) for base in external):
        return True
    return None if reference is None else False


def ancestors(name: str) -> set[str]:
    """The class ``name`` and its known base classes, by name."""
    bases = _bases()
    found = {name}
    while name in bases:
        name = bases[name]
        found.add(name)
    return found


@cache
def _bases() -> dict[str, str]:
    """The known exception classes with their base classes, by name: Python's and the SDK's, which go first."""
    own = {
        name: value.__base__.__name__ if name == value.__name__ else value.__name__
        for name, value in vars(builtins).items()
        if isinstance(value, type) and issubclass(value, Exception) and value.__base__ is not None
    }
    return {**own, "Exception": "BaseException", "JSONDecodeError": "ValueError", **error_classes.bases()}
