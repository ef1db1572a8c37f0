"""Finds, at a request, an id of the program's own that stands for this one operation: the best idempotency key."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    functions,
    missing_ids,
    redelivery,
    replacements,
    retry_loops,
    stripe_calls,
    syntax,
    work,
)
from stripe_lint.analysis.distinguishing_inputs import distinguishing_inputs
from stripe_lint.analysis.scopes import BindingKind, Comprehension, NamedFunction
from stripe_lint.analysis.sent_parameters import sent_parameters
from stripe_lint.data import request_methods, request_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.distinguishing_inputs import Input
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request

_ID_ATTRIBUTES: Final = ("id", "pk", "uuid", "uid", "number", "reference", "public_id", "slug")
_ID_ENDINGS: Final = ("_id", "_pk", "_uuid", "_number", "_reference")

_OPERATIONS: Final = frozenset(
    {"appointment", "basket", "bid", "bill", "booking", "cart", "charge", "checkout", "claim", "contribution", "deal"}
    | {"delivery", "deposit", "dispute", "donation", "enrollment", "entry", "event", "fee", "fine", "gift"}
    | {"instalment", "installment", "invoice", "item", "job", "line", "offer", "order", "payment"}
    | {"payout", "pledge", "proposal", "purchase", "quote", "receipt", "refund", "registration", "renewal", "rental"}
    | {"reservation", "return", "sale", "settlement", "shipment", "signup", "submission", "task"}
    | {"commission", "credit", "debt", "earning", "participation", "ride", "ticket", "topup", "transaction"}
    | {"transfer", "trip", "withdrawal"}
)
"""What a record is called that stands for one operation. Several operations belong to a user, a shop or a product."""

_SHARED: Final = frozenset({"deal", "event", "item", "offer", "ride", "trip"})
"""Those of them of which one record may be paid for by many."""

_OWNERS: Final = frozenset(
    {"account", "admin", "author", "buyer", "client", "company", "customer", "guest", "member", "merchant", "org"}
    | {"organisation", "organization", "owner", "partner", "patient", "person", "profile", "project", "seller", "shop"}
    | {"student", "team", "tenant", "user", "vendor", "workspace", "store", "instructor", "teacher", "creator"}
)
"""What a record is called that is given one customer at Stripe."""


class BusinessId(NamedTuple):
    """An expression for an id, and the word for what it identifies.

    ``inputs`` are what else tells the requests for this id apart, and so belongs into their keys.
    """

    source: str
    noun: str
    inputs: tuple[Input, ...] = ()


def business_id(module: Module, request: Request) -> BusinessId | None:
    """An id of what the request is made for; ``None`` where none is in sight, or where it does not stand for it.

    What is found is bound at the call and, in a loop over items, belongs to the item.
    """
    loops = item_loops(module, request.node)
    if loops is None:
        return None
    happens_once = _happens_once(request)
    nouns = _OPERATIONS if happens_once else frozenset({"event"})
    if request.method.path.removesuffix("_async") in request_methods.OF_OWNERS:
        nouns = _OPERATIONS | _OWNERS
    function = module.enclosing_function(request.node)
    event = _event(module, request)
    known = _known_ids(module, function)
    for name, noun, source in _candidates(module, request, event, known):
        delivered = noun == "event" and _is_delivered(module, request, name, event)
        if noun == "event" and not delivered and not happens_once:
            continue
        partial = not delivered and noun not in {"refund", "return"} and _is_partial(module, request, name)
        if (
            noun in nouns
            and not partial
            and _belongs_to_items(name, loops)
            and not _is_rebound(module, function, name, loops)
        ):
            if event is not None and name == event[0]:
                # all that a delivery leads to comes from what is in it
                return BusinessId(source, noun)
            inputs = distinguishing_inputs(module, request, name, known)
            if inputs is None or replacements.makes_anew(module, request):
                continue
            if not delivered and missing_ids.may_be_missing(module, request.node, name, source):
                continue
            if noun not in _SHARED or delivered or _is_told_apart(module, request, name, inputs):
                return BusinessId(source, noun, inputs)
    return None


def item_id(module: Module, request: Request) -> str | None:
    """An id, whatever it identifies, of the item of the innermost loop around a request; ``None`` outside of loops."""
    loops = item_loops(module, request.node)
    if not loops:
        return None
    known = _known_ids(module, module.enclosing_function(request.node))
    bound = (inner.id for inner in syntax.descendants(loops[0].target) if isinstance(inner, ast.Name))
    return next((source for name in bound for _, _, source in _ids_of(name, known)), None)


def _is_delivered(module: Module, request: Request, name: str, verified: tuple[str, str, str] | None) -> bool:
    """Whether ``name`` holds an event of Stripe's, not one that people go to."""
    if verified is not None and name == verified[0]:
        return True
    function = module.enclosing_function(request.node)
    if function is None or not any(parameter.arg == name for parameter in functions.parameters(function)):
        return False
    return redelivery.redelivery_around(module, request.node) is not None or any(
        isinstance(inner.value, ast.Name) and inner.value.id == name and _field(inner) in {"type", "data"}
        for inner in syntax.descendants(function)
        if isinstance(inner, ast.Attribute | ast.Subscript)
    )


