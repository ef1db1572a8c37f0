"""What tests of a secret say: whether a condition holds where the secret is empty, and whether that ends anything."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import blocks, callers, conditions, functions, syntax
from stripe_lint.analysis.scopes import Comprehension, NamedFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.secret_places import SecretPlace


def is_refusal(place: SecretPlace, node: ast.If | ast.Assert) -> bool:
    """Whether a statement ends the request or the process where the secret is empty, or what goes round in a loop."""
    if isinstance(node, ast.Assert):
        return place.has(node.test)
    if _only_while_debugging(node.test):
        return False
    if says_empty(place, node.test) and blocks.leaves(place.module, node.body):
        return True
    says_full = bool(node.orelse) and place.has(node.test) and not _negates(node.test)
    return says_full and blocks.leaves(place.module, node.orelse)


def _only_while_debugging(test: ast.expr) -> bool:
    """Whether a condition holds in development alone: ``DEBUG and …``."""
    return isinstance(test, ast.BoolOp) and any(
        isinstance(test.op, ast.And) and "debug" in (functions.last_name(value) or "").lower() for value in test.values
    )


def says_empty(place: SecretPlace, test: ast.expr, depth: int = 0) -> bool:
    """Whether a part of a condition says that the secret is empty."""
    for node in syntax.descendants(test):
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and place.has(node.operand):
            return True
        if isinstance(node, ast.Compare) and place.has(node) and (_is_as_empty(node) or _is_short(node)):
            return True
        if isinstance(node, ast.Name) and depth < _MOST_LISTS and _is_list_of_missing(place, node, depth):
            return True
    return False


_MOST_LISTS: Final = 1
"""From how many lists to the next it is followed what is missing."""


def _is_as_empty(node: ast.Compare) -> bool:
    return any(isinstance(each, ast.Eq | ast.Is | ast.In) for each in node.ops) and any(
        isinstance(part, ast.Constant) and part.value in conditions.NO_TEXT
        for each in node.comparators
        for part in syntax.descendants(each)
    )


def _is_short(node: ast.Compare) -> bool:
    """Whether the number of characters is compared so that it holds for none: ``len(secret) < 10``."""
    asked, limit = node.left, node.comparators[0]
    is_length = isinstance(asked, ast.Call) and functions.last_name(asked.func) == "len"
    if not is_length or len(node.ops) != 1 or not isinstance(limit, ast.Constant) or not isinstance(limit.value, int):
        return False
    compare = _HOLDS_FOR_NONE.get(type(node.ops[0]))
    return compare is not None and compare(limit.value)


_HOLDS_FOR_NONE: Final[dict[type[ast.cmpop], Callable[[int], bool]]] = {
    ast.Lt: lambda limit: limit > 0,
    ast.LtE: lambda limit: limit >= 0,
    ast.Eq: lambda limit: limit == 0,
}


def _is_list_of_missing(place: SecretPlace, name: ast.Name, depth: int) -> bool:
    """Whether a name is that of a list of the settings that are missing, of which the secret may be one."""
    module = place.module
    if lists_missing(place, module.only_assignment(name), depth + 1):
        return True
    for call in (*module.calls.get("append", ()), *module.calls.get("add", ())):
        collection = call.func.value if isinstance(call.func, ast.Attribute) else None
        if not isinstance(collection, ast.Name) or place.variable(collection) != place.variable(name):
            continue
        statement = module.statement_of(call)
        around = module.parents.get(statement)
        if isinstance(around, ast.If) and statement in around.body and says_empty(place, around.test, depth + 1):
            return True
    return False


def lists_missing(place: SecretPlace, node: ast.expr | None, depth: int = 0) -> bool:
    """Whether an expression makes a list of settings that are missing: ``[name for … if not os.environ.get(name)]``."""
    return isinstance(node, Comprehension) and any(
        says_empty(place, test, depth) for generator in node.generators for test in generator.ifs
    )


def _negates(test: ast.expr) -> bool:
    return any(isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) for node in syntax.descendants(test))


def refusals_by_question(place: SecretPlace) -> Iterator[tuple[Module, ast.If]]:
    """The statements that end something where a function of the project says that there is no secret."""
    for function in {each for node in place.module.of_kind(ast.Return) for each in _asking(place, node)}:
        for source, call in callers.call_sites(place.module, function) or ():
            around = next((each for each in source.ancestors(call) if isinstance(each, ast.stmt)), None)
            if not isinstance(around, ast.If) or _only_while_debugging(around.test):
                continue
            for holds, block in ((True, around.body), (False, around.orelse)):
                said = conditions.says_set(around.test, lambda each, call=call: each is call, holds=holds)  # type: ignore[misc]
                if said is False and blocks.leaves(source, block):
                    yield source, around


def _asking(place: SecretPlace, node: ast.Return) -> Iterator[NamedFunction]:
    """The function that returns whether there is a secret, where ``node`` is all that it returns."""
    if not isinstance(node.value, _QUESTIONS) or not place.has(node.value) or not place.holds(node):
        return
    function = place.module.enclosing_function(node)
    if isinstance(function, NamedFunction) and len(place.module.returns.get(function, ())) == 1:
        said = conditions.says_set(
            node.value, lambda each: _is_secret(place, each), holds=True, missing=conditions.NO_TEXT
        )
        if said is True:
            yield function


_QUESTIONS: Final = (ast.Call, ast.Compare, ast.BoolOp, ast.UnaryOp)


def _is_secret(place: SecretPlace, node: ast.expr) -> bool:
    """Whether an expression is true only where the secret is not empty: itself, or ``bool(secret)``."""
    if isinstance(node, ast.Call) and functions.last_name(node.func) in {"bool", "len"} and len(node.args) == 1:
        return _is_secret(place, node.args[0])
    return isinstance(node, ast.Name | ast.Attribute) and place.has(node)
