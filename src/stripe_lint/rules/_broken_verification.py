"""Repairs a verification that can't work: each parameter gets what belongs to it, from what is there."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import evaluation_order, functions, handovers, sdk_verifications
from stripe_lint.analysis.scopes import BindingKind, NamedFunction
from stripe_lint.analysis.sdk_verifications import REQUIRED
from stripe_lint.analysis.verification_arguments import (
    Role,
    calls_missing_function,
    is_bytes,
    is_empty,
    literal,
    role_of,
    role_of_name,
)
from stripe_lint.rules import _request_parts, _webhook_secret

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.sdk_verifications import SdkVerification
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_ROLES: Final = (Role.PAYLOAD, Role.SIGNATURE, Role.SECRET)
"""What the required parameters take, in their order."""

_NAMES: Final = ("signature", "sig_header", "stripe_signature")

_OF_WEBHOOK: Final = r"(?i)hook|(^|_)wh_|endpoint|signing|whsec"


class _Place(NamedTuple):
    """Where the call is: its function, and the statement before which values have to be known."""

    function: NamedFunction
    statement: ast.stmt


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Pass the body, the signature and the secret, each for its parameter."""
    found = [each for each in sdk_verifications.sdk_verifications(module) if module.span(each.node) == hit.span]
    if not found or _comes_from_elsewhere(module, found[0]):
        edit.decline("an API key is passed to the function that verifies: pass the webhook's secret to it")
    verification = found[0]
    call, function = verification.node, module.enclosing_function(verification.node)
    if calls_missing_function(verification):
        edit.replace(call.func, f"{edit.name_of('stripe.WebhookSignature', call)}.verify_header")
        edit.describe("the function that exists is called")
        return
    if verification.secret is not None and is_bytes(module, verification.secret):
        _pass_text(verification.secret, edit)
        return
    if functions.last_name(call.func) != verification.name or verification.open:
        edit.decline("the arguments are passed in another way than by a call")
    if not isinstance(function, NamedFunction):
        edit.decline("it stands in no function of its own")
    if len(verification.positional) > len(verification.parameters):
        surplus = ", ".join(map(ast.unparse, verification.positional[len(verification.parameters) :]))
        edit.decline(f"it is not clear what is meant by the arguments that are too many: {surplus}")
    place = _Place(function, module.statement_of(call))
    given = _given(module, verification, edit)
    sources = {role: edit.source_of(node) for role, node in given.items()}
    for role in _ROLES:
        if role not in sources:
            sources[role] = _at_hand(module, verification, place, role, edit)
    _write(verification, sources, edit)
    edit.describe("each parameter gets what belongs to it")


def _pass_text(secret: ast.expr, edit: Edit) -> None:
    """Pass the secret as it is, without ``.encode()``."""
    if not isinstance(secret, ast.Call) or not isinstance(secret.func, ast.Attribute) or secret.func.attr != "encode":
        edit.decline("pass the secret as text; where it is made bytes of, it may be used for something else too")
    edit.replace(secret, edit.source_of(secret.func.value))
    edit.describe("the secret is passed as text")


def _comes_from_elsewhere(module: Module, verification: SdkVerification) -> bool:
    """Whether the secret is a parameter for which an API key is passed, or that has one as its default."""
    default = handovers.default_in_force(module, verification.secret)
    passed = [(each.module, each.written) for each in handovers.handovers(module, verification.secret)]
    return any(
        role_of(source, each) is Role.API_KEY for source, each in (*passed, *([(module, default)] if default else []))
    )


