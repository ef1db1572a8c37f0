"""What the arguments of a verification are by the look of them: the body, the signature, the secret, or an API key."""

from __future__ import annotations

import ast
import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import assignments, functions, names, static_values, syntax, webhook_functions
from stripe_lint.analysis.body_uses import text_of

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.sdk_verifications import SdkVerification

_DEEPEST: Final = 4

_KEY_NAME: Final = (
    r"(?:(?:stripe|my|the|live|test|prod|production)_)*"
    r"(?:secret_key|secret_api_key|api_key|apikey|private_key|publishable_key|public_key|sk|pk)(?:_(?:live|test))?"
)
_SIGNATURES: Final = frozenset({"sig", "sig_header", "signature", "signature_header"})
_ENDS_OF_KEY_NAMES: Final = ("key", "sk", "pk", "_live", "_test")
_KEY: Final = r"(?:sk|rk|pk)_(?:live|test)_"
_API_KEYS: Final = frozenset({"stripe.api_key", "stripe.publishable_key"})


class Role(Enum):
    """What an argument is."""

    PAYLOAD = auto()
    SIGNATURE = auto()
    SECRET = auto()
    API_KEY = auto()


def roles(verification: SdkVerification) -> tuple[Role | None, Role | None, Role | None]:
    """What is passed as the body, the signature and the secret; ``None`` where that can't be told."""
    module = verification.module
    given = (verification.payload, verification.signature, verification.secret)
    first, second, third = (role_of(module, node) if node is not None else None for node in given)
    return first, second, third


def literal(module: Module, node: ast.expr | None) -> ast.Constant | None:
    """The literal that an argument is, where it is passed or where its variable is assigned."""
    if isinstance(node, ast.Name):
        node = assignments.assigned_expression(module, node)[1]
    return node if isinstance(node, ast.Constant) else None


def is_empty(constant: ast.Constant | None) -> bool:
    """Whether a literal is ``None``, or a text without content."""
    if constant is None:
        return False
    return constant.value is None or (isinstance(constant.value, str) and not constant.value.strip())


def is_bytes(module: Module, node: ast.expr) -> bool:
    """Whether an argument is bytes, by a literal or by ``.encode()`` of a text."""
    source, made = assignments.assigned_expression(module, node)
    if isinstance(made, ast.Constant):
        return isinstance(made.value, bytes)
    if not isinstance(made, ast.Call):
        return False
    is_encoded = isinstance(made.func, ast.Attribute) and made.func.attr == "encode"
    return is_encoded or names.dotted_path(source, made.func) == "builtins.bytes"


def calls_missing_function(verification: SdkVerification) -> bool:
    """Whether a call is one of ``stripe.Webhook.verify_header``, which no release has."""
    path = names.dotted_path(verification.module, verification.node.func)
    return path == "stripe.Webhook.verify_header"


def role_of(module: Module, node: ast.expr, depth: int = 0) -> Role | None:
    """What an expression is, by where it comes from, else by its name."""
    if depth > _DEEPEST:
        return None
    if isinstance(node, ast.Await):
        return role_of(module, node.value, depth + 1)
    if isinstance(node, ast.Constant):
        return _role_of_text(node.value)
    if isinstance(node, ast.Attribute) and names.dotted_path(module, node) in _API_KEYS:
        return Role.API_KEY
    if isinstance(node, ast.Name | ast.Attribute):
        source, assigned = assignments.assigned_expression(module, node)
        if assigned is not node:
            found = role_of(source, assigned, depth + 1)
            if found is not None:
                return found
        known = text_of(static_values.of(module, node))
        by_value = _role_of_text(known) if known is not None else None
        return by_value or role_of_name(functions.last_name(node) or "")
    return _role_of_lookup(node)


def _role_of_text(content: object) -> Role | None:
    if not isinstance(content, str):
        return None
    if re.match(_KEY, content):
        return Role.API_KEY
    return Role.SECRET if content.startswith("whsec_") else None


def _role_of_lookup(node: ast.expr) -> Role | None:
    """What a subscript or a call looks up, by the texts in it: a header, an environment variable, a setting."""
    if isinstance(node, ast.Call):
        parts: list[ast.expr] = [*node.args[:1], node.func]
    elif isinstance(node, ast.Subscript):
        parts = [node.slice]
    else:
        return None
    for part in parts:
        for inner in syntax.descendants(part):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                return _role_of_text(inner.value) or role_of_name(inner.value)
    function = node.func if isinstance(node, ast.Call) else None
    return role_of_name(functions.last_name(function) or "") if function is not None else None


def role_of_name(name: str) -> Role | None:
    """What a variable, setting or parameter of this name holds."""
    words = name if name.islower() else re.sub(r"([a-z])([A-Z])", r"\1_\2", name)
    plain = words.lower().replace("-", "_")
    if plain.endswith(_ENDS_OF_KEY_NAMES) and re.fullmatch(_KEY_NAME, plain):
        return Role.API_KEY
    if "secret" in plain or "whsec" in plain:
        return Role.SECRET
    if plain in _SIGNATURES or webhook_functions.names_signature_header(plain):
        return Role.SIGNATURE
    if plain in {"payload", "body", "raw_body", "raw", "data", "get_data", "raw_payload", "raw_data"}:
        return Role.PAYLOAD
    return None
