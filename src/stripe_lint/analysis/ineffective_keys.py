"""Keys that Stripe never sees, ignores or refuses."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    assignments,
    functions,
    keys_made_instead,
    requests,
    static_values,
    stripe_calls,
    written_arguments,
)
from stripe_lint.analysis.body_uses import text_of
from stripe_lint.analysis.handovers import handovers
from stripe_lint.analysis.keys import KEY
from stripe_lint.analysis.values import NONE, constant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.handovers import Handover
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request
    from stripe_lint.analysis.stripe_calls import StripeCall

LONGEST: Final = 255
"""How many characters Stripe takes (https://docs.stripe.com/api/idempotent_requests)."""


EMPTY_KEY: Final = "this key is empty, so the SDK makes a new one for each request: pass one, or leave it out"
AMONG_PARAMETERS: Final = "the key is among the parameters, where Stripe takes it for a field: put it into `options`"
NEVER_PASSED: Final = "no caller passes this key, so the SDK makes one for each request: pass one, or leave it out"
_EMPTY: Final = (NONE, constant(""))


class IneffectiveKey(NamedTuple):
    """A call whose key has no effect, and why."""

    node: ast.Call
    reason: str
    handover: Handover | None = None


def ineffective_keys(module: Module) -> Iterator[IneffectiveKey]:
    """The calls that pass a key in vain."""
    for call in stripe_calls.stripe_calls(module):
        if call.reference is None:
            reason = _reason(call)
            if reason is not None:
                yield IneffectiveKey(call.node, reason)
    for request in requests.requests(module):
        if request.keyed is None and request.call.reference is None and _is_key_sent_as_field(request):
            yield IneffectiveKey(request.node, AMONG_PARAMETERS)
    for request in requests.keyed(module):
        if written_arguments.direct_key(request.call) is None:
            sent = [fact.key for fact in request.facts if fact.key is not None]
            if sent and len(sent) == len(request.facts) and all(key in _EMPTY for key in sent):
                yield IneffectiveKey(request.node, EMPTY_KEY)
            continue
        for handover in handovers(module, request.key_argument):
            given = handover.written
            if isinstance(given, ast.Constant) and given.value in (None, "") and _is_required(request):
                yield IneffectiveKey(request.node, EMPTY_KEY, handover)
                break
        else:
            optional = keys_made_instead.optional_parameter(module, request.key_argument)
            if optional is not None and optional.is_always_left_out:
                yield IneffectiveKey(request.node, NEVER_PASSED)


def _is_key_sent_as_field(request: Request) -> bool:
    """Whether the dict of parameters that a service gets is made elsewhere, with the key in it."""
    return (
        request.method.style == "service"
        and not written_arguments.key_among_parameters(request.call)
        and any(fact.key is None and fact.arguments.field(KEY) is not None for fact in request.facts)
    )


def _is_required(request: Request) -> bool:
    """Whether the function that sends the request has to be given a key, and does not ask whether it was."""
    key, function = request.key_argument, request.module.enclosing_function(request.node)
    if not isinstance(key, ast.Name) or function is None:
        return False
    parameter = next((each for each in functions.parameters(function) if each.arg == key.id), None)
    is_optional = parameter is None or functions.default_of(function, parameter) is not None
    return not is_optional and not functions.tests(function, key.id)


def _reason(call: StripeCall) -> str | None:
    method = call.method
    key = written_arguments.direct_key(call)
    if method.style == "service" and key is None and written_arguments.key_among_parameters(call):
        return AMONG_PARAMETERS
    if key is None:
        return None
    if method.verb in {"get", "delete"} and method.api == "v1":
        return f"a {method.verb.upper()} request has no use for a key: remove it"
    if isinstance(key, ast.Constant) and key.value in (None, ""):
        return EMPTY_KEY
    assigned = assignments.assigned_expression(call.module, key)[1]
    text = assigned.value if isinstance(assigned, ast.Constant) else text_of(static_values.of(call.module, key))
    if isinstance(text, str) and len(text) > LONGEST:
        return f"this key has {len(text)} characters, and Stripe refuses more than {LONGEST}: shorten it"
    return None
