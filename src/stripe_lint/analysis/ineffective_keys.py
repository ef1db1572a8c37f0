"""Keys that Stripe never sees, ignores or refuses."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import names, requests, static_values, stripe_calls
from stripe_lint.analysis.body_uses import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.stripe_calls import StripeCall

LONGEST: Final = 255
"""How many characters Stripe takes (https://docs.stripe.com/api/idempotent_requests)."""


class IneffectiveKey(NamedTuple):
    """A call whose key has no effect, and why."""

    node: ast.Call
    reason: str


def ineffective_keys(module: Module) -> Iterator[IneffectiveKey]:
    """The calls that pass a key in vain."""
    for call in stripe_calls.stripe_calls(module):
        if call.reference is None:
            reason = _reason(call)
            if reason is not None:
                yield IneffectiveKey(call.node, reason)


def _reason(call: StripeCall) -> str | None:
    method = call.method
    key = requests.direct_key(call)
    if method.style == "service" and key is None and requests.key_among_parameters(call):
        return "the key is among the parameters, where Stripe takes it for a field: put it into `options`"
    if key is None:
        return None
    if method.verb in {"get", "delete"} and method.api == "v1":
        return f"a {method.verb.upper()} request has no use for a key: remove it"
    if isinstance(key, ast.Constant) and key.value in (None, ""):
        return "this key is empty, so the SDK makes a new one for each request: pass one, or leave it out"
    assigned = names.assigned_expression(call.module, key)[1]
    text = assigned.value if isinstance(assigned, ast.Constant) else text_of(static_values.of(call.module, key))
    if isinstance(text, str) and len(text) > LONGEST:
        return f"this key has {len(text)} characters, and Stripe refuses more than {LONGEST}: shorten it"
    return None
