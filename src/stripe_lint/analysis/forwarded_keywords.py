"""Tells whether a keyword argument beside a function that is handed on reaches the calls of that function."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import callers, functions, names, retry_loops, runners, syntax
from stripe_lint.analysis.references import ExternalInstance, FunctionReference
from stripe_lint.analysis.runners import Keywords
from stripe_lint.analysis.scopes import Comprehension

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction

_FORWARDING_OBJECTS: Final = frozenset({"tenacity.Retrying", "tenacity.AsyncRetrying"})
"""Classes whose objects, when called, call the function that they are given with all other arguments."""

_ASKED_ABOUT_A_FUNCTION: Final = frozenset({"callable", "getattr", "iscoroutinefunction", "isinstance"})
_READING_METHODS: Final = frozenset({"copy", "get", "items", "keys", "values"})
_MOST_ENTERED: Final = 4


def reaches(
    module: Module, call: ast.Call, argument: ast.expr, keyword: str, entered: frozenset[ast.AST] = frozenset()
) -> bool:
    """Whether ``call``, which is given the function ``argument``, calls it with ``keyword`` if that is added to it.

    A function of the project does where it calls what it is given with its own ``**keywords``, which it leaves as they
    are, and again only after a failure. ``entered`` are the functions through which the search came here.
    """
    reference = names.resolve(module, call.func)
    if isinstance(reference, ExternalInstance):
        return reference.path in _FORWARDING_OBJECTS
    if not isinstance(reference, FunctionReference):
        runner = call.func.func if isinstance(call.func, ast.Call) else call.func
        return runners.keywords_of(functions.last_name(runner) or "") is Keywords.FORWARDED
    function = reference.node
    if isinstance(function, ast.Lambda) or function in entered or len(entered) >= _MOST_ENTERED:
        return False
    given = callers.parameters_for(reference.module, function, call, argument)
    if (
        len(given) != 1
        or function.args.kwarg is None
        or keyword in {each.arg for each in functions.parameters(function)}
    ):
        return False
    return _hands_on(reference.module, function, given[0], keyword, entered | {function})


def _hands_on(
    module: Module, function: NamedFunction, parameter: str, keyword: str, entered: frozenset[ast.AST]
) -> bool:
    """Whether ``function`` only calls its ``parameter`` with its own keywords, for one request."""
    unpacked = function.args.kwarg.arg if function.args.kwarg is not None else ""
    if not _keeps(module, function, unpacked, keyword):
        return False
    arguments: set[str] = set()
    for use in _uses(module, function, parameter):
        parent = module.parents[use]
        if not isinstance(use.ctx, ast.Load):
            return False
        if isinstance(parent, ast.Attribute | ast.FormattedValue):
            continue
        if not isinstance(parent, ast.Call):
            return False
        if parent.func is not use and functions.last_name(parent.func) in _ASKED_ABOUT_A_FUNCTION:
            continue
        if not _unpacks(parent, unpacked) or not _is_for_one_request(module, function, parent):
            return False
        if parent.func is not use and not _runs(module, parent, use, keyword, entered):
            return False
        arguments.add(_arguments(parent, parameter))
    return len(arguments) == 1


def _runs(module: Module, call: ast.Call, use: ast.Name, keyword: str, entered: frozenset[ast.AST]) -> bool:
    """Whether ``call``, which is given the function at ``use``, passes the keyword on; what binds it has to be used."""
    if functions.last_name(call.func) in runners.BINDERS and not _is_handed_over(module, call):
        return False
    return reaches(module, call, use, keyword, entered)


def _keeps(module: Module, function: NamedFunction, unpacked: str, keyword: str) -> bool:
    """Whether a function only reads and unpacks its keywords, and never speaks of ``keyword`` itself."""
    for inner in syntax.descendants(function):
        if isinstance(inner, ast.Constant) and inner.value == keyword:
            return False
        if isinstance(inner, ast.keyword) and inner.arg == keyword:
            return False
    return all(_only_reads(module, use) for use in _uses(module, function, unpacked))


def _only_reads(module: Module, use: ast.Name) -> bool:
    """Whether a use of a dict leaves all its entries as they are, or sets or takes one of another name."""
    parent = module.parents[use]
    if not isinstance(use.ctx, ast.Load):
        return False
    if isinstance(parent, ast.keyword):
        return parent.arg is None
    if isinstance(parent, ast.Subscript):
        return isinstance(parent.slice, ast.Constant)
    if isinstance(parent, ast.Attribute):
        call = module.parents[parent]
        if parent.attr in _READING_METHODS:
            return True
        is_named = isinstance(call, ast.Call) and bool(call.args) and isinstance(call.args[0], ast.Constant)
        return is_named and parent.attr in {"pop", "setdefault"}
    return isinstance(parent, ast.FormattedValue | ast.Compare)


def _uses(module: Module, function: NamedFunction, name: str) -> Iterator[ast.Name]:
    """Where the code of a function, and of those in it, speaks of the function's own parameter."""
    for inner in syntax.descendants(function):
        if isinstance(inner, ast.Name) and inner.id == name:
            found = module.scope_of(inner).lookup(name)
            if found is not None and found[0].node is function:
                yield inner


def _unpacks(call: ast.Call, name: str) -> bool:
    return any(
        keyword.arg is None and isinstance(keyword.value, ast.Name) and keyword.value.id == name
        for keyword in call.keywords
    )


def _arguments(call: ast.Call, parameter: str) -> str:
    """What the function is called with, as text to compare."""
    positional = [each for each in call.args if not (isinstance(each, ast.Name) and each.id == parameter)]
    return "".join(ast.dump(each) for each in (*positional, *call.keywords))


def _is_for_one_request(module: Module, function: NamedFunction, node: ast.expr) -> bool:
    """Whether ``node`` is run once in each call of ``function``, but for attempts at the same."""
    inner = module.enclosing_function(node)
    for around in module.ancestors(node):
        if around is inner:
            break
        if isinstance(around, Comprehension):
            return False
    if not all(retry_loops.is_retry_loop(module, loop, node) for loop in retry_loops.loops_around(module, node, inner)):
        return False
    if inner is function:
        return True
    if isinstance(inner, ast.Lambda):
        return _is_handed_over(module, inner) and _is_for_one_request(module, function, inner)
    if inner is None:
        return False
    uses = [
        each
        for each in syntax.descendants(function)
        if isinstance(each, ast.Name) and each.id == inner.name and isinstance(each.ctx, ast.Load)
    ]
    return len(uses) == 1 and _is_handed_over(module, uses[0]) and _is_for_one_request(module, function, uses[0])


def _is_handed_over(module: Module, node: ast.expr) -> bool:
    """Whether a function within another is called there, or given to what runs it."""
    parent = module.parents[node]
    return isinstance(module.parents[parent] if isinstance(parent, ast.keyword) else parent, ast.Call)
