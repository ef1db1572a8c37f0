"""What is wrong with a key that is passed: it never changes, or it reaches two requests."""

from __future__ import annotations

import ast
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    callers,
    definitions,
    functions,
    handed_keys,
    keys,
    keys_handed_on,
    keys_made_instead,
    names,
    reaching_values,
    request_paths,
    requests,
    static_values,
    syntax,
)
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import BindingKind, Comprehension, NamedFunction
from stripe_lint.analysis.state import Place
from stripe_lint.analysis.values import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request

MOST_NAMES: Final = 4
"""Through how many names a constant is followed."""


def constant_keys(module: Module) -> Iterator[Request]:
    """The requests whose key is a constant or a setting on every path."""
    for request in requests.keyed(module):
        if _is_made_below(module, request):
            continue
        values = [fact.key for fact in request.facts if fact.key is not None]
        always = bool(values) and len(values) == len(request.facts) and all(keys.is_literal(each) for each in values)
        written = request.key_argument is not None and _is_constant(module, request.key_argument)
        if always or written or is_constant_where_left_out(module, request):
            yield request


def is_constant_where_left_out(module: Module, request: Request) -> bool:
    """Whether a constant takes the place of the key that callers may leave out."""
    for part in key_expressions(module, request):
        if isinstance(part, ast.Constant) and keys.is_literal(static_values.fixed(module, part)):
            optional = keys_made_instead.optional_at(module, part, request.node)
            if optional is not None and optional.may_be_left_out:
                return True
    return False


def _is_made_below(module: Module, request: Request) -> bool:
    """Whether a method makes the key that classes below have in versions of their own."""
    key = key_expression(module, request)
    called = [each.func for each in syntax.descendants(key) if isinstance(each, ast.Call)] if key is not None else []
    makers = [names.resolve(module, each) for each in called if isinstance(each, ast.Attribute)]
    return any(
        isinstance(maker, FunctionReference)
        and isinstance(maker.node, NamedFunction)
        and definitions.is_replaced_below(maker.module, maker.node)
        for maker in makers
    )


def _is_constant(module: Module, node: ast.expr, depth: int = 0) -> bool:
    """Whether an expression is one of a few constants, whichever way it is chosen."""
    if isinstance(node, ast.IfExp):
        return _is_constant(module, node.body, depth + 1) and _is_constant(module, node.orelse, depth + 1)
    if isinstance(node, ast.Name) and depth < MOST_NAMES:
        bindings = module.bindings_of(node)
        if bindings and all(binding.kind is BindingKind.ASSIGNMENT for binding in bindings):
            values = [binding.value for binding in bindings]
            return all(value is not None and _is_constant(module, value, depth + 1) for value in values)
    value = static_values.fixed(module, node)
    return keys.is_literal(value)


class Sharing(Enum):
    """How one key gets to several requests.

    ``PROCESS``: it is made once in the life of the process. ``ITEMS``: before a loop or comprehension over items.
    ``EARLIER``: another request of the function has it. ``HELPERS``: a caller hands it to several functions. ``EMPTY``:
    all of its parts are left out.
    """

    PROCESS = auto()
    ITEMS = auto()
    EARLIER = auto()
    HELPERS = auto()
    EMPTY = auto()


class Reuse(NamedTuple):
    """The second request with one key, and where the key or the first request comes from.

    ``request`` is that request where the file itself sends it.
    """

    node: ast.Call
    source: Place
    words: str
    sharing: Sharing
    request: Request | None = None


def reused_keys(module: Module) -> Iterator[Reuse]:
    """The requests that are sent with a key that another request has had."""
    seen: set[ast.AST] = set()
    for request in requests.keyed(module):
        found = (
            _shared_by_process(request)
            or _in_comprehension(module, request)
            or _reuse(module, request)
            or _empty_parts(module, request)
        )
        if found is not None:
            yield found
            seen.add(found.node)
    for shared in request_paths.shared_through_functions(module):
        call = shared.call.node
        words = handed_keys.words_for_sharing(module, shared)
        if words is not None and isinstance(call, ast.Call) and call not in seen:
            seen.add(call)
            yield Reuse(call, shared.earlier, words, Sharing.HELPERS)
    for use in keys_handed_on.second_uses(module):
        if use.call not in seen:
            seen.add(use.call)
            yield Reuse(use.call, Place(module, use.earlier), "this call hands on the same key", Sharing.HELPERS)


def _shared_by_process(request: Request) -> Reuse | None:
    for fact in request.facts:
        for tag in fact.key.tagged(Mark.FRESH) if fact.key is not None else ():
            if tag.detail == "module" and tag.module is not None and tag.node is not None:
                if _has_varying_part(request.module, request):
                    continue
                return Reuse(
                    request.node,
                    Place(tag.module, tag.node),
                    "the key is made once, when the program starts",
                    Sharing.PROCESS,
                    request,
                )
    return None


def _has_varying_part(module: Module, request: Request) -> bool:
    """Whether a key that holds a value made once also holds something of the operation."""
    key = key_expression(module, request)
    if not isinstance(key, ast.JoinedStr | ast.BinOp | ast.Call):
        return False
    for node in syntax.descendants(key):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            parent = module.parents.get(node)
            if isinstance(parent, ast.Call) and parent.func is node:
                continue
            value = static_values.of(module, node)
            if value.constant is None and not value.tags and value.reference is None:
                return True
    return False


