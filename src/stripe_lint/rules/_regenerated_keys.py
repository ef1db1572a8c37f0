"""Repairs a retried request whose key each attempt makes anew: the key is made once, before the first attempt."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import key_choices, keys, keys_made_instead, names, regenerated_keys, syntax, task_decorators
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.rules import _missing_key, _passing_keys, _retried_keys, _text_literals

if TYPE_CHECKING:
    from stripe_lint.analysis.handovers import Handover
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.regenerated_keys import Regenerated
    from stripe_lint.analysis.requests import Request
    from stripe_lint.analysis.scopes import Binding
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Hoist the key of the request at ``hit`` above what repeats it."""
    found = next(
        (each for each in regenerated_keys.regenerated_keys(module) if module.span(each.node) == hit.span), None
    )
    if found is None:
        edit.decline("the call is not found again")
    edit.unsafe(_retried_keys.BEFORE)
    if found.handover is not None:
        _moved_in_caller(module, found, found.handover, edit)
    elif found.source.node is found.node:
        _without_attempt_number(module, found, edit)
    elif not _hoisted(module, found, edit):
        if keys_made_instead.optional_key(found.request) is not None:
            edit.decline("a caller that tries again passes no key; make one there, before the first attempt")
        if not _of_task(module, found, edit):
            _made_before(module, found, edit)


def _without_attempt_number(module: Module, found: Regenerated, edit: Edit) -> None:
    """The number of the attempt is left out of the key."""
    loop = found.retry.repeated
    key = key_choices.key_expression(module, found.request)
    counters = regenerated_keys.counters(loop)
    if isinstance(key, ast.JoinedStr):
        fields = _text_literals.fields_of(key)
        counting = {number for number, field in enumerate(fields) if syntax.names_in(field.value) & counters}
        if len(counting) < len(fields):
            if isinstance(loop, _LOOPS):
                _retried_keys.require_same_values(found.node, loop, edit, key)
            edit.replace(key, _text_literals.without_fields(edit.source_of(key), counting, ""))
            edit.describe("the key is the same for all attempts")
            edit.note(_missing_key.LIFETIME)
            return
    elif key is not None and not isinstance(key, ast.Name) and syntax.names_in(key) - counters - {"str"}:
        edit.decline("the key has a part that stays the same; take the number of the attempt out of it")
    _made_before(module, found, edit)


def _hoisted(module: Module, found: Regenerated, edit: Edit) -> bool:
    """Move what makes the key, as it is, in front of the loop that repeats the request."""
    loop, made = found.retry.repeated, found.source.node
    if found.retry.place.module is not module or not isinstance(loop, _LOOPS) or not _is_unguessable(found):
        return False
    key = _whole_key(module, made) if found.source.module is module and made in module.parents else None
    if key is None or loop not in module.ancestors(key):
        key = found.request.key_argument
    return key is not None and _moved(module, found.request, key, found.node, loop, edit)


def _moved_in_caller(module: Module, found: Regenerated, handover: Handover, edit: Edit) -> None:
    """The caller that hands the key over makes it in front of its loop."""
    loop = found.retry.repeated
    if (
        handover.module is not module
        or found.retry.place.module is not module
        or not isinstance(loop, _LOOPS)
        or not _is_unguessable(found)
        or not _moved(module, found.request, handover.written, handover.call, loop, edit)
    ):
        edit.decline("a caller makes the key, on each attempt; make it there, before the first one")


def _moved(module: Module, request: Request, key: ast.expr, call: ast.Call, loop: ast.AST, edit: Edit) -> bool:
    """Move ``key``, with which ``call`` is made or which it hands on, in front of the loop."""
    if loop not in module.ancestors(key) or isinstance(key, ast.Name) or not isinstance(loop, _LOOPS):
        return False
    if not _is_known_before(module, key, loop) or module.enclosing_function(key) is not module.enclosing_function(loop):
        return False
    _retried_keys.require_single_request(module, call, loop, edit)
    _retried_keys.require_same_values(call, loop, edit, key)
    statement = module.parents[key]
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        if module.only_binding(statement.targets[0]) is None or module.parents[statement] is not loop:
            return False
        edit.remove_statement(statement)
        edit.insert_before(loop, f"{statement.targets[0].id} = {edit.source_of(key)}")
    else:
        variable = edit.new_variable(loop, edit.source_of(key), *_missing_key.variable_names(request))
        edit.replace(key, variable)
    edit.describe("the key is made before the loop")
    edit.note(_retried_keys.STORED_KEY)
    return True


