"""Whether a secret that is empty is refused before anything is verified with it.

A test for the emptiness counts for each verification that it comes before, and for all of them where it runs when the
process starts: at import, in a check of the settings. What is tested in the view of other requests counts for those.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import blocks, callers, functions, handlers, names, sdk_verifications, secret_places, syntax
from stripe_lint.analysis.references import ClassReference, FunctionReference, OfClass
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.test_code import is_test_code

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.secret_defaults import SecretDefault

_DEEPEST: Final = 3
"""How many calls deep, up or down, a test is looked for."""

_RUNS_FIRST: Final = frozenset(
    {"__init__", "__new__", "__post_init__", "setup", "prepare", "dispatch", "initial", "initialize", "authenticate"}
)
"""Methods that have run before another one of their object takes a request."""

_SEES_ALL: Final = r"(?i)middleware|before_(?:app_)?request"
"""What is called so sees the requests of every view."""

_Position = tuple[object, int, int]


def is_refused(module: Module, default: SecretDefault) -> bool:
    """Whether an empty value ends the request or the process before each verification that would take it."""
    places = list(secret_places.places(module, default))
    refusals = [found for place in places for found in secret_places.refusals(place)]
    if not refusals:
        return False
    if any(_runs_at_start(source, node) for source, node in refusals):
        return True
    refused = _Refused(refusals)
    return all(refused.before(place.module, use) for place in places for use in secret_places.uses(place))


def _functions_around(module: Module, node: ast.AST) -> list[NamedFunction]:
    return [each for each in module.ancestors(node) if isinstance(each, NamedFunction)]


def _runs_at_start(module: Module, node: ast.AST, depth: int = 0) -> bool:
    """Whether a test belongs to no request: it stands at the top of a file, or in a function that no view leads to."""
    return not any(_serves(module, function, depth) for function in _functions_around(module, node))


def _serves(module: Module, function: NamedFunction, depth: int) -> bool:
    """Whether a function runs for some requests alone: a view, what verifies, and what only such call or depend on."""
    if _verifies(module, function):
        return True
    owner = module.enclosing_class(function)
    called = [function.name, *functions.decorator_names(function), owner.name if owner is not None else ""]
    if any(re.search(_SEES_ALL, name) for name in called):
        return False
    if _is_entry(module, function):
        return True
    sites = callers.call_sites(module, function) if depth < _DEEPEST else None
    calls = [(source, call) for source, call in sites or () if not is_test_code(source.path)]
    return bool(calls) and not any(_runs_at_start(source, call, depth + 1) for source, call in calls)


def _is_entry(module: Module, function: NamedFunction) -> bool:
    """Whether a framework runs a function: a view, its decorator, or its dependency."""
    return (
        handlers.takes_request(module, function)
        or bool(callers.decorated_by(module, function))
        or any(True for _ in callers.dependents(module, function))
    )


def _verifies(module: Module, function: NamedFunction) -> bool:
    return any(function in _functions_around(module, each.node) for each in sdk_verifications.sdk_verifications(module))


class _Refused:
    """The tests of one secret, and the functions that hold them."""

    def __init__(self, refusals: list[tuple[Module, ast.AST]]) -> None:
        self.tests = {_position(module, node) for module, node in refusals}
        self.functions = {
            _position(module, function) for module, node in refusals for function in _functions_around(module, node)
        }
        self.owners = {
            _position(module, owner)
            for module, node in refusals
            for function in _functions_around(module, node)
            if function.name in _RUNS_FIRST and (owner := module.enclosing_class(function)) is not None
        }
        self.known: dict[_Position, bool] = {}

    def before(self, module: Module, node: ast.AST, depth: int = 0) -> bool:
        """Whether a test comes before ``node`` on each way to it, as far as these can be seen."""
        child = node
        if self._is_asked_in(module, module.statement_of(node)):
            return True
        for around in module.ancestors(node):
            if _position(module, around) in self.tests:
                return True
            for block in blocks.blocks_of(around):
                if child in block and any(self._is_asked_in(module, each) for each in block[: block.index(child)]):
                    return True
            if isinstance(around, NamedFunction) and self._is_asked_first(module, around):
                return True
            child = around
        around_it = _functions_around(module, node)
        return bool(around_it) and self._is_asked_by_callers(module, around_it[0], depth)

    def _is_asked_in(self, module: Module, statement: ast.stmt) -> bool:
        """Whether a statement is a test or holds one, or calls a function that does."""
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return False
        return any(
            _position(module, each) in self.tests
            or (isinstance(each, ast.Call) and self._is_refusing(module, each.func))
            for each in (statement, *syntax.own_nodes(statement))
        )

    def _is_asked_first(self, module: Module, function: NamedFunction) -> bool:
        """Whether a decorator, a dependency or another method of the object tests before the function runs."""
        owner = module.enclosing_class(function)
        if owner is not None and any(_position(*each) in self.owners for each in _with_bases(module, owner)):
            return True
        before = [
            *function.decorator_list,
            *function.args.defaults,
            *(each for each in function.args.kw_defaults if each),
        ]
        before += [each.annotation for each in functions.parameters(function) if each.annotation is not None]
        return any(
            isinstance(each, ast.Name | ast.Attribute) and self._is_refusing(module, each)
            for part in before
            for each in syntax.descendants(part)
        )

    def _is_refusing(self, module: Module, called: ast.expr, depth: int = 0) -> bool:
        """Whether what is called tests, itself or by what it calls."""
        reference = names.resolve(module, called)
        if isinstance(reference, OfClass):
            made = names.find_method(reference, "__init__")
            reference = FunctionReference(*made) if made is not None else None
        if not isinstance(reference, FunctionReference):
            return False
        place = _position(reference.module, reference.node)
        if place in self.functions:
            return True
        if place not in self.known and depth < _DEEPEST:
            self.known[place] = False
            self.known[place] = any(
                self._is_refusing(reference.module, call.func, depth + 1)
                for call in reference.module.calls_of.get(reference.node, ())
            )
        return self.known.get(place, False)

    def _is_asked_by_callers(self, module: Module, function: NamedFunction, depth: int) -> bool:
        if handlers.registered_by(module, function) is not None:
            return False
        sites = callers.call_sites(module, function)
        calls = [(source, call) for source, call in sites or () if not is_test_code(source.path)]
        if not calls or depth > _DEEPEST:
            # who calls it can't be seen, and may test
            return not _is_entry(module, function)
        return all(self.before(source, call, depth + 1) for source, call in calls)


def _with_bases(module: Module, owner: ast.ClassDef) -> list[tuple[Module, ast.ClassDef]]:
    return names.linearized(ClassReference(module, owner))


def _position(module: Module, node: ast.AST) -> _Position:
    """The same for a node of a file that was read again."""
    return module.path, getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
