"""Idempotency keys: what makes them, and with which key each request of a path is sent."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import body_uses, configuration_reads, functions, names, static_values, stripe_calls, syntax
from stripe_lint.analysis.call_search import CallSearch, callees, possible_callees
from stripe_lint.analysis.facts import KeyedCall, SharedKey
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.values import UNKNOWN, Mark, Tag, Value, entries, tagged

if TYPE_CHECKING:
    from stripe_lint.analysis.calls import Call
    from stripe_lint.analysis.evaluation import Evaluation
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode
    from stripe_lint.analysis.state import Place
    from stripe_lint.data.surface import Method

KEY: Final = "idempotency_key"
HEADER: Final = "idempotency-key"
_NOWHERE: Final = 99
_FRESH_NAMES: Final = frozenset(path.rpartition(".")[2] for path in static_values.FRESH_CALLS)


def called(evaluation: Evaluation, call: Call) -> Value | None:
    """A call that makes a fresh value, or that sends a request to Stripe."""
    path = call.path
    if path in static_values.FRESH_CALLS:
        return _fresh(evaluation, call)
    if path in configuration_reads.FUNCTIONS:
        return tagged(Mark.SETTING, evaluation.module, call.node)
    told = stripe_calls.told_method(evaluation.module, call.node.func, call.reference)
    if told is not None:
        _sent(evaluation, call, told)
        return UNKNOWN
    method = stripe_calls.method_of(call.reference)
    if method is None or not method.mutating:
        return None
    _sent(evaluation, call, method)
    return None


def _fresh(evaluation: Evaluation, call: Call) -> Value:
    value = tagged(Mark.FRESH, evaluation.module, call.node)
    kept = frozenset(item for item in evaluation.history.keys if not _mentions(item[0], value.tags))
    if kept != evaluation.history.keys:
        evaluation.remember(keys=kept)
    return value


def _mentions(identity: object, tags: frozenset[Tag]) -> bool:
    return isinstance(identity, frozenset) and not identity.isdisjoint(tags)


def fresh_call(module: Module, node: ast.expr | None) -> ast.Call | None:
    """The call in an expression that gives another value each time."""
    for inner in syntax.descendants(node) if node is not None else ():
        if isinstance(inner, ast.Call) and names.dotted_path(module, inner.func) in static_values.FRESH_CALLS:
            return inner
    return None


def makes_fresh_values(module: Module) -> bool:
    """Whether anything in a file calls something that gives another value each time."""
    return not _FRESH_NAMES.isdisjoint(module.calls)


def makes_fresh_value(module: Module, reference: FunctionReference) -> bool:
    """Whether a function of the project calls something that gives another value each time."""
    key = ("fresh", reference.node)
    known = module.memory.get(key)
    if not isinstance(known, bool):
        known = any(functions.last_name(node.func) in _FRESH_NAMES for node in module.calls_of.get(reference.node, ()))
        module.memory[key] = known
    return known


def _speaks_of_keys(module: Module, _: ast.AST) -> bool:
    return "idempotency" in module.lowered


_SPEAKS_OF_KEYS: Final = CallSearch("speaks of keys", stripe_calls.DEEPEST_SEARCH, _speaks_of_keys, possible_callees)
"""Whether a function, or one that it calls, stands in a file that names idempotency keys at all."""


def hands_fresh_value_to_stripe(module: Module, function: FunctionNode) -> bool:
    """Whether a function hands something made of a fresh value to a function of the project that calls Stripe."""
    if not makes_fresh_value(module, FunctionReference(module, function)):
        return False
    calls = [
        callee.call
        for callee in callees(module, function)
        if _SPEAKS_OF_KEYS.ask(callee.module, callee.node) and stripe_calls.touches_stripe(callee.module, callee.node)
    ]
    if not calls:
        return False
    fresh_names: set[str] = set()
    assignments = _assignments(function)
    for _ in range(_LONGEST_CHAIN):
        found = {name for bound, made_of in assignments if made_of.is_fresh(fresh_names) for name in bound}
        if found <= fresh_names:
            break
        fresh_names |= found
    return any(
        _Parts.of(part).is_fresh(fresh_names)
        for call in calls
        for part in (*call.args, *(item.value for item in call.keywords))
    )


_LONGEST_CHAIN: Final = 4
"""Through how many variables one after another a fresh value is followed where only syntax is looked at."""


class _Parts(NamedTuple):
    """What an expression is made of, as far as syntax tells: the names in it, and whether it makes a fresh value."""

    names: set[str]
    makes_fresh_value: bool

    @classmethod
    def of(cls, node: ast.expr) -> _Parts:
        nodes = syntax.descendants(node)
        return cls(
            {inner.id for inner in nodes if isinstance(inner, ast.Name)},
            any(isinstance(inner, ast.Call) and functions.last_name(inner.func) in _FRESH_NAMES for inner in nodes),
        )

    def is_fresh(self, fresh_names: set[str]) -> bool:
        return self.makes_fresh_value or not self.names.isdisjoint(fresh_names)


def _assignments(function: FunctionNode) -> list[tuple[set[str], _Parts]]:
    """The names that each assignment of a function binds, with what their value is made of."""
    found = []
    for node in syntax.own_nodes(function):
        if isinstance(node, ast.Assign):
            found.append((set().union(*map(syntax.names_in, node.targets)), _Parts.of(node.value)))
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            found.append((syntax.names_in(node.target), _Parts.of(node.value)))
    return found


def reassigned(evaluation: Evaluation, name: str) -> None:
    """The name gets another value, so a key made from it is another key."""
    kept = frozenset(item for item in evaluation.history.keys if not _depends_on(item[0], name))
    if kept != evaluation.history.keys:
        evaluation.remember(keys=kept)


def _depends_on(identity: object, name: str) -> bool:
    return isinstance(identity, tuple) and name in identity[1]


def options_of(call: Call, method: Method) -> tuple[Value, bool]:
    """The dict in which a request's key travels, and whether more may be in it than can be seen."""
    if method.style == "service":
        index = method.options_index if method.options_index is not None else _NOWHERE
        options = call.argument(index, "options")
        if options is None:
            return entries({}, complete=not call.open), call.open
        return options, options.fields is None or not options.complete
    found = dict(call.keywords)
    for name, value in zip(method.positional, call.positional, strict=False):
        if name == KEY:
            found[KEY] = value
    return entries(found, complete=not call.open), call.open


