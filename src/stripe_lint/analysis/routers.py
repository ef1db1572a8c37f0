"""Which router a handler is registered on, which include that, and what is registered on a router."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import assignments, names

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction

MOST_NESTED_ROUTERS: Final = 4
"""Through how many routers that include each other a handler's own router is followed."""


def files(module: Module, words: frozenset[str]) -> Iterator[Module]:
    """The modules of the project that hold one of the words."""
    seen = set()
    for word in sorted(words):
        for path in module.project.files_that_mention(word, module.path) or ():
            source = module.project.module_at(path)
            if source is not None and path not in seen:
                seen.add(path)
                yield source


def calls(module: Module, words: frozenset[str]) -> Iterator[tuple[Module, ast.Call]]:
    """The calls in the project of what has one of the words as its last name."""
    for source in files(module, words):
        for word in sorted(words):
            yield from ((source, call) for call in source.calls.get(word, ()))


Made = tuple[Path, int, int]
"""Where the call that made an object stands."""


def _made_by(source: Module, node: ast.expr) -> tuple[Made, tuple[Module, ast.Call]] | None:
    """The call that made the object a name stands for, wherever it was imported from, by its place."""
    holder, made = assignments.assigned_expression(source, node)
    if not isinstance(made, ast.Call):
        return None
    return (holder.path, made.lineno, made.col_offset), (holder, made)


def routers_of(module: Module, function: NamedFunction, framework: Framework) -> dict[Made, tuple[Module, ast.Call]]:
    """The routers that ``function`` is registered on, and those that include them."""
    routers: dict[Made, tuple[Module, ast.Call]] = {}
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        made = _made_by(module, target.value) if isinstance(target, ast.Attribute) else None
        if made is not None:
            routers.update([made])
    inclusions = list(calls(module, framework.including_calls)) if routers else []
    for _ in range(MOST_NESTED_ROUTERS):
        for source, call in inclusions:
            holder = _made_by(source, call.func.value) if isinstance(call.func, ast.Attribute) else None
            if holder is not None and included(source, call) & routers.keys():
                routers.update([holder])
    return routers


def included(source: Module, call: ast.Call) -> set[Made]:
    """The routers that a call adds to another one."""
    return {made[0] for argument in call.args if (made := _made_by(source, argument)) is not None}


def is_on(source: Module, target: ast.expr, framework: Framework, routers: Container[Made]) -> bool:
    """Whether a guard that is registered by the method ``target`` runs before handlers on ``routers``."""
    if not isinstance(target, ast.Attribute) or target.attr in framework.application_registrations:
        return True
    made = _made_by(source, target.value)
    if made is None or names.imported_name(*made[1]) not in framework.router_calls:
        return True
    return made[0] in routers