def _field(node: ast.Attribute | ast.Subscript) -> object:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.slice.value if isinstance(node.slice, ast.Constant) else None


def _is_told_apart(module: Module, request: Request, name: str, inputs: tuple[Input, ...]) -> bool:
    """Whether a record that many may pay for stands for one operation here.

    It does where it says itself whom the request concerns, and beside an order or the like. A buyer is not enough: each
    may buy the same thing twice.
    """
    if any(each.noun.rpartition("-")[2] in _OPERATIONS - _SHARED for each in inputs):
        return True
    return any(
        parameter in request_parameters.CONCERNED and name in syntax.names_in(value)
        for parameter, value in sent_parameters(module, request)
    )


def _happens_once(request: Request) -> bool:
    path = request.method.path.removeprefix("stripe.").removeprefix("v1.").removesuffix("_async")
    return (
        request.method.critical is not None
        and path.rpartition(".")[2] in request_methods.ONCE
        and not any(path.startswith(often) for often in request_methods.OFTEN)
    )


def _is_partial(module: Module, request: Request, name: str) -> bool:
    """Whether an amount is given back or taken that may be a part of what ``name`` stands for."""
    if not any(word in request.method.path.lower() for word in request_methods.PARTIAL):
        return False
    return any(
        parameter in request_parameters.AMOUNTS and name not in syntax.names_in(value)
        for parameter, value in sent_parameters(module, request)
    )


Loop = ast.For | ast.AsyncFor | ast.comprehension


def item_loops(module: Module, node: ast.Call) -> list[Loop] | None:
    """The loops over items around a call, innermost first; ``None`` where a loop has no items."""
    found: list[Loop] = []
    function = module.enclosing_function(node)
    child: ast.AST = node
    for around in module.ancestors(node):
        if around is function:
            break
        if isinstance(around, Comprehension):
            found.extend(generator for generator in reversed(around.generators) if generator is not child)
        elif isinstance(around, ast.For | ast.AsyncFor | ast.While) and child is not getattr(around, "iter", None):
            if retry_loops.is_retry_loop(module, around, node):
                child = around
                continue
            if isinstance(around, ast.While):
                return None
            found.append(around)
        child = around
    return found


def _belongs_to_items(name: str, loops: list[Loop]) -> bool:
    """Whether ``name`` is another thing for each item of the innermost loop."""
    return not loops or name in _names_of_items(loops[0])


def _names_of_items(loop: Loop) -> set[str]:
    names = syntax.names_in(loop.target)
    if isinstance(loop, ast.comprehension):
        return names
    for inner in syntax.own_nodes(loop):
        if isinstance(inner, ast.Assign) and syntax.names_in(inner.value) & names:
            names |= {target.id for target in inner.targets if isinstance(target, ast.Name)}
    return names


def _is_rebound(module: Module, function: ast.AST | None, name: str, loops: list[Loop]) -> bool:
    """Whether the name may mean several things in the function, so that it is not known which one is meant."""
    scope = module.scopes.get(function) if function is not None else module.scope
    bindings = scope.bindings.get(name, []) if scope is not None else []
    return len(bindings) > 1 and not loops


def _candidates(
    module: Module, request: Request, event: tuple[str, str, str] | None, known: dict[str, list[str]]
) -> Iterator[tuple[str, str, str]]:
    """Names with a word for what they hold and an expression for its id, the most telling first."""
    if event is not None:
        yield event
    used = _names_in_arguments(request)
    function = module.enclosing_function(request.node)
    for name in used:
        yield from _ids_of(name, known)
    parameters = functions.parameters(function) if function is not None else []
    for parameter in parameters:
        noun = _noun_of_id(parameter.arg)
        if noun is not None:
            yield parameter.arg, noun, parameter.arg
    for parameter in parameters:
        yield from _ids_of(parameter.arg, known)
    for loop in item_loops(module, request.node) or ():
        for inner in syntax.descendants(loop.target):
            if isinstance(inner, ast.Name):
                yield from _ids_of(inner.id, known)


