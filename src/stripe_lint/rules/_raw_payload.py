"""Repairs a verification of something else than the raw body: which expression is the raw body, and where it goes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import callers, functions, handlers, syntax, webhooks
from stripe_lint.analysis.evaluation_order import statement_to_prepare
from stripe_lint.analysis.scopes import BindingKind, NamedFunction
from stripe_lint.analysis.values import Mark
from stripe_lint.errors import Declined
from stripe_lint.rules import _early_parse, _request_parts

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.webhooks import WrongPayload
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

MOST_CALLERS: Final = 3
"""How many calls up the body of a Lambda's event is looked for."""


class _Source(NamedTuple):
    """What is replaced: the payload argument, or the value of the only variable that it is read from."""

    node: ast.expr
    variable: ast.Name | None = None


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Let the verification at ``hit`` get the body as it was sent."""
    for wrong in webhooks.wrong_payloads(module):
        if module.span(wrong.place.node) == hit.span and isinstance(wrong.place.node, ast.Call):
            if wrong.base64_flag:
                _decode(module, wrong.place.node, wrong.fact.argument, edit)
            else:
                _verify_raw_body(module, wrong, wrong.place.node, edit)
            return
    edit.decline("the verification is not found again")


def _verify_raw_body(module: Module, wrong: WrongPayload, call: ast.Call, edit: Edit) -> None:
    function = module.enclosing_function(call)
    if not isinstance(function, NamedFunction):
        edit.decline("the verification stands in no function of its own")
    made = wrong.made.node if wrong.made is not None and wrong.made.module is module else None
    in_parameter = made is function
    if made is None or not (in_parameter or made in syntax.descendants(function)):
        edit.decline("the body is read in another function; let that return the raw body")
    argument = _payload(module, wrong, call, made)
    source = _source(module, function, argument)
    raw = _inner_body(made, edit)
    if raw is None:
        parts = _request_parts.request_parts(module, function, edit)
        raw = _request_parts.raw_body(parts, function, module.statement_of(source.node), edit)
    if functions.last_name(call.func) == "verify_header":
        # It takes text only, up to SDK 15.5.1.
        raw = f'({raw}).decode("utf-8")' if raw.startswith("await ") else f'{raw}.decode("utf-8")'
    edit.replace(source.node, raw)
    edit.describe("the raw body is verified")
    unread = {source.node, *([source.variable] if source.variable is not None else [])}
    for parse in _parses_left(module, wrong, function, source.node):
        _early_parse.move_behind(module, parse, wrong.fact.place, edit, unread)
        edit.describe("the raw body is verified, and parsed behind that")


def _payload(module: Module, wrong: WrongPayload, call: ast.Call, made: ast.AST) -> ast.expr:
    if wrong.place == wrong.fact.place and wrong.fact.argument is not None:
        return wrong.fact.argument
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        if made is argument or made in syntax.descendants(argument):
            return argument
        if isinstance(argument, ast.Name):
            value = _only_value(module, argument)
            if value is not None and (made is value or made in syntax.descendants(value)):
                return argument
    raise Declined("it can't be seen which argument is the body")


def _only_value(module: Module, name: ast.Name) -> ast.expr | None:
    """What a local variable, or parameter, is set to in the one place that sets it and nothing else."""
    bindings = [each for each in module.bindings_of(name) if each.kind is not BindingKind.PARAMETER]
    if len(bindings) != 1 or bindings[0].kind is not BindingKind.ASSIGNMENT or not bindings[0].is_alone:
        return None
    value = bindings[0].value
    is_local = value is not None and module.enclosing_function(value) is module.enclosing_function(name)
    return value if is_local else None


def _source(module: Module, function: NamedFunction, argument: ast.expr) -> _Source:
    if isinstance(argument, ast.Name):
        value = _only_value(module, argument)
        reads = [
            node
            for node in syntax.descendants(function)
            if isinstance(node, ast.Name) and node.id == argument.id and isinstance(node.ctx, ast.Load)
        ]
        if value is not None and reads == [argument]:
            return _Source(value, argument)
    return _Source(argument)


def _inner_body(made: ast.AST, edit: Edit) -> str | None:
    """The raw body that ``made`` parses or alters, as it is written there."""
    if not isinstance(made, ast.Call):
        return None
    name = functions.last_name(made.func)
    if name in {"loads", "str", "bytes"} and len(made.args) >= 1:
        inner: ast.expr = made.args[0]
    elif name in {"decode", "strip", "lstrip", "rstrip", "replace", "lower", "upper"} and isinstance(
        made.func, ast.Attribute
    ):
        inner = made.func.value
    else:
        return None
    if isinstance(inner, ast.Call) and functions.last_name(inner.func) in {"decode", "str", "smart_str"}:
        return None
    return edit.source_of(inner)


def _parses_left(module: Module, wrong: WrongPayload, function: NamedFunction, replaced: ast.expr) -> list[ast.expr]:
    """The parses that stay in the function, before the verification."""
    inside = {replaced, *syntax.descendants(replaced)}
    return [
        tag.node
        for tag in wrong.fact.payload.tagged(Mark.PARSED)
        if tag.module is module
        and isinstance(tag.node, ast.expr)
        and tag.node not in inside
        and module.enclosing_function(tag.node) is function
    ]


def _decode(module: Module, call: ast.Call, argument: ast.expr | None, edit: Edit) -> None:
    """Decode the body of a Lambda's event, which ``call`` gets, where the gateway says that it is base64."""
    if argument is None:
        edit.decline("it can't be seen which argument is the body")
    for _ in range(MOST_CALLERS):
        function = module.enclosing_function(call)
        if not isinstance(function, NamedFunction):
            break
        value = _only_value(module, argument) if isinstance(argument, ast.Name) else argument
        if value is not None:
            _decode_value(module, function, value, edit)
            return
        sites = callers.call_sites(module, function) or []
        if not isinstance(argument, ast.Name) or len(sites) != 1 or sites[0][0] is not module:
            break
        call = sites[0][1]
        passed = callers.argument_for(module, function, call, argument.id)
        if passed is None:
            break
        argument = passed
    edit.decline("the body comes from somewhere else; decode it where the event is")


