"""Calls that do something only where it has not been done before, and whose result tells which it was."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, sql_statements

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

_SETTING_ONCE: Final = frozenset({"setnx", "hsetnx", "msetnx", "sadd"})


def sets_once(call: ast.Call) -> bool:
    """Whether a call sets a key only where there is none: commands of Redis and of caches."""
    return functions.last_name(call.func) in _SETTING_ONCE or any(
        keyword.arg == "nx" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in call.keywords
    )


def fetches_what_is_added(module: Module, call: ast.Call) -> bool:
    """Whether a row is fetched that an ``INSERT … RETURNING`` gives back only where it has added one."""
    statement: ast.Call | None = call
    while statement is not None and not statement.args:
        source = statement.func.value if isinstance(statement.func, ast.Attribute) else None
        source = source.value if isinstance(source, ast.Await) else source
        if isinstance(source, ast.Call):
            statement = source
        else:
            statement = _last_executed(module, source, call) if source is not None else None
    return statement is not None and sql_statements.gives_back_what_it_adds(module, statement.args[0])


def _last_executed(module: Module, cursor: ast.expr, fetch: ast.Call) -> ast.Call | None:
    """The last call before ``fetch`` with which the same cursor executes something."""
    name, function = functions.dotted_name(cursor), module.enclosing_function(fetch)
    executed = [
        each
        for each in (module.calls_of.get(function, ()) if function is not None else ())
        if isinstance(each.func, ast.Attribute)
        and each.func.attr == "execute"
        and name is not None
        and functions.dotted_name(each.func.value) == name
        and each.args
        and each.lineno <= fetch.lineno
    ]
    return max(executed, key=lambda each: each.lineno, default=None)
