"""What is answered instead of an exception's text, and how it takes the text's place in an expression."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import caught_errors, error_handlers, functions, syntax, webhook_functions
from stripe_lint.rules import _text_literals
from stripe_lint.rules._exception_texts import Catch, Shape, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit

GENERIC: Final = "The request could not be processed"
_SIGNATURE: Final = "Invalid signature"
_PAYLOAD: Final = "Invalid payload"
_EITHER: Final = "Invalid payload or signature"

_SIGNATURE_ERRORS: Final = frozenset({"SignatureVerificationError"})
_PAYLOAD_ERRORS: Final = frozenset({"ValueError", "JSONDecodeError", "UnicodeDecodeError"})
_SHORT: Final = 3
"""How many statements a ``try`` may have that does nothing but verify."""


def is_for_customer(catch: Catch) -> bool:
    """Whether only card errors are caught, whose message Stripe writes for the customer."""
    return _kinds(catch) == {"CardError"}


def hides_card_errors(catch: Catch) -> bool:
    """Whether card errors, whose message the customer should see, may be caught together with others."""
    attempt = _attempt(catch)
    earlier = attempt.handlers if attempt is not None else []
    for handler in earlier:
        if handler is catch.node:
            break
        if {"CardError", "StripeError"} & caught_errors.caught_names(catch.module, handler):
            return False
    return bool({"CardError", "StripeError", "Exception", "BaseException"} & _kinds(catch)) and not _verifies(catch)


def _kinds(catch: Catch) -> set[str]:
    if isinstance(catch.node, ast.ExceptHandler):
        return caught_errors.caught_names(catch.module, catch.node)
    return error_handlers.classes_of(catch.module, catch.node)


def is_bad_request(catch: Catch) -> bool:
    """Whether what is caught says that the request itself is wrong: not signed, or unreadable."""
    return _text(catch) != GENERIC


def _text(catch: Catch) -> str:
    kinds = _kinds(catch)
    if kinds <= _SIGNATURE_ERRORS:
        return _SIGNATURE
    if kinds <= _PAYLOAD_ERRORS and _verifies(catch):
        return _PAYLOAD
    if kinds <= _PAYLOAD_ERRORS | _SIGNATURE_ERRORS or _only_verifies(catch):
        return _EITHER if _verifies(catch) else GENERIC
    return GENERIC


def _attempt(catch: Catch) -> ast.Try | None:
    around = catch.module.parents.get(catch.node)
    return around if isinstance(around, ast.Try) else None


def _verifies(catch: Catch) -> bool:
    attempt = _attempt(catch)
    return attempt is not None and any(
        isinstance(node, ast.Call) and functions.last_name(node.func) in webhook_functions.NAMES
        for statement in attempt.body
        for node in syntax.own_nodes(statement)
    )


def _only_verifies(catch: Catch) -> bool:
    attempt = _attempt(catch)
    return (
        attempt is not None
        and attempt.handlers[0] is catch.node
        and len(attempt.body) <= _SHORT
        and not any(hasattr(statement, "body") for statement in attempt.body)
    )


def literal(catch: Catch, at: ast.AST) -> str:
    """The answer as a string literal with the quotes that the statement around ``at`` uses."""
    return _text_literals.quoted(_text(catch), _spelling(catch.module, at))


def _spelling(module: Module, at: ast.AST) -> str:
    statement = module.statement_of(at)
    source = ast.get_source_segment(module.text, statement) or ""
    return source if "'" in source or '"' in source else module.text


def needs_exception(catch: Catch, found: Iterable[ast.expr]) -> bool:
    """Whether what takes the place of ``found`` reads the exception."""
    shapes = {shape_of(text, catch.names) for text in found}
    return is_for_customer(catch) or bool(shapes & {Shape.ERROR, Shape.BODY})


def description(catches: Iterable[Catch]) -> str:
    """What the client gets after the repair, in a few words."""
    kinds = {"user_message" if is_for_customer(catch) else "a fixed text" for catch in catches}
    return " or ".join(sorted(kinds))


def replace(module: Module, catch: Catch, found: list[ast.expr], edit: Edit) -> None:
    """Put the answer where ``found``, texts of the exception, stand; where a text can do without, leave it out."""
    fields: dict[ast.JoinedStr, list[ast.FormattedValue]] = {}
    for text in found:
        parent = module.parents[text]
        if isinstance(parent, ast.FormattedValue):
            joined = module.parents[parent]
            if not isinstance(joined, ast.JoinedStr) or isinstance(module.parents[joined], ast.FormattedValue):
                edit.decline("the text stands in an f-string within another")
            fields.setdefault(joined, []).append(parent)
        else:
            _replace_text(module, catch, text, edit)
    for joined, gone in fields.items():
        _replace_fields(catch, joined, gone, edit)


def _replace_fields(catch: Catch, joined: ast.JoinedStr, gone: list[ast.FormattedValue], edit: Edit) -> None:
    source = edit.source_of(joined)
    if is_for_customer(catch):
        name = next(iter(catch.names))
        pattern = rf"\{{\s*(?:str\()?{re.escape(name)}\)?\s*(?:![rs])?\s*\}}"
        shown, count = re.subn(pattern, f"{{{name}.user_message}}", source)
        if count != len(gone):
            edit.decline("answer user_message in this f-string")
        edit.replace(joined, shown)
        return
    fields = _text_literals.fields_of(joined)
    edit.replace(joined, _text_literals.without_fields(source, {fields.index(field) for field in gone}, _text(catch)))


def _replace_text(module: Module, catch: Catch, text: ast.expr, edit: Edit) -> None:
    new = f"{next(iter(catch.names))}.user_message" if is_for_customer(catch) else literal(catch, text)
    if isinstance(text, ast.IfExp):
        other = next((part for part in (text.orelse, text.body) if isinstance(part, ast.Constant) and part.value), None)
        edit.replace(text, edit.source_of(other) if other is not None else new)
        return
    shape = shape_of(text, catch.names)
    if shape is Shape.TEXT or shape is Shape.EXCEPTION:
        shorter = None if is_for_customer(catch) else _without(module, catch, text, edit)
        if shorter is not None:
            edit.replace(*shorter)
        else:
            edit.replace(text, new)
        return
    mark = new[-1] if not is_for_customer(catch) else '"'
    code = f", {mark}code{mark}: {next(iter(catch.names))}.code" if catch.names else ""
    error = f"{{{mark}message{mark}: {new}{code}}}"
    if shape is Shape.ERROR:
        edit.replace(text, error)
    elif shape is Shape.BODY:
        edit.replace(text, f"{{{mark}error{mark}: {error}}}")
    elif shape is Shape.LIST:
        edit.replace(text, f"[{new}]")
    else:
        if is_for_customer(catch):
            edit.decline("answer user_message instead of the raw body")
        edit.replace(text, f"""'{{"error": {{"message": "{_text(catch)}"}}}}'""")


def _without(module: Module, catch: Catch, text: ast.expr, edit: Edit) -> tuple[ast.expr, str] | None:
    """The expression that puts ``text`` into a longer one, and that one without it."""
    parent = module.parents[text]
    held: ast.AST = text
    if isinstance(parent, ast.Tuple) and len(parent.elts) == 1:
        held, parent = parent, module.parents[parent]
    if isinstance(parent, ast.BinOp) and held is parent.right and _is_text(parent.left):
        source = edit.source_of(parent.left)
        if isinstance(parent.op, ast.Mod):
            shorter = _text_literals.shortened(source, _text(catch))
        else:
            shorter = _text_literals.without_end(source) if isinstance(parent.op, ast.Add) else None
        return (parent, shorter) if shorter is not None else None
    if (
        isinstance(parent, ast.Call)
        and parent.args == [text]
        and not parent.keywords
        and isinstance(parent.func, ast.Attribute)
        and parent.func.attr == "format"
        and _is_text(parent.func.value)
    ):
        shorter = _text_literals.shortened(edit.source_of(parent.func.value), _text(catch))
        return (parent, shorter) if shorter is not None else None
    return None


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