def _sent(evaluation: Evaluation, call: Call, method: Method) -> None:
    options, is_open = options_of(call, method)
    key = options.field(KEY)
    if key is None:
        key = _header_key(options)
        headers = options.field("headers")
        is_open = is_open or (headers is not None and (headers.fields is None or not headers.complete))
    argument = _key_expression(call, method)
    if argument is None:
        argument = _carrier(call, method)
    identity = _identity(evaluation, key, argument) if key is not None else None
    place = evaluation.place(call.node)
    repeats = None
    if identity is not None:
        caller, made = _handing_over(evaluation, key, place)
        earlier = sorted((used[1:] for used in evaluation.history.keys if used[0] == identity), key=_lines)
        if earlier:
            repeats = earlier[0][0]
            if caller != place:
                evaluation.facts.shared_keys.add(SharedKey(caller, earlier[0][1], made))
        evaluation.remember(keys=evaluation.history.keys | {(identity, place, caller)})
    arguments = _arguments(call, method)
    evaluation.facts.keyed_calls.add(KeyedCall(place, key, argument, is_open, arguments, repeats))


def _lines(places: tuple[Place, Place]) -> tuple[int, int]:
    return places[0].line, places[1].line


def _handing_over(evaluation: Evaluation, key: Value | None, place: Place) -> tuple[Place, ast.AST | None]:
    """The call by which a caller hands the key to the function that sends it, and what makes the key there.

    Where no caller does, it is the request itself.
    """
    for tag in sorted(key.tagged(Mark.FRESH), key=_line) if key is not None else ():
        caller = body_uses.lifted(evaluation.frame, place, tag)
        if caller != place:
            return caller, tag.node
    return place, None


