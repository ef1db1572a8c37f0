"""What the key rules read: each mutating Stripe call of a file, with its arguments and its idempotency key."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    assignments,
    callers,
    control_flow,
    functions,
    keys,
    names,
    runners,
    static_values,
    stripe_calls,
    syntax,
)
from stripe_lint.analysis.control_flow import graph_of
from stripe_lint.analysis.dataflow import DEEPEST_CALL, Exhausted, Frame, Interpreter
from stripe_lint.analysis.evaluation import Evaluation
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import FunctionNode, NamedFunction
from stripe_lint.analysis.state import START, Diverged, Fork, State
from stripe_lint.analysis.values import NONE, UNKNOWN, Mark, Value, constant, entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stripe_lint.analysis.facts import KeyedCall, SharedKey
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.stripe_calls import StripeCall
    from stripe_lint.data.surface import Critical, Method

MOST_REQUEST_STEPS: Final = 1_000
"""How many steps may be taken to see what a function passes to Stripe."""

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
    key_argument = direct_key(call)
    if service and key_argument is None and key_among_parameters(call):
        return Request(module, call, None, None, _direct_arguments(call), True)
    simple = not functions.unpacks(node) and (not service or _literal_service_call(call))
    if simple and key_argument is None and not _has_headers(call):
        return Request(module, call, False, None, _direct_arguments(call), False)
    facts = keyed_calls(module, node)
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


def direct_key(call: StripeCall) -> ast.expr | None:
    """The expression passed as the key, where it stands in the call itself."""
    if call.method.style == "service":
        return written_entry(service_argument(call, call.method.options_index, "options"), keys.KEY)
    passed = written_entry(call.node, keys.KEY)
    if passed is not None:
        return passed
    for parameter, argument in zip(call.method.positional, call.node.args, strict=False):
        if parameter == keys.KEY:
            return argument
    return None


def written_entry(node: ast.expr | None, name: str) -> ast.expr | None:
    """The value of ``name`` in a dict that is written out, or made by a call with keywords."""
    if isinstance(node, ast.Call):
        return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)
    return syntax.dict_entry(node, name)


def key_among_parameters(call: StripeCall) -> bool:
    """Whether a call of a service has its key in the dict of parameters, where it is no key."""
    params = service_argument(call, call.method.params_index, "params")
    return params is not None and _dict_has_key(params)


def _has_headers(call: StripeCall) -> bool:
    return any(keyword.arg == "headers" for keyword in call.node.keywords)


def service_argument(call: StripeCall, index: int | None, name: str) -> ast.expr | None:
    """What a service is passed as its dict ``name``, by name or at the position ``index``."""
    if index is not None and index < len(call.node.args):
        return call.node.args[index]
    return next((keyword.value for keyword in call.node.keywords if keyword.arg == name), None)


def _literal_service_call(call: StripeCall) -> bool:
    """Whether both dicts of a service call are written out in it, or left out."""
    options = service_argument(call, call.method.options_index, "options")
    params = service_argument(call, call.method.params_index, "params")
    return all(part is None or _is_plain_dict(part) for part in (options, params))


def _written_parameter(call: StripeCall, name: str) -> ast.expr | None:
    """What is sent as ``name``, where it is written out in the call."""
    if call.method.style != "service":
        return written_entry(call.node, name)
    params = service_argument(call, call.method.params_index, "params")
    return syntax.dict_entry(params, name)


def _is_plain_dict(node: ast.expr) -> bool:
    if isinstance(node, ast.Dict):
        return all(isinstance(key, ast.Constant) for key in node.keys)
    return syntax.is_none(node)


def _direct_arguments(call: StripeCall) -> Value:
    found: dict[str, Value] = {}
    if call.method.style == "service":
        params = service_argument(call, call.method.params_index, "params")
        if isinstance(params, ast.Dict):
            for key, value in zip(params.keys, params.values, strict=True):
                if isinstance(key, ast.Constant):
                    found[str(key.value)] = _literal(value)
        return entries(found, complete=True)
    for keyword in call.node.keywords:
        if keyword.arg is not None:
            found[keyword.arg] = _literal(keyword.value)
    for parameter, argument in zip(call.method.positional, call.node.args, strict=False):
        found[parameter] = _literal(argument)
    return entries(found, complete=True)


def _literal(node: ast.expr) -> Value:
    if isinstance(node, ast.Constant):
        return constant(node.value)
    return UNKNOWN


def _joined_arguments(facts: list[KeyedCall], call: StripeCall) -> Value:
    found: dict[str, Value] = {}
    for fact in facts:
        found.update(fact.arguments.fields or ())
    if not facts:
        found.update(_direct_arguments(call).fields or ())
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
                    arguments[str(name.value)] = _literal(value)
                    if name.value == keys.KEY:
                        keyed, key_argument = True, value
                else:
                    is_open = True
        elif keyword.arg in _HAND_OVER:
            is_open = True
        else:
            arguments[keyword.arg] = _literal(keyword.value)
    if call.method.style == "service" and not keyed:
        position = next((index for index, argument in enumerate(node.args) if argument is call.reference), -1)
        for argument in node.args[position + 1 :]:
            keyed = keyed or _dict_has_key(argument)
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
        facts = keyed_calls(module, node)
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


def _dict_has_key(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and functions.last_name(node.func) == "dict":
        return written_entry(node, keys.KEY) is not None
    return syntax.dict_entry(node, keys.KEY) is not None


def keyed_calls(module: Module, node: ast.Call) -> list[KeyedCall]:
    """The call as the paths through its function reach it."""
    function = module.enclosing_function(node)
    memory = ("keyed calls", function)
    known = module.memory.get(memory)
    if not isinstance(known, dict):
        known = _run_function(module, function)
        module.memory[memory] = known
    found: list[KeyedCall] = known.get(node, [])
    return found


def _run_function(module: Module, function: ast.AST | None, *, follow: bool = True) -> dict[ast.AST, list[KeyedCall]]:
    deepest = DEEPEST_CALL if follow else 0
    interpreter = Interpreter(follow_everything=follow, deepest=deepest, most_steps=MOST_REQUEST_STEPS)
    found: dict[ast.AST, list[KeyedCall]] = {}
    try:
        if isinstance(function, FunctionNode):
            bound = {} if isinstance(function, ast.Lambda) else _start_values(module, function)
            interpreter.run_function(module, function, bound, START, captured=_captured(module, function))
        else:
            frame = Frame(module, None, control_flow.graph_of(module, None))
            interpreter.run(frame, frame.graph.entry, State())
    except Exhausted:
        if follow:
            return _run_function(module, function, follow=False)
    for fact in interpreter.facts.keyed_calls:
        if fact.place.module is module:
            found.setdefault(fact.place.node, []).append(fact)
    return found


def shared_through_functions(module: Module) -> list[SharedKey]:
    """The calls that hand a key to a function which sends it with a second request."""
    found: set[SharedKey] = set()
    for function in module.functions:
        if isinstance(function, ast.Lambda) or not keys.hands_fresh_value_to_stripe(module, function):
            continue
        interpreter = Interpreter(most_steps=MOST_REQUEST_STEPS)
        try:
            interpreter.run_function(module, function, _start_values(module, function), START)
        except Exhausted:
            continue
        found |= interpreter.facts.shared_keys
    here = [shared for shared in found if shared.call.module is module]
    return sorted(here, key=lambda shared: (shared.call.line, shared.earlier.line))


def _captured(module: Module, function: FunctionNode) -> dict[str, Value]:
    """What a nested function sees of the functions around it: names that they bind once."""
    outer = module.enclosing_function(function)
    if not isinstance(outer, NamedFunction):
        return {}
    found: dict[str, Value] = {}
    interpreter = Interpreter(follow_everything=True)
    frame = Frame(module, outer, graph_of(module, outer))
    scope = module.scopes[outer]
    for name, bindings in scope.bindings.items():
        if len(bindings) == 1 and isinstance(bindings[0].node, ast.Assign) and bindings[0].value is not None:
            try:
                so_far = State(frozenset(found.items()))
                value = Evaluation(interpreter, frame, so_far, {}).evaluate(bindings[0].value)
            except (Fork, Diverged, Exhausted):
                continue
            if value != UNKNOWN:
                found[name] = value
    return found


def _start_values(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Value]:
    """Parameters whose default is made once, and parameters to which every caller passes the same constant."""
    found: dict[str, Value] = {}
    owner = module.enclosing_class(function)
    first = functions.first_parameter(function)
    if owner is not None and first is not None and not functions.has_decorator(function, "staticmethod"):
        reference = names.resolve_name(module, first.arg, module.scopes[function])
        found[first.arg] = Value(reference=reference)
    for call in module.calls_of.get(function, ()):
        handed = stripe_calls.handed_sdk(module, call.func) if names.resolve(module, call.func) is None else None
        if handed is not None:
            found[handed[0]] = Value(reference=handed[1])
    for parameter in functions.parameters(function):
        default = functions.default_of(function, parameter)
        value = static_values.of_default(module, default) if default is not None else UNKNOWN
        if value.has(Mark.FRESH):
            found[parameter.arg] = value
        elif _looks_like_key(parameter.arg):
            passed = _passed_by_all(module, function, parameter.arg, value)
            if passed is not None:
                found[parameter.arg] = passed
    return found


def _looks_like_key(name: str) -> bool:
    lowered = name.lower()
    return "key" in lowered or "idempot" in lowered or "token" in lowered


def _passed_by_all(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, default: Value
) -> Value | None:
    """The constant that every call of the function passes for a parameter (or leaves to its default)."""
    sites = callers.call_sites(module, function)
    if not sites:
        return default if default.constant is not None and default != NONE and sites is not None else None
    values = []
    for source, call in sites:
        if functions.unpacks(call):
            return None
        argument = callers.argument_for(module, function, call, name)
        values.append(default if argument is None else static_values.fixed(source, argument))
    first = values[0]
    if all(value.constant is not None and isinstance(value.constant.value, str) for value in values):
        return first
    return None


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
    written = _written_parameter(request.call, name)
    return written is not None and not any(
        keys.fresh_call(source, part) is not None
        for source, part in ((request.module, written), assignments.assigned_expression(request.module, written))
    )


def keyed(module: Module) -> Iterator[Request]:
    """The requests that pass a key."""
    for request in requests(module):
        if request.keyed:
            yield request