def _in_comprehension(module: Module, request: Request) -> Reuse | None:
    """A key made outside a comprehension, or outside what ``map`` calls, that sends a request for each item."""
    key = request.key_argument
    if key is None or isinstance(key, ast.Constant):
        return None
    child: ast.AST = request.node
    for around in module.ancestors(request.node):
        if isinstance(around, ast.comprehension) and child is around.iter:
            comprehension = module.parents[around]
            if getattr(comprehension, "generators", [None])[0] is around:
                # evaluated once, before the first item
                return None
        child = around
        inside = _names_of_items(module, around)
        if inside is not None:
            read = syntax.names_in(key)
            calls = any(isinstance(node, ast.Call) for node in syntax.descendants(key))
            if not (inside & read) and not calls:
                return Reuse(
                    request.node, Place(module, around), "the key is the same for all items", Sharing.ITEMS, request
                )
            return None
        if isinstance(around, NamedFunction):
            return None
    return None


_MAPS: Final = frozenset({"map", "starmap", "imap", "imap_unordered", "map_async", "starmap_async", "for_each"})
"""What calls a function with each of many items."""


def _names_of_items(module: Module, around: ast.AST) -> set[str] | None:
    """The names that are another thing for each item, where ``around`` runs for many items."""
    if isinstance(around, Comprehension):
        return {name for generator in around.generators for name in syntax.names_in(generator.target)}
    if isinstance(around, ast.Lambda):
        parent = module.parents.get(around)
        return set(module.scopes[around].bindings) if isinstance(parent, ast.Call) and _maps(parent, around) else None
    if isinstance(around, NamedFunction):
        outer = module.enclosing_function(around)
        for call in module.calls_of.get(outer, ()) if outer is not None else ():
            if any(isinstance(each, ast.Name) and each.id == around.name and _maps(call, each) for each in call.args):
                return set(module.scopes[around].bindings)
    return None


def _maps(call: ast.Call, function: ast.expr) -> bool:
    """Whether ``call`` calls ``function`` with each of many items."""
    return functions.last_name(call.func) in _MAPS and call.args[:1] == [function]


def _reuse(module: Module, request: Request) -> Reuse | None:
    for fact in request.facts:
        earlier = fact.repeats
        if earlier is None:
            continue
        if earlier.node is request.node:
            made = [tag.node for tag in fact.key.tagged(Mark.FRESH)] if fact.key is not None else []
            if not handed_keys.repeats_one_request(module, request.node, made):
                return Reuse(
                    request.node,
                    earlier,
                    "the key is made before the loop that sends many requests",
                    Sharing.ITEMS,
                    request,
                )
        elif not handed_keys.same_request(earlier, request.node):
            return Reuse(request.node, earlier, "this request has the same key", Sharing.EARLIER, request)
    return None


def _empty_parts(module: Module, request: Request) -> Reuse | None:
    """A key whose parts are all parameters that callers may leave out."""
    key = key_expression(module, request)
    function = module.enclosing_function(request.node)
    if not isinstance(key, ast.JoinedStr) or not isinstance(function, NamedFunction):
        return None
    parts = [part.value for part in key.values if isinstance(part, ast.FormattedValue)]
    optional = _optional_parameters(function)
    if not parts or not all(isinstance(part, ast.Name) and part.id in optional for part in parts):
        return None
    bindings = module.scopes[function].bindings
    used = [part.id for part in parts if isinstance(part, ast.Name)]
    if any(len(bindings.get(name, ())) != 1 or functions.tests(function, name) for name in used):
        return None
    for source, call in callers.call_sites(module, function) or ():
        if functions.unpacks(call):
            continue
        passed = [callers.bound(module, function, call).get(name) for name in used]
        if all(value is None or syntax.is_none(value) for value in passed):
            return Reuse(
                request.node, Place(source, call), "this call leaves all parts of the key empty", Sharing.EMPTY, request
            )
    return None


def _optional_parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    found = set()
    for parameter in functions.parameters(function):
        if syntax.is_none(functions.default_of(function, parameter)):
            found.add(parameter.arg)
    return found


def key_expression(module: Module, request: Request) -> ast.expr | None:
    """The expression that makes the key: the argument, or what the name in it is assigned or has as its default."""
    node = request.key_argument
    binding = module.only_binding(node) if node is not None else None
    if binding is not None and binding.kind in {BindingKind.ASSIGNMENT, BindingKind.PARAMETER}:
        return binding.value or node
    return node


def key_expressions(module: Module, request: Request) -> list[ast.expr]:
    """The expressions that may make the key: those that its variable may have been assigned, arm for arm."""
    node = request.key_argument
    bindings = module.bindings_of(node) if node is not None else []
    if isinstance(node, ast.Name) and len(bindings) > 1:
        made = [
            binding.value
            for binding in bindings
            if binding.kind is BindingKind.ASSIGNMENT
            and binding.value is not None
            and reaching_values.may_reach(module, binding, node)
        ]
    else:
        key = key_expression(module, request)
        made = [key] if key is not None else []
    return [arm for each in made for arm in syntax.arms(each)]
