"""What is written in a call that sends a request: its parameters, its options and its idempotency key."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import functions, keys, syntax
from stripe_lint.analysis.values import UNKNOWN, Value, constant, entries

if TYPE_CHECKING:
    from stripe_lint.analysis.stripe_calls import StripeCall


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
    return params is not None and has_key(params)


def service_argument(call: StripeCall, index: int | None, name: str) -> ast.expr | None:
    """What a service is passed as its dict ``name``, by name or at the position ``index``."""
    if index is not None and index < len(call.node.args):
        return call.node.args[index]
    return next((keyword.value for keyword in call.node.keywords if keyword.arg == name), None)


def written_parameter(call: StripeCall, name: str) -> ast.expr | None:
    """What is sent as ``name``, where it is written out in the call."""
    if call.method.style != "service":
        return written_entry(call.node, name)
    params = service_argument(call, call.method.params_index, "params")
    return syntax.dict_entry(params, name)


def has_headers(call: StripeCall) -> bool:
    """Whether a call passes headers, in which its key may be."""
    return any(keyword.arg == "headers" for keyword in call.node.keywords)


def is_literal_service_call(call: StripeCall) -> bool:
    """Whether both dicts of a service call are written out in it, or left out."""
    options = service_argument(call, call.method.options_index, "options")
    params = service_argument(call, call.method.params_index, "params")
    return all(part is None or _is_plain_dict(part) for part in (options, params))


def _is_plain_dict(node: ast.expr) -> bool:
    if isinstance(node, ast.Dict):
        return all(isinstance(key, ast.Constant) for key in node.keys)
    return syntax.is_none(node)


def direct_arguments(call: StripeCall) -> Value:
    """The parameters that are written out in the call, with those of their values that are literals."""
    found: dict[str, Value] = {}
    if call.method.style == "service":
        params = service_argument(call, call.method.params_index, "params")
        if isinstance(params, ast.Dict):
            for key, value in zip(params.keys, params.values, strict=True):
                if isinstance(key, ast.Constant):
                    found[str(key.value)] = literal(value)
        return entries(found, complete=True)
    for keyword in call.node.keywords:
        if keyword.arg is not None:
            found[keyword.arg] = literal(keyword.value)
    for parameter, argument in zip(call.method.positional, call.node.args, strict=False):
        found[parameter] = literal(argument)
    return entries(found, complete=True)


def literal(node: ast.expr) -> Value:
    """The value of an expression, if it is a literal."""
    if isinstance(node, ast.Constant):
        return constant(node.value)
    return UNKNOWN


def has_key(node: ast.expr) -> bool:
    """Whether a dict that is written out has a key for idempotency in it."""
    if isinstance(node, ast.Call) and functions.last_name(node.func) == "dict":
        return written_entry(node, keys.KEY) is not None
    return syntax.dict_entry(node, keys.KEY) is not None
