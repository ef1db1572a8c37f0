"""What the key rules read: each mutating Stripe call of a file, with its arguments and its idempotency key."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    assignments,
    functions,
    keys,
    names,
    request_paths,
    runners,
    stripe_calls,
    syntax,
    written_arguments,
)
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.values import NONE, Value, entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stripe_lint.analysis.facts import KeyedCall
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.stripe_calls import StripeCall
    from stripe_lint.data.surface import Critical, Method

_HAND_OVER: Final = frozenset({"kwargs", "fkwargs", "kwds", "keywords"})


class Request(NamedTuple):
    """One mutating call.

    ``keyed`` is true or false where every path shows whether the call passes a key, else ``None``. ``facts`` are the
    call as the paths reached it (empty where no path had to be followed). ``arguments`` are the names of the
    parameters that are sent with what is known of them, ``open`` tells that there may be more.
    """

    module: Module
    call: StripeCall
    keyed: bool | None
    key_argument: ast.expr | None
    arguments: Value
    open: bool
    facts: Sequence[KeyedCall] = ()

    @property
    def method(self) -> Method:
        """What the call sends."""
        return self.call.method

    @property
    def node(self) -> ast.Call:
        """The call that is reported."""
        return self.call.node


def requests(module: Module) -> list[Request]:
    """The mutating Stripe calls of a module, in source order."""
    known = module.memory.get("requests")
    if isinstance(known, list):
        return known
    found = [_request(module, call) for call in stripe_calls.stripe_calls(module) if call.method.mutating]
    module.memory["requests"] = found
    return found


def _request(module: Module, call: StripeCall) -> Request:
    if call.reference is not None:
        return _handed_on(module, call)
    node = call.node
    service = call.method.style == "service"
    key_argument = written_arguments.direct_key(call)
    if service and key_argument is None and written_arguments.key_among_parameters(call):
        return Request(module, call, None, None, written_arguments.direct_arguments(call), True)
    simple = not functions.unpacks(node) and (not service or written_arguments.is_literal_service_call(call))
    if simple and key_argument is None and not written_arguments.has_headers(call):
        return Request(module, call, False, None, written_arguments.direct_arguments(call), False)
    facts = request_paths.keyed_calls(module, node)
    arguments = _joined_arguments(facts, call)
    is_open = any(fact.open for fact in facts) or not facts
    if service and key_argument is None and arguments.field(keys.KEY) is not None:
        return Request(module, call, None, None, arguments, is_open, facts)
    if key_argument is not None:
        return Request(module, call, True, key_argument, arguments, is_open, facts)
    return Request(module, call, _keyed(facts), None, arguments, is_open, facts)


def _keyed(facts: list[KeyedCall]) -> bool | None:
    if not facts:
        return None
    if any(fact.key is not None for fact in facts):
        return True
    return None if any(fact.open for fact in facts) else False


def _joined_arguments(facts: list[KeyedCall], call: StripeCall) -> Value:
    found: dict[str, Value] = {}
    for fact in facts:
        found.update(fact.arguments.fields or ())
    if not facts:
        found.update(written_arguments.direct_arguments(call).fields or ())
    return entries(found, complete=bool(facts) and all(fact.arguments.complete for fact in facts))


def _handed_on(module: Module, call: StripeCall) -> Request:
    """A method that is handed to something else that calls it, with arguments for it beside."""
    node = call.node
    arguments: dict[str, Value] = {}
    is_open = False
    keyed = False
    key_argument = None
    for keyword in node.keywords:
        if keyword.arg == keys.KEY:
            keyed, key_argument = True, keyword.value
        elif keyword.arg is None:
            is_open = True
        elif keyword.arg in _HAND_OVER and isinstance(keyword.value, ast.Dict):
            for name, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if isinstance(name, ast.Constant):
                    arguments[str(name.value)] = written_arguments.literal(value)
                    if name.value == keys.KEY:
                        keyed, key_argument = True, value
                else:
                    is_open = True
        elif keyword.arg in _HAND_OVER:
            is_open = True
        else:
            arguments[keyword.arg] = written_arguments.literal(keyword.value)
    if call.method.style == "service" and not keyed:
        position = next((index for index, argument in enumerate(node.args) if argument is call.reference), -1)
        for argument in node.args[position + 1 :]:
            keyed = keyed or written_arguments.has_key(argument)
            is_open = is_open or not isinstance(argument, ast.Dict | ast.Constant)
    is_open = is_open or any(isinstance(argument, ast.Starred) for argument in node.args)
    if not _runs_it(module, call):
        return Request(module, call, None, None, entries(arguments, complete=False), True)
    if functions.last_name(node.func) == "partial" and not keyed:
        later = _partial_calls(module, node)
        if later is None:
            return Request(module, call, None, None, entries(arguments, complete=False), True)
        if any(keyword.arg in {keys.KEY, "options", None} for use in later for keyword in use.keywords):
            return Request(module, call, None, None, entries(arguments, complete=False), True)
    known = None if is_open and not keyed else keyed
    if known is None and any(keyword.arg is None for keyword in node.keywords):
        facts = request_paths.keyed_calls(module, node)
        if facts:
            return Request(module, call, _keyed(facts), None, _joined_arguments(facts, call), is_open, facts)
    return Request(module, call, known, key_argument, entries(arguments, complete=not is_open), is_open)


def _runs_it(module: Module, call: StripeCall) -> bool:
    """Whether what the method is handed to is known to call it with the arguments beside."""
    function: ast.expr = call.node.func
    if isinstance(function, ast.Call):
        function = function.func
    name = functions.last_name(function) or ""
    reference = names.resolve(module, function)
    if isinstance(reference, FunctionReference) and _makes_options(reference):
        return False
    if name in runners.RUNNERS or "retry" in name.lower():
        return True
    return isinstance(reference, FunctionReference) and bool(call.node.keywords)


def _makes_options(reference: FunctionReference, depth: int = 0) -> bool:
    """Whether a function of the project, or one that it calls, puts a key or options among arguments."""
    for inner in syntax.descendants(reference.node):
        if isinstance(inner, ast.Constant) and inner.value == keys.KEY:
            return True
        if isinstance(inner, ast.Call):
            if any(keyword.arg in {keys.KEY, "options"} for keyword in inner.keywords):
                return True
            called = names.resolve(reference.module, inner.func) if depth < _FARTHEST_WRAPPER else None
            if isinstance(called, FunctionReference) and _makes_options(called, depth + 1):
                return True
    return False


_FARTHEST_WRAPPER: Final = 1
"""Through how many calls within a wrapper it is looked whether it makes a key."""


def _partial_calls(module: Module, partial: ast.Call) -> list[ast.Call] | None:
    """The calls of a ``partial`` object; ``None`` where it goes somewhere that can't be followed."""
    statement = module.parents.get(partial)
    if isinstance(statement, ast.Call) and statement.func is partial:
        return [statement]
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return [] if isinstance(statement, ast.Call) else None
    target = statement.targets[0]
    if not isinstance(target, ast.Name):
        return None
    return list(module.calls.get(target.id, ()))


