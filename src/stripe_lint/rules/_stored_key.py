"""Sends a request inside an operation of the runtime's key store, which keeps its key and what became of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import imports, names
from stripe_lint.analysis.business_ids import business_id
from stripe_lint.analysis.keys import KEY
from stripe_lint.analysis.scopes import BindingKind
from stripe_lint.errors import Declined
from stripe_lint.rules import _key_names

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request
    from stripe_lint.analysis.scopes import Binding
    from stripe_lint.fixing.edit import Edit

_STORES: Final = frozenset({"stripe_lint.runtime.IdempotencyKeys", "stripe_lint.runtime.idempotency.IdempotencyKeys"})


def keep_in_store(module: Module, request: Request, edit: Edit) -> None:
    """Put the statement of ``request`` into a block of the store, whose key it takes."""
    store = _store_in_sight(module, request.node)
    if store is None:
        edit.decline("no IdempotencyKeys of stripe_lint.runtime is in sight: make one, and import it here")
    found = business_id(module, request)
    if found is None:
        edit.decline("the key store needs an id of what the request is made for, and none is in sight")
    distinct = _key_names.distinct_operation(module, request, found)
    if distinct is None:
        edit.decline("another function sends such a request for the same id; name the two operations, and keep both")
    operation_name = f"{distinct}{_key_names.ordinal(module, request)}".replace("-", "_")
    identity = _key_names.as_f_string(_key_names.identity(found)) if found.inputs else found.source
    statement = module.statement_of(request.node)
    prefix, is_awaited = _around_call(statement, request.node, edit)
    params = _params(request, edit)
    edit.unsafe("a request that is kept in the store is refused where it has succeeded before")
    variable = edit.new_variable(statement, params, "params", "request_params")
    operation = edit.free_name(statement, "operation", "stripe_operation")
    sent = f"{edit.source_of(request.node.func)}(**{variable}, {KEY}={operation}.key)"
    opening, recorded = "with", f"{operation}.succeeded({sent})"
    if is_awaited:
        opening, recorded = "async with", f"await {operation}.succeeded_async(await {sent})"
    edit.replace_statement(
        statement,
        f'{opening} {store}.operation("{operation_name}", {identity}, {variable}) as {operation}:\n'
        f"    {prefix}{recorded}",
    )
    edit.describe(f"sent as an operation of {store}")


def _around_call(statement: ast.stmt, call: ast.Call, edit: Edit) -> tuple[str, bool]:
    """What stands before the call in its statement, and whether the call is awaited."""
    value = getattr(statement, "value", None)
    is_awaited = isinstance(value, ast.Await)
    if (value.value if isinstance(value, ast.Await) else value) is call:
        if isinstance(statement, ast.Expr):
            return "", is_awaited
        if isinstance(statement, ast.Return):
            return "return ", is_awaited
        if isinstance(statement, ast.Assign):
            return "".join(f"{edit.source_of(target)} = " for target in statement.targets), is_awaited
    raise Declined("the call is a part of a larger statement; put it into one of its own")


def _params(request: Request, edit: Edit) -> str:
    """The parameters of the request as a dict."""
    call = request.node
    if request.method.style != "resource" or call.args or any(keyword.arg is None for keyword in call.keywords):
        edit.decline("only a request whose parameters are all written as keywords can be moved into the key store")
    entries = []
    for keyword in call.keywords:
        if keyword.arg != KEY:
            source = edit.source_of(keyword.value)
            # the dict stands on another line, where the indentation of further lines would be wrong
            entries.append(f'"{keyword.arg}": {ast.unparse(keyword.value) if chr(10) in source else source}')
    return "{" + ", ".join(entries) + "}"


def _store_in_sight(module: Module, at: ast.AST) -> str | None:
    for name, bindings in module.scope.bindings.items():
        found = module.scope_of(at).lookup(name)
        if len(bindings) == 1 and found is not None and found[0] is module.scope and _is_store(module, bindings[0]):
            return name
    return None


def _is_store(module: Module, binding: Binding) -> bool:
    if binding.kind is BindingKind.ASSIGNMENT and isinstance(binding.value, ast.Call):
        return names.dotted_path(module, binding.value.func) in _STORES
    alias = binding.node
    if binding.kind is BindingKind.IMPORT_FROM and isinstance(alias, ast.alias):
        statement = module.parents[alias]
        source = imports.imported_module(module, statement) if isinstance(statement, ast.ImportFrom) else None
        bound = source.scope.bindings.get(alias.name, []) if source is not None else []
        return source is not None and len(bound) == 1 and bound[0].value is not None and _is_store(source, bound[0])
    return False
