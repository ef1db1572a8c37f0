"""The same functions as coroutines."""

from __future__ import annotations

import ast
from collections import Counter

from variants.editing import Code, Edits, Variant, last_name


def _can_be_awaited(code: Code) -> list[ast.FunctionDef]:
    """The functions whose every use is a call in another of them, so that it can become an ``await``.

    A generator would become another kind of iterable, and what Python or a decorator calls can't become a coroutine.
    """
    chosen = {function.name: function for function in code.functions if isinstance(function, ast.FunctionDef)}
    ambiguous = Counter(function.name for function in code.functions)
    chosen = {
        name: function
        for name, function in chosen.items()
        if ambiguous[name] == 1 and not name.startswith("__") and not _is_generator(function)
        if not any(last_name(decorator) in _NOT_FOR_COROUTINES for decorator in function.decorator_list)
    }
    while True:
        kept = {name: function for name, function in chosen.items() if _uses_allow(code, name, chosen)}
        if len(kept) == len(chosen):
            return list(kept.values())
        chosen = kept


_NOT_FOR_COROUTINES = frozenset({"property", "cached_property", "cache", "lru_cache", "contextmanager", "setter"})


def _is_generator(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))


def _uses_allow(code: Code, name: str, chosen: dict[str, ast.FunctionDef]) -> bool:
    if name in code.fstring_names:
        return False
    for use in _uses(code, name):
        call = code.parents[use]
        if not (isinstance(call, ast.Call) and call.func is use):
            return False
        scope = next((node for node in code.around(call) if isinstance(node, _SCOPES)), None)
        if not (isinstance(scope, ast.FunctionDef) and chosen.get(scope.name) is scope):
            return False
        if not _is_in_body(code, call, scope):
            return False
        if any(isinstance(node, ast.JoinedStr) for node in code.around(call)):
            return False
    return True


_SCOPES = (*(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef), *(ast.GeneratorExp, ast.ListComp))


def _is_in_body(code: Code, node: ast.AST, function: ast.FunctionDef) -> bool:
    """Whether ``node`` runs when ``function`` does, and not when it is defined."""
    return any(each in function.body for each in (node, *code.around(node)))


def _uses(code: Code, name: str) -> list[ast.expr]:
    return [
        node
        for node in code.nodes
        if (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)
    ]


def _has_sync_functions(code: Code) -> bool:
    return bool(_can_be_awaited(code))


def _as_coroutines(code: Code) -> str:
    edits = Edits(code)
    for function in _can_be_awaited(code):
        edits.insert(function.lineno, function.col_offset, "async ")
        for use in _uses(code, function.name):
            call = code.parents[use]
            assert isinstance(call, ast.Call)
            assert call.end_lineno is not None
            assert call.end_col_offset is not None
            edits.insert(call.lineno, call.col_offset, "(await ")
            edits.insert(call.end_lineno, call.end_col_offset, ")")
    return edits.result()


VARIANTS = (Variant("async", _as_coroutines, _has_sync_functions, keeps_text=False),)
"""These keep the findings about requests; to a framework a coroutine may be another kind of handler."""
