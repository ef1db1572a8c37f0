"""Repairs a request whose key has no effect: the key goes where it counts, or out of the call."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import (
    assignments,
    functions,
    handovers,
    ineffective_keys,
    keys,
    redelivery,
    requests,
    stripe_calls,
    written_arguments,
)
from stripe_lint.analysis.keys import KEY
from stripe_lint.rules import _missing_key, _passing_keys

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request
    from stripe_lint.analysis.stripe_calls import StripeCall
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Give the key of the call at ``hit`` an effect, or take it out."""
    calls = (each for each in stripe_calls.stripe_calls(module) if each.reference is None)
    call = next((each for each in calls if module.span(each.node) == hit.span), None)
    if call is None:
        edit.decline("the call is not found again")
    key = written_arguments.direct_key(call)
    if ineffective_keys.NEVER_PASSED in hit.message:
        edit.decline("the callers know which operation this is: pass a key there, or take the parameter out")
    if key is None and not written_arguments.key_among_parameters(call):
        if ineffective_keys.AMONG_PARAMETERS in hit.message:
            edit.decline("the parameters are made elsewhere: leave the key out there, and pass it in options")
        edit.decline("the key is empty in the dict of arguments; name the operation there, or leave it out")
    if isinstance(key, ast.Name) and handovers.handovers(module, key):
        edit.decline("a caller passes an empty key; pass one there that names the operation")
    takes_none = call.method.verb in {"get", "delete"} and call.method.api == "v1"
    if key is None:
        _from_parameters(module, call, edit, into_options=not takes_none)
    elif takes_none:
        _take_out(module, call, key, edit)
    elif isinstance(key, ast.Constant) and key.value in (None, ""):
        _fill(module, call, edit)
    else:
        edit.decline("Stripe refuses the key as it is: name the operation in fewer characters, or pass a hash of it")


def _request(module: Module, call: StripeCall, edit: Edit) -> Request:
    request = next((each for each in requests.requests(module) if each.node is call.node), None)
    if request is None:
        edit.decline("the request is not found again")
    return request


def _fill(module: Module, call: StripeCall, edit: Edit) -> None:
    """Make a key in place of an empty one."""
    request = _request(module, call, edit)
    redelivered = redelivery.redelivery_around(module, request.node) is not None
    _missing_key.give_key(
        module,
        request,
        edit,
        lambda source: _passing_keys.replace_key(request, edit, source),
        redelivered=redelivered,
    )


def _from_parameters(module: Module, call: StripeCall, edit: Edit, *, into_options: bool) -> None:
    """Take the key out of the dict of parameters, where Stripe takes it for a field that it does not know."""
    params = written_arguments.service_argument(call, call.method.params_index, "params")
    key = written_arguments.written_entry(params, KEY)
    if key is None:
        edit.decline("the parameters are not written out in the call")
    if not into_options:
        _require_no_effect(key, edit)
        _remove(params, edit)
        edit.describe("took out the key")
        return
    if functions.unpacks(call.node):
        edit.decline("the options may be among the unpacked arguments")
    _remove(params, edit)
    _passing_keys.pass_key(_request(module, call, edit), edit, edit.source_of(key))
    edit.describe("moved the key into the options")


def _remove(params: ast.expr | None, edit: Edit) -> None:
    if isinstance(params, ast.Dict):
        edit.remove_entry(params, KEY)
    elif isinstance(params, ast.Call):
        edit.remove_keyword(params, KEY)


def _take_out(module: Module, call: StripeCall, key: ast.expr, edit: Edit) -> None:
    """Send a request without the key that it has no use for."""
    _require_no_effect(key, edit)
    node = call.node
    if call.method.style == "service":
        _out_of_options(call, edit)
    elif any(keyword.arg == KEY for keyword in node.keywords):
        edit.remove_keyword(node, KEY)
    else:
        edit.decline("the key is passed by position: leave it out, and pass what follows by name")
    if keys.has_no_effect(assignments.assigned_expression(module, key)[1]):
        _passing_keys.drop_unread(module, key, edit)
    edit.describe("took out the key")


def _out_of_options(call: StripeCall, edit: Edit) -> None:
    node, options = call.node, written_arguments.service_argument(call, call.method.options_index, "options")
    if isinstance(options, ast.Call):
        edit.remove_keyword(options, KEY)
    elif not isinstance(options, ast.Dict):
        edit.decline("the options are not written out in the call")
    elif len(options.keys) > 1:
        edit.remove_entry(options, KEY)
    elif any(keyword.value is options for keyword in node.keywords):
        edit.remove_keyword(node, "options")
    else:
        edit.remove_argument(node, node.args.index(options))


def _require_no_effect(key: ast.expr, edit: Edit) -> None:
    if not keys.has_no_effect(key):
        edit.decline("what makes the key may do something else too: take it out if it does not")
