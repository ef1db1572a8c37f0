"""Finds the calls that reach Stripe, however the SDK got there, and says what each one sends."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import callers, conventions, exceptions, functions, names, webhook_functions
from stripe_lint.analysis.call_search import Callee, CallSearch, possible_callees, possible_callees_of
from stripe_lint.analysis.references import (
    External,
    ExternalInstance,
    ExternalList,
    FunctionReference,
    ObjectReference,
    PartialReference,
    Reference,
    StripeService,
)
from stripe_lint.data import surface

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

_SHORTEST_HELD_PATH: Final = 4
_SHORTEST_METHOD_PATH: Final = 3
DEEPEST_SEARCH: Final = 3
"""How many calls deep a function is searched for a Stripe call."""


class StripeCall(NamedTuple):
    """A call that sends ``method``'s request.

    ``node`` is the call that is reported and that holds the arguments; where the method is only handed on
    (``Thread(target=stripe.Refund.create)``), ``reference`` is the expression that names it.
    """

    module: Module
    node: ast.Call
    method: surface.Method
    reference: ast.expr | None = None


def method_of(reference: Reference | None) -> surface.Method | None:
    """The API method that a reference means; to verify a webhook is none, and needs no look at what there is."""
    if isinstance(reference, StripeService):
        return surface.service_method(reference.path)
    if isinstance(reference, PartialReference):
        return method_of(reference.function)
    if isinstance(reference, External) and reference.path.startswith("stripe."):
        if reference.path.rpartition(".")[2] in webhook_functions.NAMES:
            return None
        resource, called, name = reference.path.partition("().")
        return surface.instance_method(resource, name) if called else surface.resource_method(resource)
    return None


def stripe_calls(module: Module) -> list[StripeCall]:
    """All calls of a module that send a request to Stripe, in source order."""
    key = "stripe calls"
    known = module.memory.get(key)
    if isinstance(known, list):
        return known
    found = [*_direct_calls(module), *_handed_on(module), *_told_calls(module)]
    found.sort(key=lambda call: (call.node.lineno, call.node.col_offset))
    module.memory[key] = found
    return found


def changes_anything(module: Module) -> bool:
    """Whether a module sends a request that changes something at Stripe."""
    return any(call.method.mutating for call in stripe_calls(module))


def _direct_calls(module: Module) -> list[StripeCall]:
    found = []
    for name, calls in module.calls.items():
        for call in calls:
            if isinstance(call.func, ast.Name) or _is_method_name(name):
                method = _called_method(module, call)
                if method is not None:
                    found.append(StripeCall(module, call, method))
    return found


def _is_method_name(name: str) -> bool:
    """Whether some method of the API is called so; only for what verifies a webhook this can be told without data."""
    return name not in webhook_functions.NAMES and name in surface.method_names()


def _called_method(module: Module, call: ast.Call) -> surface.Method | None:
    """What a call sends; of a ``partial`` only the place that makes it counts."""
    reference = _sdk_method(module, call.func)
    return None if isinstance(reference, PartialReference) else method_of(reference)


def _sdk_method(module: Module, node: ast.expr) -> Reference | None:
    """What an expression that is called means, also where the SDK was handed to the function or to its object."""
    if isinstance(node, ast.Name):
        return names.resolve(module, node)
    return names.resolve(module, node) or _through_constructor(module, node) or _through_parameter(module, node)


def _through_parameter(module: Module, node: ast.expr) -> Reference | None:
    """A method of the SDK reached by ``api.Customer.create`` where all callers pass ``stripe``, or a client."""
    handed = handed_sdk(module, node)
    if handed is None:
        return None
    path = ".".join((functions.attribute_chain(node) or [])[1:])
    return StripeService(path) if isinstance(handed[1], StripeService) else External(f"stripe.{path}")


def handed_sdk(module: Module, node: ast.expr) -> tuple[str, Reference] | None:
    """The parameter through which ``node`` reaches a method of the SDK, and what all callers pass for it."""
    chain = functions.attribute_chain(node)
    if chain is None or len(chain) < _SHORTEST_METHOD_PATH:
        return None
    path = ".".join(chain[1:])
    if surface.resource_method(f"stripe.{path}") is not None:
        passed: Reference = External("stripe")
    elif surface.service_method(path) is not None:
        passed = StripeService("")
    else:
        return None
    base: ast.expr = node
    while isinstance(base, ast.Attribute):
        base = base.value
    if isinstance(base, ast.Name) and callers.is_always_given(module, base, passed):
        return base.id, passed
    return None


def _through_constructor(module: Module, node: ast.expr) -> Reference | None:
    """A method of the SDK reached by ``self.api.Customer.create`` where whoever makes the object passes ``stripe``."""
    chain = functions.attribute_chain(node)
    if chain is None or len(chain) < _SHORTEST_HELD_PATH:
        return None
    owner = names.resolve_name(module, chain[0], module.scope_of(node))
    path = f"stripe.{'.'.join(chain[2:])}"
    if not isinstance(owner, ObjectReference) or surface.resource_method(path) is None:
        return None
    held = callers.constructor_argument(owner, chain[1])
    return External(path) if held == External("stripe") else None


def told_method(module: Module, node: ast.expr, reference: Reference | None) -> surface.Method | None:
    """What calling ``node`` sends where the project told that it moves money; it takes the key as a keyword."""
    told = module.project.conventions.mutating_calls
    if not conventions.is_one_of(told, node, reference):
        return None
    return surface.wrapper(functions.last_name(node) or "call")


def _told_calls(module: Module) -> list[StripeCall]:
    if not module.project.conventions.mutating_calls:
        return []
    found = []
    for call in (call for calls in module.calls.values() for call in calls):
        method = told_method(module, call.func, names.resolve(module, call.func))
        if method is not None:
            found.append(StripeCall(module, call, method))
    return found


def _handed_on(module: Module) -> list[StripeCall]:
    found = []
    for name, references in module.handed_on.items():
        if not _is_method_name(name):
            continue
        for reference in references:
            method = method_of(names.resolve(module, reference))
            if method is None:
                continue
            parent = module.parents[reference]
            call = module.parents[parent] if isinstance(parent, ast.keyword) else parent
            if isinstance(call, ast.Call):
                outer = module.parents.get(call)
                if isinstance(outer, ast.Call) and outer.func is call:
                    call = outer
                found.append(StripeCall(module, call, method, reference))
    return found


def touches_stripe(module: Module, function: FunctionNode, *, handled: bool = False) -> bool:
    """Whether a function calls Stripe or verifies a webhook, itself or through functions of the project.

    With ``handled`` only calls count whose errors can leave the function.
    """
    return (_RAISES_STRIPE_ERRORS if handled else _TOUCHES_STRIPE).ask(module, function)


def _is_handled(module: Module, function: ast.AST, call: ast.Call) -> bool:
    """Whether an ``except`` or ``suppress`` in the function swallows whatever ``call`` raises."""
    attempts = exceptions.attempts_around(module, call, within=function)
    return any(exceptions.swallows_all(module, attempt) for attempt in attempts)


def call_touches_stripe(module: Module, call: ast.Call, *, handled: bool = False) -> bool:
    """Whether a call reaches Stripe or verifies a webhook, directly or through functions of the project."""
    if _is_stripe_call(module, call):
        return True
    return any(touches_stripe(each.module, each.node, handled=handled) for each in possible_callees_of(module, call))


def _is_stripe_call(module: Module, call: ast.Call) -> bool:
    if functions.last_name(call.func) in webhook_functions.NAMES or reaches_stripe(_sdk_method(module, call.func)):
        return True
    return any(
        isinstance(argument, ast.Attribute) and reaches_stripe(names.resolve(module, argument))
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
    )


def _calls_stripe(module: Module, function: ast.AST) -> bool:
    return any(_is_stripe_call(module, call) for call in module.calls_of.get(function, ()))


def _lets_stripe_errors_out(module: Module, function: ast.AST) -> bool:
    return any(
        _is_stripe_call(module, call) and not _is_handled(module, function, call)
        for call in module.calls_of.get(function, ())
    )


def _lets_verification_errors_out(module: Module, function: ast.AST) -> bool:
    return any(
        functions.last_name(call.func) in webhook_functions.NAMES and not _is_handled(module, function, call)
        for call in module.calls_of.get(function, ())
    )


def _callees_with_errors(module: Module, function: ast.AST) -> Iterator[Callee]:
    for callee in possible_callees(module, function):
        if not _is_handled(module, function, callee.call):
            yield callee


_TOUCHES_STRIPE: Final = CallSearch("touches Stripe", DEEPEST_SEARCH, _calls_stripe, possible_callees)
_RAISES_STRIPE_ERRORS: Final = CallSearch(
    "raises Stripe errors", DEEPEST_SEARCH, _lets_stripe_errors_out, _callees_with_errors
)
_RAISES_VERIFICATION_ERRORS: Final = CallSearch(
    "raises verification errors", DEEPEST_SEARCH - 1, _lets_verification_errors_out, _callees_with_errors
)


def call_verifies(module: Module, call: ast.Call) -> bool:
    """Whether a call is one of the SDK's verifications, or runs one whose errors reach the caller."""
    if functions.last_name(call.func) in webhook_functions.NAMES:
        return True
    reference = names.resolve(module, call.func)
    return isinstance(reference, FunctionReference) and _RAISES_VERIFICATION_ERRORS.ask(
        reference.module, reference.node
    )


_SETTINGS: Final = frozenset(
    {"api_key", "api_version", "api_base", "log", "proxy", "client_id", "default_http_client", "error", "app_info"}
    | {"max_network_retries", "set_app_info", "verify_ssl_certs", "ca_bundle_path", "enable_telemetry"}
)


def reaches_stripe(reference: Reference | None) -> bool:
    """Whether calling ``reference`` calls into the SDK."""
    if isinstance(reference, StripeService):
        return bool(reference.path)
    if isinstance(reference, PartialReference):
        return reaches_stripe(reference.function)
    if isinstance(reference, External) and reference.path.startswith("stripe."):
        if method_of(reference) is not None:
            return True
        if reference.path.split(".")[1] in _SETTINGS:
            return False
        tail = reference.path.rpartition(".")[2]
        return tail in {"auto_paging_iter", "refresh", "save", "delete"} or (
            not tail[:1].isupper() and tail not in {"construct_from", "get", "to_dict", "keys", "items"}
        )
    return False


def is_sdk_object(reference: Reference | None) -> bool:
    """Whether ``reference`` is an object that the SDK returned."""
    return isinstance(reference, ExternalInstance | ExternalList) and reference.path.startswith("stripe.")