def _ids_of(name: str, known: dict[str, list[str]]) -> Iterator[tuple[str, str, str]]:
    noun = _noun_of_id(name)
    if noun is not None:
        yield name, noun, name
    for source in known.get(name, ()):
        yield name, _noun(name), source


def _noun(name: str) -> str:
    """``order`` for ``new_order`` and ``db_order_row``: the last word that names something."""
    words = [word for word in re.split(r"_+|\d+", name.lower()) if word and word not in _FILLERS]
    return words[-1] if words else name.lower()


_FILLERS: Final = frozenset({"row", "record", "obj", "object", "instance", "model", "data", "db", "self", "dict"})


def _noun_of_id(name: str) -> str | None:
    """``order`` for ``order_id``."""
    for ending in _ID_ENDINGS:
        if name.lower().endswith(ending) and len(name) > len(ending):
            stem = name[: -len(ending)]
            if "stripe" in stem.lower():
                return None
            return _noun(stem)
    return None


def _names_in_arguments(request: Request) -> list[str]:
    """The names that the call's arguments are made of, in order, each once."""
    parts: list[ast.expr] = [*request.node.args, *(keyword.value for keyword in request.node.keywords)]
    names: list[ast.Name] = [
        inner for part in parts for inner in syntax.descendants(part) if isinstance(inner, ast.Name)
    ]
    names.sort(key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(node.id for node in names))


def _known_ids(module: Module, function: ast.AST | None) -> dict[str, list[str]]:
    """For each name the ids of it that the code around reads, so that it has them."""
    found: dict[str, list[str]] = {}
    places = [function] if function is not None else [module.tree]
    for place in places:
        for inner in syntax.descendants(place):
            source = None
            if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.attr in _ID_ATTRIBUTES:
                source = (inner.value.id, f"{inner.value.id}.{inner.attr}", _ID_ATTRIBUTES.index(inner.attr))
            elif (
                isinstance(inner, ast.Subscript)
                and isinstance(inner.value, ast.Name)
                and isinstance(inner.slice, ast.Constant)
                and inner.slice.value in _ID_ATTRIBUTES
            ):
                key = inner.slice.value
                source = (inner.value.id, f"{inner.value.id}['{key}']", _ID_ATTRIBUTES.index(key))
            if source is not None:
                name, text, _ = source
                if text not in found.setdefault(name, []):
                    found[name].append(text)
    for name in _django_rows(module, function):
        if not found.get(name):
            found[name] = [f"{name}.pk"]
    for sources in found.values():
        sources.sort(key=lambda text: _ID_ATTRIBUTES.index(re.split(r"[.\[']+", text)[1]))
    return found


def _django_rows(module: Module, function: ast.AST | None) -> Iterator[str]:
    """The names that are bound to a row of a Django model: each has a ``pk``."""
    scope = module.scopes.get(function) if function is not None else module.scope
    for name, bindings in scope.bindings.items() if scope is not None else ():
        for binding in bindings:
            value = binding.value
            if isinstance(value, ast.Await):
                value = value.value
            if (
                binding.kind is BindingKind.ASSIGNMENT
                and isinstance(value, ast.Call)
                and functions.last_name(value.func) in {"get", "create", "aget", "acreate"}
                and work.manager_of(value) is not None
            ) or (isinstance(value, ast.Call) and functions.last_name(value.func) == "get_object_or_404"):
                yield name


def _event(module: Module, request: Request) -> tuple[str, str, str] | None:
    """The verified event that the request is made for."""
    function = module.enclosing_function(request.node)
    if not isinstance(function, NamedFunction):
        return None
    for name, bindings in module.scopes[function].bindings.items():
        for binding in bindings:
            value = binding.value.value if isinstance(binding.value, ast.Await) else binding.value
            if isinstance(value, ast.Call) and stripe_calls.call_verifies(module, value):
                return name, "event", _event_id(function, name)
    return None


def _event_id(function: NamedFunction, name: str) -> str:
    """The event's id, written as the function reads the event's other fields."""
    for inner in syntax.descendants(function):
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == name:
            return f"{name}.id"
    return f"{name}['id']"