def _is_unguessable(found: Regenerated) -> bool:
    """Whether what is fresh is random enough to be a key before the loop too: the clock is not."""
    made = found.source.node
    path = names.dotted_path(found.source.module, made.func) if isinstance(made, ast.Call) else None
    return path is not None and path.startswith(("uuid.", "secrets."))


def _whole_key(module: Module, made: ast.AST) -> ast.expr | None:
    """The expression around a fresh value that is the whole key: an argument, an entry, an assigned value."""
    current = made
    while isinstance(current, ast.expr) and not isinstance(current, ast.Tuple | ast.List):
        parent = module.parents[current]
        if isinstance(parent, ast.keyword):
            return current if parent.arg == keys.KEY else None
        if isinstance(parent, ast.Dict):
            name = next((key for key, value in zip(parent.keys, parent.values, strict=True) if value is current), None)
            return current if isinstance(name, ast.Constant) and name.value == keys.KEY else None
        if isinstance(parent, ast.Assign):
            return current
        current = parent
    return None


def _is_known_before(module: Module, key: ast.expr, loop: ast.AST) -> bool:
    """Whether all that the key is made of is there before the loop, and is not changed in it."""
    inside = set(syntax.descendants(loop))
    for name in syntax.names_in(key):
        found = module.scope_of(key).lookup(name)
        if found is not None and any(binding.node in inside for binding in found[1]):
            return False
    return True


def _of_task(module: Module, found: Regenerated, edit: Edit) -> bool:
    """In a task, which is given no key by a caller, the key is made of an id."""
    function = module.enclosing_function(found.node)
    return (
        isinstance(function, NamedFunction)
        and any(task_decorators.is_task(module, decorator) for decorator in function.decorator_list)
        and _missing_key.derive(module, found.request, edit, lambda key: _use(module, found, edit, key))
    )


def _made_before(module: Module, found: Regenerated, edit: Edit) -> None:
    variables = _missing_key.variable_names(found.request)
    _retried_keys.make_before(
        module, found.retry, found.node, edit, variables, lambda key: _use(module, found, edit, key)
    )


def _use(module: Module, found: Regenerated, edit: Edit, key: str) -> None:
    argument = found.request.key_argument
    if isinstance(argument, ast.NamedExpr):
        edit.replace(argument.value, key)
        return
    if isinstance(argument, ast.Name):
        bindings = module.scope_of(argument).bindings.get(argument.id, [])
        if found.source.node is not found.node and _is_same_for_some(bindings):
            edit.decline("one of the attempts has a key that stays the same; make one key before all of them")
        if _is_read_elsewhere(module, argument):
            # whoever keeps or logs the key has to have the one that is sent
            value = _assigned_value(bindings[0], argument.id) if len(bindings) == 1 else None
            if value is None:
                edit.decline("the key is used elsewhere too; make it before the retry")
            edit.replace(value, key)
            return
    _passing_keys.replace_key(found.request, edit, key)
    _passing_keys.drop_unread(module, argument, edit)


def _is_same_for_some(bindings: list[Binding]) -> bool:
    """Whether a variable is given one of several keys, not each of which is made anew."""
    values = [each.value for each in bindings if each.value is not None]
    sides = [side for each in values for side in ((each.body, each.orelse) if isinstance(each, ast.IfExp) else (each,))]
    return len(sides) > 1 and not all(
        any(isinstance(inner, ast.Call) for inner in syntax.descendants(side)) for side in sides
    )


def _is_read_elsewhere(module: Module, argument: ast.Name) -> bool:
    function = module.enclosing_function(argument)
    return any(
        isinstance(inner, ast.Name)
        and inner is not argument
        and inner.id == argument.id
        and isinstance(inner.ctx, ast.Load)
        for inner in syntax.descendants(function if function is not None else module.tree)
    )


def _assigned_value(binding: Binding, name: str) -> ast.expr | None:
    """The expression that an assignment gives the variable, alone or as one of several."""
    statement = binding.node
    if isinstance(statement, ast.AnnAssign):
        return statement.value
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Name):
        return value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        pairs = zip(target.elts, value.elts, strict=True)
        return next((given for to, given in pairs if isinstance(to, ast.Name) and to.id == name), None)
    return None
