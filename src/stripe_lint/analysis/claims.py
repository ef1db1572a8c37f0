"""Calls that do something only where it has not been done before, and whose result tells which it was."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import event_values, functions, sql_statements, syntax

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

_SETTING_ONCE: Final = frozenset({"setnx", "hsetnx", "msetnx", "sadd"})
_FILTERED: Final = frozenset({"update_one", "update_many", "find_one_and_update"})
"""Methods whose first argument says which documents are changed."""

_CONDITIONS: Final = frozenset({"where", "filter", "filter_by", "exclude"})


def sets_once(call: ast.Call) -> bool:
    """Whether a call sets a key only where there is none: commands of Redis and of caches."""
    name = functions.last_name(call.func)
    if name == "add" and isinstance(call.func, ast.Attribute):
        return "cache" in (functions.last_name(call.func.value) or "").lower()
    return name in _SETTING_ONCE or any(
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


def changes_once(module: Module, call: ast.Call) -> bool:
    """Whether a write changes only rows that the event has not changed before: its condition names the event's id."""
    if any(keyword.arg == "ConditionExpression" for keyword in call.keywords):
        return True
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    conditions: list[ast.expr] = [call.func]
    if functions.last_name(call.func) in _FILTERED:
        conditions += call.args[:1]
        conditions += [keyword.value for keyword in call.keywords if keyword.arg in {"filter", "query"}]
    for inner in (each for argument in given for each in syntax.descendants(argument)):
        if isinstance(inner, ast.Call) and functions.last_name(inner.func) in _CONDITIONS:
            conditions += inner.args
    if any(event_values.holds_event_id(module, each) for each in conditions):
        return True
    if not given or not sql_statements.excludes_rows(module, given[0]):
        return False
    return any(event_values.holds_event_id(module, each) for each in given)


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