def _decode_value(module: Module, function: NamedFunction, value: ast.expr, edit: Edit) -> None:
    framework = handlers.framework_for(module, function)
    if isinstance(value, ast.Attribute) and value.attr in framework.raw_attributes and framework.base64_flag:
        edit.replace(value, framework.raw_body.replace("{request}", edit.source_of(value.value)))
        edit.describe("a body in base64 is decoded")
        return
    body = next((node for node in (value, *syntax.descendants(value)) if _reads_body(node)), None)
    if not framework.keyed or not isinstance(body, ast.Call | ast.Subscript):
        edit.decline("the event of the Lambda is not in sight here; decode the body where it is")
    event = body.value if isinstance(body, ast.Subscript) else body.func.value  # type: ignore[attr-defined]
    flag = f'{edit.source_of(event)}.get("{framework.base64_flag}")'
    decode = edit.name_of("base64.b64decode", value)
    decoded = f"{decode}({edit.source_of(body)}) if {flag} else {edit.source_of(value)}"
    statement = statement_to_prepare(module, value)
    if statement is not None and isinstance(module.parents[value], ast.Call | ast.keyword):
        decoded = edit.new_variable(statement, decoded, "payload", "raw_body")
        _parse_decoded(function, body, decoded, edit)
    edit.replace(value, decoded)
    edit.describe("a body in base64 is decoded")


def _parse_decoded(function: NamedFunction, body: ast.expr, decoded: str, edit: Edit) -> None:
    """Parse what was decoded, and verified, wherever the function parses the body further down."""
    for node in syntax.own_nodes(function):
        if (
            isinstance(node, ast.Call)
            and functions.last_name(node.func) == "loads"
            and node.lineno > body.lineno
            and node.args
            and ast.dump(node.args[0]) == ast.dump(body)
        ):
            edit.replace(node.args[0], decoded)


def _reads_body(node: ast.AST) -> bool:
    """Whether ``node`` is ``event["body"]`` or ``event.get("body")``."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and node.slice.value == "body"
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == "body"
    )
