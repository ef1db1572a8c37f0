"""Whether a secret that is empty is refused before anything is verified with it.

A test for the emptiness counts for each verification that it comes before, and for all of them where it runs when the
process starts: at import, in a check of the settings. What is tested in the view of other requests counts for those.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import blocks, callers, functions, handlers, names, sdk_verifications, syntax
from stripe_lint.analysis.references import ClassReference, FunctionReference, OfClass
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.test_code import is_test_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode
    from stripe_lint.analysis.secret_defaults import SecretDefault

_DEEPEST: Final = 3
"""How many calls deep, up or down, a test is looked for."""

_SPEAKS_OF_SECRETS: Final = r"(?i)secret|hook|sign"
_RUNS_FIRST: Final = frozenset(
    {"__init__", "__new__", "__post_init__", "setup", "prepare", "dispatch", "initial", "initialize", "authenticate"}
)
"""Methods that have run before another one of their object takes a request."""

_SEES_ALL: Final = r"(?i)middleware|before_(?:app_)?request"
"""What is called so sees the requests of every view."""


class _Use(NamedTuple):
    """A verification with the secret."""

    module: Module
    node: ast.Call


class _Known(NamedTuple):
    """The secret in one file, or in what is given it: what it is called anywhere there, and the variables it is in.

    A variable is the identity of its scope, and its name.
    """

    module: Module
    within: ast.AST
    names: frozenset[str]
    variables: frozenset[tuple[int, str]]

    def has(self, node: ast.AST) -> bool:
        """Whether an expression names the secret."""
        for inner in syntax.descendants(node):
            if isinstance(inner, ast.Name):
                if inner.id in self.names or _variable(self.module, inner) in self.variables:
                    return True
            elif isinstance(inner, ast.Attribute):
                if inner.attr in self.names:
                    return True
            elif isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner.value in self.names:
                return True
        return False

    def holds(self, node: ast.AST) -> bool:
        """Whether a node stands where this is what the secret is called."""
        return self.within is self.module.tree or any(each is self.within for each in self.module.ancestors(node))


def _variable(module: Module, name: ast.Name) -> tuple[int, str] | None:
    found = module.scope_of(name).lookup(name.id)
    return (id(found[0]), name.id) if found is not None else None


_Position = tuple[object, int, int]


def is_refused(module: Module, default: SecretDefault) -> bool:
    """Whether an empty value ends the request or the process before each verification that would take it."""
    known = list(_known(module, default))
    refusals = [(each.module, node) for each in known for node in _refusals(each)]
    if not refusals:
        return False
    if any(_runs_at_start(source, node) for source, node in refusals):
        return True
    refused = _Refused(refusals)
    return all(refused.before(use.module, use.node) for each in known for use in _uses(each))


# where the secret is, and what is done with it there


def _known(module: Module, default: SecretDefault) -> Iterator[_Known]:
    """The files and functions in which the secret has a name."""
    function = module.enclosing_function(default.node)
    statement = module.statement_of(default.node)
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    own = [target for target in targets if isinstance(target, ast.Name)] if function is not None else []
    spread = default.names - {target.id for target in own}
    if isinstance(function, NamedFunction) and re.search(_SPEAKS_OF_SECRETS, function.name):
        # what it gives is the secret
        spread |= {function.name}
    paths = {path for name in spread for path in module.project.files_that_mention(name) or ()} - {module.path}
    sources = (module.project.module_at(path) for path in sorted(paths) if not is_test_code(path))
    places = [_place(module, module.tree, spread, own)]
    places += [_place(source, source.tree, spread) for source in sources if source is not None]
    for each in places:
        yield each
        yield from _handed_on(each)


def _place(module: Module, within: ast.AST, called: frozenset[str], own: Sequence[ast.Name] = ()) -> _Known:
    """What the secret is called, in variables that are assigned it too."""
    variables = {variable for name in own if (variable := _variable(module, name)) is not None}
    known = _Known(module, within, called, frozenset(variables))
    for node in module.of_kind(ast.Assign):
        if known.has(node.value) and known.holds(node) and not _is_verification(node.value):
            for target in node.targets:
                variable = _variable(module, target) if isinstance(target, ast.Name) else None
                if variable is not None:
                    variables.add(variable)
                elif isinstance(target, ast.Attribute) and within is not module.tree:
                    called |= {target.attr}
    return _Known(module, within, called, frozenset(variables))


def _is_verification(value: ast.expr) -> bool:
    call = value.value if isinstance(value, ast.Await) else value
    return isinstance(call, ast.Call) and functions.last_name(call.func) in sdk_verifications.PARAMETERS


def _handed_on(known: _Known) -> Iterator[_Known]:
    """The functions and classes of the project that are given the secret."""
    for call in _calls_with(known):
        reference = names.resolve(known.module, call.func)
        if isinstance(reference, OfClass):
            made = names.find_method(reference, "__init__")
            taken: FunctionNode | None = made[1] if made is not None else None
        elif isinstance(reference, FunctionReference) and not isinstance(reference.node, ast.Lambda):
            taken = reference.node
        else:
            continue
        if taken is not None:
            given = callers.bound(reference.module, taken, call)
            parameters = frozenset(name for name, value in given.items() if known.has(value))
            yield _place(reference.module, reference.node, parameters)


def _calls_with(known: _Known) -> Iterator[ast.Call]:
    for calls in known.module.calls.values():
        for call in calls:
            arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
            plain = (each for each in arguments if isinstance(each, ast.Name | ast.Attribute))
            if any(known.has(each) for each in plain) and known.holds(call):
                yield call


def _refusals(known: _Known) -> Iterator[ast.AST]:
    """The statements that end the request or the process where the secret is empty."""
    tests: list[ast.If | ast.Assert] = [*known.module.of_kind(ast.If), *known.module.of_kind(ast.Assert)]
    return (node for node in tests if _is_refusal(known, node) and known.holds(node))


def _uses(known: _Known) -> Iterator[_Use]:
    """The verifications with the secret."""
    for verification in sdk_verifications.sdk_verifications(known.module):
        secret = verification.secret
        if secret is not None and known.has(secret) and known.holds(verification.node):
            yield _Use(known.module, verification.node)


def _is_refusal(known: _Known, node: ast.If | ast.Assert) -> bool:
    if isinstance(node, ast.Assert):
        return known.has(node.test)
    if _says_empty(known, node.test) and blocks.leaves(known.module, node.body):
        return True
    says_full = bool(node.orelse) and known.has(node.test) and not _negates(node.test)
    return says_full and blocks.leaves(known.module, node.orelse)


def _says_empty(known: _Known, test: ast.expr) -> bool:
    for node in syntax.descendants(test):
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and known.has(node.operand):
            return True
        if (
            isinstance(node, ast.Compare)
            and known.has(node)
            and any(isinstance(operator, ast.Eq | ast.Is | ast.In) for operator in node.ops)
            and any(
                isinstance(part, ast.Constant) and part.value in {"", None}
                for each in node.comparators
                for part in syntax.descendants(each)
            )
        ):
            return True
    return False


def _negates(test: ast.expr) -> bool:
    return any(isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) for node in syntax.descendants(test))


# which verifications a test comes before


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
