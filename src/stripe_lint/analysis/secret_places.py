"""Where a secret that is read with a default is held: what it is called there, and what is done with it.

A place is a file, or a function or class that is given the secret.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    callers,
    field_validators,
    functions,
    names,
    sdk_verifications,
    secret_tests,
    syntax,
)
from stripe_lint.analysis.references import FunctionReference, OfClass
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.test_code import is_test_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode
    from stripe_lint.analysis.secret_defaults import SecretDefault

_SPEAKS_OF_SECRETS: Final = r"(?i)secret|hook|sign"
"""What the functions are called that give one."""


class SecretPlace(NamedTuple):
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
                if inner.id in self.names or self.variable(inner) in self.variables:
                    return True
            elif isinstance(inner, ast.Attribute):
                if inner.attr in self.names:
                    return True
            elif isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner.value in self.names:
                return True
        return False

    def variable(self, name: ast.Name) -> tuple[int, str] | None:
        """The variable that a name is."""
        found = self.module.scope_of(name).lookup(name.id)
        return (id(found[0]), name.id) if found is not None else None

    def holds(self, node: ast.AST) -> bool:
        """Whether a node stands where this is what the secret is called."""
        return self.within is self.module.tree or any(each is self.within for each in self.module.ancestors(node))


def places(module: Module, default: SecretDefault) -> Iterator[SecretPlace]:
    """The files and functions in which the secret has a name."""
    statement = module.statement_of(default.node)
    function = module.enclosing_function(statement)
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    is_field = isinstance(module.parents.get(statement), ast.ClassDef)
    own = [each for each in targets if isinstance(each, ast.Name)] if function is not None and not is_field else []
    spread = default.names - {target.id for target in own}
    if isinstance(function, NamedFunction) and re.search(_SPEAKS_OF_SECRETS, function.name):
        # what it gives is the secret
        spread |= {function.name}
    paths = {path for name in spread for path in module.project.files_that_mention(name) or ()} - {module.path}
    sources = (module.project.module_at(path) for path in sorted(paths) if not is_test_code(path))
    found = [_place(module, module.tree, spread, own)]
    found += [_place(source, source.tree, spread) for source in sources if source is not None]
    for each in found:
        yield each
        yield from _handed_on(each, default.node)
    for validator, parameter in field_validators.of_default(module, statement):
        yield _place(module, validator, frozenset({parameter}))


def _place(module: Module, within: ast.AST, called: frozenset[str], own: Sequence[ast.Name] = ()) -> SecretPlace:
    """What the secret is called, in variables that are assigned it too."""
    place = SecretPlace(module, within, called, frozenset())
    variables = {variable for name in own if (variable := place.variable(name)) is not None}
    place = SecretPlace(module, within, called, frozenset(variables))
    for node in module.of_kind(ast.Assign):
        if secret_tests.lists_missing(place, node.value):
            continue
        if place.has(node.value) and place.holds(node) and not _is_verification(node.value):
            for target in node.targets:
                variable = place.variable(target) if isinstance(target, ast.Name) else None
                if variable is not None:
                    variables.add(variable)
                elif isinstance(target, ast.Attribute) and within is not module.tree:
                    called |= {target.attr}
    place = SecretPlace(module, within, called, frozenset(variables))
    loops: list[ast.For | ast.comprehension] = [*module.of_kind(ast.For), *module.of_kind(ast.comprehension)]
    for loop in loops:
        item = place.variable(loop.target) if isinstance(loop.target, ast.Name) else None
        if item is not None and place.has(loop.iter) and place.holds(loop):
            variables.add(item)
    return SecretPlace(module, within, called, frozenset(variables))


def _is_verification(value: ast.expr) -> bool:
    call = value.value if isinstance(value, ast.Await) else value
    return isinstance(call, ast.Call) and functions.last_name(call.func) in sdk_verifications.PARAMETERS


def _handed_on(place: SecretPlace, read: ast.AST) -> Iterator[SecretPlace]:
    """The functions and classes of the project that are given the secret, as a name or as what reads it."""
    for call in _calls_with(place, read):
        reference = names.resolve(place.module, call.func)
        if isinstance(reference, OfClass):
            made = names.find_method(reference, "__init__")
            taken: FunctionNode | None = made[1] if made is not None else None
        elif isinstance(reference, FunctionReference) and not isinstance(reference.node, ast.Lambda):
            taken = reference.node
        else:
            continue
        if taken is not None:
            given = callers.bound(reference.module, taken, call)
            parameters = frozenset(name for name, value in given.items() if place.has(value))
            yield _place(reference.module, reference.node, parameters)


def _calls_with(place: SecretPlace, read: ast.AST) -> Iterator[ast.Call]:
    for calls in place.module.calls.values():
        for call in calls:
            arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
            plain = (each for each in arguments if isinstance(each, ast.Name | ast.Attribute))
            if (read in arguments or any(place.has(each) for each in plain)) and place.holds(call):
                yield call


def refusals(place: SecretPlace) -> Iterator[tuple[Module, ast.AST]]:
    """The statements that end the request or the process where the secret is empty."""
    tests: list[ast.If | ast.Assert] = [*place.module.of_kind(ast.If), *place.module.of_kind(ast.Assert)]
    for node in tests:
        if secret_tests.is_refusal(place, node) and place.holds(node) and not _only_skips(place, node):
            yield place.module, node
    yield from secret_tests.refusals_by_question(place)


def _only_skips(place: SecretPlace, node: ast.If | ast.Assert) -> bool:
    """Whether a test ends no more than a round of a loop that verifies nothing."""
    blocks_left = (node.body, node.orelse) if isinstance(node, ast.If) else ()
    if not any(isinstance(block[-1], ast.Continue | ast.Break) for block in blocks_left if block):
        return False
    loop = next((each for each in place.module.ancestors(node) if isinstance(each, _LOOPS)), None)
    return not any(loop in place.module.ancestors(use) for use in uses(place))


_LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)


def uses(place: SecretPlace) -> Iterator[ast.Call]:
    """The verifications with the secret."""
    for verification in sdk_verifications.sdk_verifications(place.module):
        secret = verification.secret
        if secret is not None and place.has(secret) and place.holds(verification.node):
            yield verification.node
