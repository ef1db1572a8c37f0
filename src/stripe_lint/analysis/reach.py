"""Which functions run because of a verified delivery: from each handler through calls, tables of handlers and tasks."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    assignments,
    constant_arguments,
    definitions,
    dispatch_tables,
    functions,
    names,
    runners,
    webhook_functions,
    webhook_handlers,
)
from stripe_lint.analysis.references import FunctionReference, OfClass
from stripe_lint.analysis.scopes import BindingKind, NamedFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode
    from stripe_lint.analysis.webhook_handlers import Handler

DEEPEST: Final = 5
"""How many calls deep a handler is followed."""

DEEPEST_APART: Final = 2
"""Up to how many calls deep a function is told apart by the call that leads to it."""

MOST_FUNCTIONS: Final = 160
"""How many functions one handler is followed into."""

_SHORTEST_PREFIX: Final = 3
_IMPORTS: Final = frozenset({BindingKind.IMPORT, BindingKind.IMPORT_FROM})


class Reached(NamedTuple):
    """A function that runs for a delivery.

    ``caller`` is the function from which it is reached and ``call`` the call there (or what names it, in a table);
    both are ``None`` for the handler itself. ``at_once`` tells that it runs before the delivery is answered. ``branch``
    tells apart by which of the handler's own calls a function is reached.
    """

    handler: Handler
    module: Module
    function: FunctionNode
    caller: Reached | None
    call: ast.AST | None
    at_once: bool
    depth: int
    branch: tuple[object, ...] = ()


def verified_handlers(module: Module) -> list[Handler]:
    """The handlers of events that are Stripe's: those that lead to ``module``, and those of other files."""
    key = "verified handlers"
    known = module.memory.get(key)
    if isinstance(known, list):
        return known
    module.memory[key] = []
    found = {
        (each.module.path, each.function.lineno): each
        for source in (module, *_other_files(module))
        for each in webhook_handlers.analysed_handlers(source)
        if each.is_stripe and each.is_genuine
    }
    module.memory[key] = list(found.values())
    return list(found.values())


def _other_files(module: Module) -> Iterator[Module]:
    seen = {module.path}
    for word in webhook_functions.VERIFYING:
        for path in module.project.files_that_mention(word, module.path) or ():
            if path not in seen:
                seen.add(path)
                source = module.project.module_at(path)
                if source is not None:
                    yield source


def reached_in(module: Module) -> list[Reached]:
    """The functions of ``module`` that run for a verified delivery, each once for each handler."""
    key = "reached"
    known = module.memory.get(key)
    if isinstance(known, list):
        return known
    module.memory[key] = []
    found = [
        each
        for handler in (verified_handlers(module) if _may_be_reached(module) else ())
        for each in reached_from(handler)
        if each.module.path == module.path
    ]
    module.memory[key] = found
    return found


def _may_be_reached(module: Module) -> bool:
    """Whether something can lead to a function of ``module``: a handler in it, or a mention of it in another file."""
    if not module.functions:
        return False
    if any(module.calls.get(word) or module.handed_on.get(word) for word in webhook_functions.VERIFYING):
        return True
    return _is_mentioned(module) or webhook_handlers.has_handlers(module)


def _is_mentioned(module: Module) -> bool:
    """Whether another file names something that ``module`` itself defines."""
    for name, bindings in module.scope.bindings.items():
        if name.startswith("__") or all(each.kind in _IMPORTS for each in bindings):
            continue
        files = module.project.files_that_mention(name, module.path)
        if files is None or any(path != module.path for path in files):
            return True
    return False


def reached_unverified_in(module: Module) -> list[Reached]:
    """The functions of ``module`` that run for a delivery which nothing has verified."""
    return [
        each
        for handler in webhook_handlers.analysed_handlers(module)
        if handler.is_stripe and not handler.is_genuine
        for each in reached_from(handler)
        if each.module.path == module.path
    ]


def reached_from(handler: Handler) -> list[Reached]:
    """The functions that a handler leads to, itself first, nearest first."""
    key = ("reached from", handler.function)
    known = handler.module.memory.get(key)
    if not isinstance(known, list):
        known = _reached_from(handler)
        handler.module.memory[key] = known
    return known