def _line(tag: Tag) -> int:
    return getattr(tag.node, "lineno", 0)


def _arguments(call: Call, method: Method) -> Value:
    if method.style != "service":
        found = {**call.keywords, **dict(zip(method.positional, call.positional, strict=False))}
        return entries(found, complete=not call.open)
    index = method.params_index if method.params_index is not None else _NOWHERE
    params = call.argument(index, "params")
    return params if params is not None else entries({}, complete=not call.open)


def _header_key(options: Value) -> Value | None:
    headers = options.field("headers")
    for name, value in (headers.fields or ()) if headers is not None else ():
        if name.lower() == HEADER:
            return value
    return None


def _key_expression(call: Call, method: Method) -> ast.expr | None:
    if method.style != "service":
        written = (syntax.dict_entry(keyword.value, KEY) for keyword in call.node.keywords if keyword.arg is None)
        return call.expressions.get(KEY) or next((entry for entry in written if entry is not None), None)
    options = call.expression(method.options_index if method.options_index is not None else _NOWHERE, "options")
    return syntax.dict_entry(options, KEY)


def _carrier(call: Call, method: Method) -> ast.expr | None:
    """The dict variable in which a key travels: ``options``, or ``**arguments``."""
    if method.style == "service":
        options = call.expression(method.options_index if method.options_index is not None else _NOWHERE, "options")
        return options if isinstance(options, ast.Name | ast.Attribute) else None
    unpacked = [keyword.value for keyword in call.node.keywords if keyword.arg is None]
    return unpacked[0] if len(unpacked) == 1 and isinstance(unpacked[0], ast.Name | ast.Attribute) else None


def _identity(evaluation: Evaluation, key: Value, argument: ast.expr | None) -> object:
    """Something that two requests share exactly when they are sent with one and the same key."""
    fresh = frozenset(key.tagged(Mark.FRESH))
    if fresh and not isinstance(argument, ast.JoinedStr | ast.BinOp):
        return fresh
    if key.constant is not None or argument is None:
        return None
    used = frozenset(
        name
        for node in syntax.descendants(argument)
        if isinstance(node, ast.Name | ast.Attribute)
        for name in [functions.dotted_name(node)]
        if name is not None
    )
    if any(isinstance(node, ast.Call) and not _is_pure(node) for node in syntax.descendants(argument)):
        return None
    return (ast.dump(argument), used, evaluation.frame.function)


_PURE: Final = frozenset(
    {"str", "format", "hexdigest", "encode", "join", "hex", "sha256", "sha1", "md5", "uuid5", "lower"}
)


def _is_pure(call: ast.Call) -> bool:
    """Whether a call gives the same value for the same arguments."""
    return functions.last_name(call.func) in _PURE


_WITHOUT_EFFECT: Final = (
    _PURE
    | _FRESH_NAMES
    | {"int", "round", "repr", "hash", "id", "timestamp", "isoformat", "strftime", "date", "strip", "upper", "replace"}
)


def has_no_effect(node: ast.expr) -> bool:
    """Whether nothing is missed where the expression of a key is not evaluated."""
    for inner in syntax.descendants(node):
        if isinstance(inner, ast.Call) and functions.last_name(inner.func) not in _WITHOUT_EFFECT:
            return False
        if isinstance(inner, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
            return False
    return True


def is_literal(value: Value) -> bool:
    """Whether a key is the same for every request: a constant or a setting."""
    if value.constant is not None:
        return isinstance(value.constant.value, str) and value.constant.value != ""
    return bool(value.tags) and all(tag.mark is Mark.SETTING for tag in value.tags)
