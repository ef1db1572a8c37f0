"""Keys that one function makes and hands to another one, which sends them: for one request, or for several."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import retry_loops, syntax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stripe_lint.analysis.facts import SharedKey
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.state import Place

_MOST_NAMES: Final = 4
"""Through how many names a key is followed."""


def words_for_sharing(module: Module, shared: SharedKey) -> str | None:
    """What is wrong with handing one key over again; ``None`` where the request or the key is another one."""
    call, earlier = shared.call.node, shared.earlier.node
    if not isinstance(call, ast.Call) or shared.made is None:
        return None
    handed = _handed_keys(module, call, shared.made)
    if earlier is call:
        within = [each for each in module.ancestors(call) if isinstance(each, ast.For | ast.AsyncFor | ast.While)]
        is_of_item = any(
            not isinstance(part, ast.Name) or _is_bound_in(module, part, loop) for part in handed for loop in within
        )
        if is_of_item or repeats_one_request(module, call, [shared.made]):
            return None
        return "the key is made before the loop that sends many requests"
    if same_request(shared.earlier, call):
        return None
    if isinstance(earlier, ast.Call):
        before = {ast.dump(part) for part in _handed_keys(module, earlier, shared.made)}
        if handed and before and before.isdisjoint(ast.dump(part) for part in handed):
            return None
    return "this request has the same key"


def _handed_keys(module: Module, call: ast.Call, made: ast.AST) -> list[ast.expr]:
    """The arguments of a call that are made of ``made``."""
    return [
        argument
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        if any(
            inner is made or (isinstance(inner, ast.Name) and _holds(module, inner, made))
            for inner in syntax.descendants(argument)
        )
    ]


def _holds(module: Module, name: ast.Name, made: ast.AST, depth: int = 0) -> bool:
    if depth > _MOST_NAMES:
        return False
    return any(
        inner is made or (isinstance(inner, ast.Name) and _holds(module, inner, made, depth + 1))
        for binding in module.bindings_of(name)
        if binding.value is not None
        for inner in syntax.descendants(binding.value)
    )


def _is_bound_in(module: Module, name: ast.Name, loop: ast.AST) -> bool:
    inside = set(syntax.descendants(loop))
    return any(binding.node in inside for binding in module.bindings_of(name))


def repeats_one_request(module: Module, call: ast.Call, made: Sequence[ast.AST | None]) -> bool:
    """Whether all loops that repeat ``call`` with the key that ``made`` is in are retries of one request."""
    function = module.enclosing_function(call)
    for loop in retry_loops.loops_around(module, call, function):
        inside = set(syntax.descendants(loop))
        if any(node in inside for node in made):
            return True
        if not retry_loops.is_retry_loop(module, loop, call):
            return False
    return True


def same_request(earlier: Place, call: ast.Call) -> bool:
    """Whether ``call`` is written as the earlier one is, so that it sends the same."""
    other = earlier.node
    if not isinstance(other, ast.Call):
        return True
    return _spelling(other) == _spelling(call)


def _spelling(call: ast.Call) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """A call whatever the order of its keywords."""
    keywords = sorted(ast.dump(keyword) for keyword in call.keywords)
    return ast.dump(call.func), tuple(ast.dump(argument) for argument in call.args), tuple(keywords)