def criticality(request: Request) -> Critical | None:
    """Why the call is critical; ``None`` where it is not, or where that can't be told."""
    critical = request.method.critical
    if critical is None:
        return None
    known = dict(request.arguments.fields or ())
    if critical.when and not any(name in known and known[name] != NONE for name in critical.when):
        return None
    for name, literal in critical.unless:
        value = known.get(name)
        if value is not None and value.constant is not None and str(value.constant.value) == literal:
            return None
    return critical


def grade(request: Request, critical: Critical) -> str:
    """``warning`` or ``info``: how much the missing key of a critical call matters outside a retry."""
    known = dict(request.arguments.fields or ())
    if any(name in known and known[name] != NONE for name in critical.warning_when):
        return "warning"
    for name, literal in critical.info_when:
        value = known.get(name)
        if value is not None and value.constant is not None and str(value.constant.value) == literal:
            return "info"
    if any(_is_kept(request, name) for name in critical.once_by):
        return "info"
    return critical.grade


def _is_kept(request: Request, name: str) -> bool:
    """Whether a parameter is sent whose value is the same when the request is repeated."""
    written = written_arguments.written_parameter(request.call, name)
    return written is not None and not any(
        keys.fresh_call(source, part) is not None
        for source, part in ((request.module, written), assignments.assigned_expression(request.module, written))
    )


def keyed(module: Module) -> Iterator[Request]:
    """The requests that pass a key."""
    for request in requests(module):
        if request.keyed:
            yield request
