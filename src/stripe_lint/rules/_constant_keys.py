"""Repairs a request whose key never changes: the key names the operation, or is made for the call."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import key_choices, redelivery
from stripe_lint.rules import _missing_key, _passing_keys
from stripe_lint.rules._key_names import Value

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Let the key of the request at ``hit`` vary; the name of a constant stays as its beginning."""
    request = next((each for each in key_choices.constant_keys(module) if module.span(each.node) == hit.span), None)
    if request is None:
        edit.decline("the call is not found again")
    if key_choices.is_constant_where_left_out(module, request):
        edit.decline("callers may pass keys of their own; in place of a missing one, name the operation")
    edit.unsafe("the key has to be another one for each request")
    constant = request.key_argument
    redelivered = redelivery.redelivery_around(module, request.node) is not None
    _missing_key.give_key(
        module,
        request,
        edit,
        lambda key: _passing_keys.replace_key(request, edit, key),
        redelivered=redelivered,
        prefix=[Value(edit.source_of(constant))] if isinstance(constant, ast.Name | ast.Attribute) else [],
    )