def _given(module: Module, verification: SdkVerification, edit: Edit) -> dict[Role, ast.expr]:
    """What is passed for the required parameters, by what it is."""
    required = verification.parameters[:REQUIRED]
    passed: list[tuple[Role | None, ast.expr]] = list(zip(_ROLES, verification.positional, strict=False))
    for name, value in verification.keywords.items():
        if name in required:
            passed.append((_ROLES[required.index(name)], value))
        elif name not in verification.parameters:
            passed.append((role_of_name(name), value))
    found: dict[Role, ast.expr] = {}
    unclear: list[tuple[Role | None, ast.expr]] = []
    for slot, value in passed:
        role = role_of(module, value)
        if role is Role.API_KEY or is_empty(literal(module, value)):
            continue
        if role is None:
            unclear.append((slot, value))
        elif role in found:
            edit.decline(f"two arguments look like the {role.name.lower()}; pass {', '.join(required)}")
        else:
            found[role] = value
    for slot, value in unclear:
        free = [role for role in _ROLES if role not in found]
        role = slot if slot in free else free[0] if len(free) == 1 else None
        if role is None:
            edit.decline(f"what {ast.unparse(value)} is can't be told; pass {', '.join(required)}")
        found[role] = value
    return found


def _at_hand(module: Module, verification: SdkVerification, place: _Place, role: Role, edit: Edit) -> str:
    """The expression for what is not passed yet."""
    held = _variable(module, place, role)
    if held is not None:
        return held
    if role is Role.SECRET:
        in_file = _webhook_secret.secret_in_file(
            module, place.function, place.statement, edit, instead_of=verification.node
        )
        if in_file is not None:
            return in_file
        edit.unsafe("which secret belongs to this endpoint is a guess")
        return _webhook_secret.webhook_secret(
            module, place.function, place.statement, edit, instead_of=verification.node
        )
    if role is Role.SIGNATURE:
        known = _webhook_secret.existing_signature(place.function, place.statement)
        if known is not None:
            return known
    parts = _request_parts.request_parts(module, place.function, edit)
    if role is Role.SIGNATURE:
        if not parts.signature:
            edit.decline("how this framework hands over the signature header is not known")
        before = evaluation_order.statement_to_prepare(module, verification.node)
        return parts.signature if before is None else edit.new_variable(before, parts.signature, *_NAMES)
    return _request_parts.raw_body(parts, place.function, place.statement, edit)


def _variable(module: Module, place: _Place, role: Role) -> str | None:
    """The only local variable that holds what is wanted."""
    found = []
    for name, bindings in module.scopes[place.function].bindings.items():
        binding = bindings[0]
        if len(bindings) != 1 or binding.kind is not BindingKind.ASSIGNMENT or binding.value is None:
            continue
        if getattr(module.statement_of(binding.node), "lineno", 0) >= place.statement.lineno:
            continue
        if module.parents[module.statement_of(binding.node)] not in {
            place.function,
            *module.ancestors(place.statement),
        }:
            continue
        is_other_secret = role is Role.SECRET and not re.search(_OF_WEBHOOK, f"{name} {ast.unparse(binding.value)}")
        if role_of(module, binding.value) is role and not is_other_secret:
            found.append(name)
    return found[0] if len(found) == 1 else None


def _has_comment_beside(call: ast.Call, node: ast.expr, edit: Edit) -> bool:
    """Whether a comment stands behind an argument; one behind a call in one line is about the whole."""
    if call.lineno == call.end_lineno:
        return False
    line = edit.module.text.split("\n")[(node.end_lineno or node.lineno) - 1]
    return b"#" in line.encode("utf-8", "surrogatepass")[node.end_col_offset or 0 :]


def _write(verification: SdkVerification, sources: dict[Role, str], edit: Edit) -> None:
    call, parameters = verification.node, verification.parameters
    for name in verification.keywords:
        if name not in parameters:
            if role_of_name(name) is None and len(sources) < REQUIRED:
                edit.decline(f"what {name} is meant for can't be told")
            edit.remove_keyword(call, name)
    for position, role in enumerate(_ROLES):
        name, source = parameters[position], sources[role]
        if position < len(verification.positional):
            old = verification.positional[position]
            if edit.source_of(old) != source:
                if edit.source_of(old) in sources.values() and _has_comment_beside(call, old, edit):
                    edit.decline("the comment beside an argument would come to stand beside another: swap them by hand")
                edit.replace(old, source)
        elif name in verification.keywords:
            if edit.source_of(verification.keywords[name]) != source:
                edit.set_keyword(call, name, source)
        elif call.keywords:
            edit.set_keyword(call, name, source)
        else:
            edit.add_argument(call, source)