def _reached_from(handler: Handler) -> list[Reached]:
    start = Reached(handler, handler.module, handler.function, None, None, at_once=True, depth=0)
    found = [start]
    seen: set[tuple[object, ...]] = {_position(handler.module, handler.function)}
    for each in found:
        if each.depth >= DEEPEST or len(found) > MOST_FUNCTIONS:
            continue
        for reference, call, at_once in _led_to(each.module, each.function):
            if not may_come_to(each, call):
                continue
            branch = each.branch
            if each.depth < DEEPEST_APART:
                branch = (*branch, *_position(each.module, call))
            place = (*_position(reference.module, reference.node), *branch)
            if place in seen or _is_recursive(each, reference.node):
                continue
            seen.add(place)
            found.append(
                Reached(
                    handler,
                    reference.module,
                    reference.node,
                    each,
                    call,
                    each.at_once and at_once,
                    each.depth + 1,
                    branch,
                )
            )
    return found


def may_come_to(reached: Reached, node: ast.AST) -> bool:
    """Whether the call by which a function is reached lets ``node`` in it run, by the constants that it passes."""
    if reached.call is None or reached.depth > DEEPEST_APART:
        # further down only the first of several calls is known
        return True
    return constant_arguments.may_lead_to(reached.module, reached.function, reached.call, node)


def _position(module: Module, node: ast.AST) -> tuple[object, ...]:
    return module.path, getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _is_recursive(reached: Reached, function: FunctionNode) -> bool:
    current: Reached | None = reached
    while current is not None:
        if current.function is function:
            return True
        current = current.caller
    return False


def _led_to(module: Module, function: FunctionNode) -> Iterator[tuple[FunctionReference, ast.AST, bool]]:
    for call in module.calls_of.get(function, ()):
        name = functions.last_name(call.func)
        reference = definitions.function_behind(names.resolve(module, call.func))
        if reference is not None:
            yield reference, call, True
        elif name in runners.QUEUES and isinstance(call.func, ast.Attribute):
            task = definitions.function_behind(names.resolve(module, call.func.value))
            if task is not None:
                yield task, call, False
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            if isinstance(argument, ast.Lambda):
                yield FunctionReference(module, argument), call, name in runners.AT_ONCE
            elif isinstance(argument, ast.Name | ast.Attribute):
                handed = definitions.function_behind(names.resolve(module, argument))
                if handed is not None:
                    yield handed, call, name in runners.AT_ONCE
        if name == "getattr" and len(call.args) > 1:
            yield from _named_methods(module, call)
    yield from _through_tables(module, function)


def _through_tables(module: Module, function: FunctionNode) -> Iterator[tuple[FunctionReference, ast.AST, bool]]:
    """The functions in dicts that a function builds or reads."""
    for written in module.own_of_kind(function, ast.Dict):
        for reference, value in dispatch_tables.functions_in(module, written):
            yield reference, value, True
    for name in module.own_of_kind(function, ast.Name):
        if not isinstance(name.ctx, ast.Load) or _only_asks(module, name):
            continue
        source, table = assignments.assigned_expression(module, name)
        if isinstance(table, ast.Dict) and source.enclosing_function(table) is not function:
            for reference, _ in dispatch_tables.functions_in(source, table):
                yield reference, name, True


def _only_asks(module: Module, table: ast.Name) -> bool:
    """Whether a table is only asked for what it knows: ``kind in HANDLERS``."""
    parent = module.parents.get(table)
    return isinstance(parent, ast.Compare) or (isinstance(parent, ast.Attribute) and parent.attr == "keys")


def _named_methods(module: Module, call: ast.Call) -> Iterator[tuple[FunctionReference, ast.AST, bool]]:
    """The methods that ``getattr(self, f"handle_{name}")`` can mean."""
    prefix = _prefix(module, call.args[1])
    owner = names.resolve(module, call.args[0])
    if prefix is None or len(prefix) < _SHORTEST_PREFIX or not isinstance(owner, OfClass):
        return
    for source, node in names.linearized(owner):
        for statement in node.body:
            if isinstance(statement, NamedFunction) and statement.name.startswith(prefix):
                yield FunctionReference(source, statement, owner), call, True


def _prefix(module: Module, node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        value = module.only_assignment(node)
        return _prefix(module, value) if value is not None and not isinstance(value, ast.Name) else None
    first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else None
    first = node.left if isinstance(node, ast.BinOp) else first
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
