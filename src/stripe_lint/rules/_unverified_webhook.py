"""Repairs a handler that verifies nothing: the raw body is verified before the handler gets at its content.

The parse stays as it is. Since SDK 15 an event is no ``dict``, so that taking the event in its place could break what
the handler does with it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import blocks, functions, handlers, syntax, webhook_functions, webhooks
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.rules import _logged_refusal, _refusals, _request_parts, _webhook_secret, stp101

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.webhooks import Unverified
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit
    from stripe_lint.rules._request_parts import RequestParts

LONGEST_LINE = 96
"""How many characters of the verification stand on one line."""


_UNVERIFIED = frozenset({*webhook_functions.UNVERIFYING, webhook_functions.DESERIALIZING, *webhook_functions.HANDLING})


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Put a verification in front of where the event at ``hit`` is made."""
    for found in webhooks.unverified(module):
        if stp101.place_span(module, found.place.node) == hit.span:
            _verify(module, found, edit)
            return
    edit.decline("the handler is not found again")


def _verify(module: Module, found: Unverified, edit: Edit) -> None:
    if found.never_run is not None:
        edit.decline("the handler calls a verification without await; await it")
    if found.passed_over is not None:
        edit.decline("the decorator that verifies stands above the route; put it below")
    node = found.place.node
    function = node if isinstance(node, NamedFunction) else module.enclosing_function(node)
    if not isinstance(function, NamedFunction):
        edit.decline("the event is made in no function of its own")
    if not _refusals.answers(module, function):
        if function.name == found.handler.function.name:
            edit.decline(
                f"how {function.name} is registered can't be seen here, so neither how it answers; verify in it"
            )
        edit.decline(f"{function.name} makes the event and {found.handler.function.name} has the request; verify there")
    if isinstance(node, ast.Call) and functions.last_name(node.func) in _UNVERIFIED:
        edit.decline("the SDK is asked not to verify; call the function that takes the signature and the secret")
    if _speaks_of_notifications(function):
        edit.decline("it takes event notifications; verify them with parse_event_notification")
    statement = _statement(module, function, found, edit)
    edit.unsafe("verifying the signature changes what the handler accepts")
    secret = _webhook_secret.webhook_secret(module, function, statement, edit)
    payload = _raw_variable(module, node, function, statement)
    signature = _webhook_secret.existing_signature(function, statement)
    if payload is None or signature is None:
        parts = _request_parts.request_parts(module, function, edit)
        if not parts.signature:
            edit.decline("how this framework hands over the signature header is not known")
        if payload is None:
            payload = _request_parts.raw_body(parts, function, statement, edit)
            _decode_where_parsed(node, parts, payload, edit)
        signature = signature or parts.signature
    refusal = _refusals.refusal(module, function, found.handler, statement, edit)
    refusal = _logged_refusal.logged(module, statement, refusal, "    ", edit)
    verify, error = _sdk(module, statement, edit)
    call = _call(verify, payload, signature, secret)
    edit.insert_before(statement, f"try:\n    {call}\nexcept (ValueError, {error}):\n    {refusal}")
    edit.describe("the raw body is verified first")
    edit.note("look at the secret that the new verification uses: each endpoint has its own")


def _statement(module: Module, function: NamedFunction, found: Unverified, edit: Edit) -> ast.stmt:
    """The statement in front of which the verification belongs."""
    if found.place.node is function:
        first = functions.below_docstring(function)
        if not first:
            edit.decline("the function has no body")
        return first[0]
    inside = set(syntax.descendants(function))
    origins = [node for node in found.origins if node in inside]
    target = blocks.first_in_common_block(module, function, origins or [found.place.node])
    if target is None:
        edit.decline("the event is made in a place where nothing can be put before it")
    parent = module.parents[target]
    while isinstance(parent, ast.Try) and parent.body[0] is target:
        target, parent = parent, module.parents[parent]
    block = blocks.block_of(module, target)
    return next(statement for statement in block if statement.lineno == target.lineno)


def _speaks_of_notifications(function: NamedFunction) -> bool:
    """Whether a handler names types of API v2 events, which ``construct_event`` refuses."""
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(("v1.", "v2."))
        for node in syntax.descendants(function)
    )


def _raw_variable(module: Module, node: ast.AST, function: NamedFunction, before: ast.stmt) -> str | None:
    """The variable with the raw body that ``node`` decodes."""
    if handlers.framework_for(module, function).base64_flag and not webhooks.knows_base64([module]):
        return None
    for call in (node, *syntax.descendants(node)):
        if isinstance(call, ast.Call) and functions.last_name(call.func) == "loads" and call.args:
            argument = call.args[0]
            if isinstance(argument, ast.Name) and _is_bound_before(argument.id, function, before):
                return argument.id
    return None


def _decode_where_parsed(node: ast.AST, parts: RequestParts, payload: str, edit: Edit) -> None:
    """Let the parse read the decoded body, where a gateway may deliver base64."""
    if not parts.framework.base64_flag:
        return
    for call in (node, *syntax.descendants(node)):
        if not isinstance(call, ast.Call) or functions.last_name(call.func) != "loads" or not call.args:
            continue
        if ast.unparse(call.args[0]) == ast.unparse(ast.parse(parts.raw_body, mode="eval")):
            edit.replace(call.args[0], payload)


def _is_bound_before(name: str, function: NamedFunction, before: ast.stmt) -> bool:
    if any(parameter.arg == name for parameter in functions.parameters(function)):
        return True
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Store)
        and node.lineno < before.lineno
        for node in syntax.descendants(function)
    )


def _call(verify: str, *arguments: str) -> str:
    """The call on one line, with the arguments on the next, or with each on a line of its own."""
    together = ", ".join(arguments)
    if len(verify) + len(together) < LONGEST_LINE:
        return f"{verify}({together})"
    if len(together) < LONGEST_LINE:
        return f"{verify}(\n        {together}\n    )"
    each = "".join(f"        {argument},\n" for argument in arguments)
    return f"{verify}(\n{each}    )"


def _sdk(module: Module, at: ast.stmt, edit: Edit) -> tuple[str, str]:
    """How to write the verification and its exception."""
    webhook = edit.name_of("stripe.Webhook", at)
    package = webhook.removesuffix(".Webhook") if webhook.endswith(".Webhook") else None
    return f"{webhook}.construct_event", _refusals.signature_error(module, at, edit, package)
