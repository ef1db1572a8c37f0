"""Finds where a text decides what is done: it is compared, searched or looked up, here or where it is handed to."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import callers, functions, names, syntax
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

MOST_STEPS: Final = 4
"""Through how many variables, calls and callers a text is followed."""

_ASKING: Final = frozenset({"startswith", "endswith", "find", "rfind", "index", "rindex", "count"})
"""Methods that tell something of a text."""

_SAME: Final = frozenset(
    {"lower", "upper", "casefold", "title", "capitalize", "strip", "lstrip", "rstrip", "replace", "split", "encode"}
    | {"str", "repr", "format", "join"}
)
"""Functions and methods that give the text in another form."""


def is_truth(module: Module, node: ast.expr) -> bool:
    """Whether it is only asked whether there is a text."""
    parent = module.parents[node]
    if isinstance(parent, ast.BoolOp | ast.UnaryOp | ast.If | ast.IfExp):
        return not isinstance(parent, ast.IfExp) or node is parent.test
    return isinstance(parent, ast.Compare) and all(
        isinstance(other, ast.Constant) and other.value in (None, "") for other in parent.comparators
    )


def decided_in(module: Module, node: ast.expr, steps: int = MOST_STEPS) -> FunctionNode | None:
    """The function that decides by the text that ``node`` has, as far as it can be followed."""
    if steps == 0:
        return None
    current, parent = node, module.parents[node]
    while True:
        if isinstance(parent, ast.keyword):
            parent = module.parents[parent]
        if isinstance(parent, ast.Compare):
            return None if is_truth(module, current) else module.enclosing_function(parent)
        if isinstance(parent, ast.Match):
            return module.enclosing_function(parent)
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
            function = module.enclosing_function(parent)
            return _by_name(module, function, parent.targets[0].id, steps - 1)
        if isinstance(parent, ast.Return):
            return _by_callers(module, current, None, steps - 1)
        if isinstance(parent, ast.Tuple | ast.Dict) and isinstance(module.parents[parent], ast.Return):
            return _by_callers(module, parent, _key_of(parent, current), steps - 1)
        if isinstance(parent, ast.Subscript) and current is parent.slice:
            return module.enclosing_function(parent)
        if isinstance(parent, ast.Call) and current is not parent.func:
            path = names.dotted_path(module, parent.func) or ""
            if path.startswith("re.") or _asks_table(parent, current):
                return module.enclosing_function(parent)
            if functions.last_name(parent.func) not in _SAME:
                return _by_parameter(module, parent, current, steps - 1)
        elif isinstance(parent, ast.Attribute):
            call = module.parents[parent]
            if not isinstance(call, ast.Call) or call.func is not parent:
                return None
            if parent.attr in _ASKING:
                return module.enclosing_function(call)
            if parent.attr not in _SAME:
                return None
            parent = call
        elif not isinstance(
            parent, ast.BoolOp | ast.IfExp | ast.BinOp | ast.FormattedValue | ast.JoinedStr | ast.Await | ast.Subscript
        ) or (isinstance(parent, ast.IfExp) and current is parent.test):
            return None
        current, parent = parent, module.parents[parent]


def _asks_table(call: ast.Call, argument: ast.AST) -> bool:
    """Whether it is looked up what a table has for the text."""
    return isinstance(call.func, ast.Attribute) and call.func.attr == "get" and call.args[:1] == [argument]


def _by_name(module: Module, function: FunctionNode | None, name: str, steps: int) -> FunctionNode | None:
    """The function that decides by the text in a variable of ``function``."""
    found = (decided_in(module, node, steps) for node in _reads(function, name))
    return next((each for each in found if each is not None), None)


def _by_parameter(module: Module, call: ast.Call, argument: ast.expr, steps: int) -> FunctionNode | None:
    """The function of the project that is handed the text and decides by it."""
    reference = names.resolve(module, call.func)
    if not isinstance(reference, FunctionReference):
        return None
    parameters = callers.parameters_for(reference.module, reference.node, call, argument)
    found = (_by_name(reference.module, reference.node, parameter, steps) for parameter in parameters)
    return next((each for each in found if each is not None), None)


def _key_of(returned: ast.Tuple | ast.Dict, part: ast.expr) -> object:
    """The number or the key under which a part of what is returned is found."""
    if isinstance(returned, ast.Tuple):
        return returned.elts.index(part)
    key = next((key for key, value in zip(returned.keys, returned.values, strict=True) if value is part), None)
    return key.value if isinstance(key, ast.Constant) else None


def _by_callers(module: Module, returned: ast.expr, key: object, steps: int) -> FunctionNode | None:
    """The caller that decides by the text that a function returns, whole or as the part ``key`` of what it returns."""
    function = module.enclosing_function(returned)
    if not isinstance(function, NamedFunction):
        return None
    found = (_by_caller(source, call, key, steps) for source, call in callers.call_sites(module, function) or ())
    return next((each for each in found if each is not None), None)


def _by_caller(module: Module, call: ast.Call, key: object, steps: int) -> FunctionNode | None:
    parent = module.parents[call]
    whole: ast.expr = parent if isinstance(parent, ast.Await) else call
    if key is None:
        return decided_in(module, whole, steps)
    statement, function = module.parents[whole], module.enclosing_function(whole)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    if isinstance(target, ast.Tuple):
        part = target.elts[key] if isinstance(key, int) and key < len(target.elts) else None
        return _by_name(module, function, part.id, steps) if isinstance(part, ast.Name) else None
    read = [whole]
    if isinstance(target, ast.Name):
        read = _reads(function, target.id)
    parts = (_part(module, node, key) for node in read)
    found = (decided_in(module, part, steps) for part in parts if part is not None)
    return next((each for each in found if each is not None), None)


def _reads(function: FunctionNode | None, name: str) -> list[ast.expr]:
    return [
        node
        for node in (syntax.own_nodes(function) if function is not None else ())
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]


def _part(module: Module, node: ast.expr, key: object) -> ast.expr | None:
    """The expression around ``node`` that reads its part ``key``: ``node[key]``, ``node.get(key)``."""
    around = module.parents[node]
    if isinstance(around, ast.Subscript) and around.value is node:
        return around if isinstance(around.slice, ast.Constant) and around.slice.value == key else None
    call = module.parents[around] if isinstance(around, ast.Attribute) and around.attr == "get" else None
    asked = call.args[0] if isinstance(call, ast.Call) and call.args else None
    return call if isinstance(call, ast.Call) and isinstance(asked, ast.Constant) and asked.value == key else None
