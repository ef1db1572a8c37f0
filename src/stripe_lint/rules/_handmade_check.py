"""Lets a hand-written signature check compare in constant time.

Bytes are compared: ``hmac.compare_digest`` raises a ``TypeError`` for text that is not ASCII and for ``None``, either
of which a forged request can bring about, where ``==`` was just false.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import assignments, functions, handmade_checks, names
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import BindingKind
from stripe_lint.rules import stp110

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Binding
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_DEEPEST: Final = 4
_TEXTS: Final = frozenset({"hexdigest", "hex", "decode", "format", "lower", "upper", "strip", "replace", "join"})
_BYTES: Final = frozenset({"digest", "encode", "b64encode", "urlsafe_b64encode", "hexlify", "fromhex", "unhexlify"})
_COLLECTIONS: Final = (ast.List, ast.Tuple, ast.Set, ast.ListComp, ast.SetComp)


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Replace ``==``, ``!=``, ``in`` or ``not in`` at ``hit``."""
    found = next((each for each in handmade_checks.handmade_checks(module) if module.span(each.node) == hit.span), None)
    if found is None:
        edit.decline("the comparison is not found again")
    node = found.node
    if not isinstance(node, ast.Compare):
        edit.decline("it compares in constant time; let stripe.Webhook.construct_event check signature, age and JSON")
    if len(node.ops) != 1:
        edit.decline("it compares more than two values; compare each with hmac.compare_digest")
    operator, right = node.ops[0], node.comparators[0]
    compare = edit.name_of("hmac.compare_digest", node)
    if isinstance(operator, ast.In | ast.NotIn):
        if not _is_collection(module, right):
            edit.decline("it can't be told whether a list is searched or a text; compare each signature of a list")
        each = edit.free_name(node, "signature", "given", "candidate")
        digest = _as_bytes(module, node.left, edit)
        given = each if _is_bytes(module, node.left) else f"{each}.encode()"
        written = f"any({compare}({digest}, {given}) for {each} in {edit.source_of(right)})"
    else:
        written = f"{compare}({_operand(module, node.left, right, edit)}, {_operand(module, right, node.left, edit)})"
    edit.replace(node, f"not {written}" if isinstance(operator, ast.NotEq | ast.NotIn) else written)
    edit.describe("the signatures are compared in constant time")
    edit.leaves(stp110.HANDMADE)


def _operand(module: Module, node: ast.expr, other: ast.expr, edit: Edit) -> str:
    """One side of an equality as bytes."""
    if handmade_checks.is_digest(module, node):
        return _as_bytes(module, node, edit)
    is_bytes = _is_bytes(module, other)
    source = edit.source_of(node)
    kind = _type_of(module, node, 0)
    if {kind, bytes if is_bytes else str} == {str, bytes}:
        edit.decline("one side is text and the other is bytes, which are never equal; decode or encode one of them")
    if is_bytes and kind is None:
        edit.decline("the digest is bytes, and a header is text, which is never equal; make it with hexdigest")
    empty = 'b""' if is_bytes else '""'
    if _is_plain_get(node):
        source = f"{source[:-1].rstrip().rstrip(',')}, {empty})"
    elif _may_be_none(module, node):
        source = f"{source} or {empty}" if is_bytes else f"({source} or {empty})"
    elif not is_bytes and not isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
        source = f"({source})"
    return source if is_bytes else f"{source}.encode()"


def _as_bytes(module: Module, node: ast.expr, edit: Edit) -> str:
    kind = _type_of(module, node, 0)
    if kind is None:
        edit.decline("it can't be told whether the digest is text or bytes; compare bytes with hmac.compare_digest")
    source = edit.source_of(node)
    if kind is bytes:
        return source
    return f"{source}.encode()" if isinstance(node, ast.Name | ast.Attribute | ast.Call) else f"({source}).encode()"


def _is_bytes(module: Module, digest: ast.expr) -> bool:
    return _type_of(module, digest, 0) is bytes


def _type_of(module: Module, node: ast.expr, depth: int) -> type | None:
    """``str`` or ``bytes``, as far as it can be told what an expression made from a digest is."""
    if depth > _DEEPEST:
        return None
    if isinstance(node, ast.JoinedStr):
        return str
    if isinstance(node, ast.Constant):
        return type(node.value) if isinstance(node.value, str | bytes) else None
    if isinstance(node, ast.BinOp):
        return _type_of(module, node.left, depth + 1) or _type_of(module, node.right, depth + 1)
    if isinstance(node, ast.Name):
        source, assigned = assignments.assigned_expression(module, node)
        return _type_of(source, assigned, depth + 1) if assigned is not node else None
    if not isinstance(node, ast.Call):
        return None
    if names.dotted_path(module, node.func) == "hmac.digest":
        return bytes
    reference = names.resolve(module, node.func)
    if isinstance(reference, FunctionReference):
        returned = reference.module.returns.get(reference.node, [])
        kinds = {_type_of(reference.module, each.value, depth + 1) if each.value else None for each in returned}
        return kinds.pop() if len(kinds) == 1 else None
    name = functions.last_name(node.func)
    if name in _TEXTS:
        return str
    return bytes if name in _BYTES else None


def _may_be_none(module: Module, node: ast.expr) -> bool:
    """Whether what is compared with the digest may be missing."""
    if isinstance(node, ast.Subscript | ast.JoinedStr | ast.BinOp | ast.Constant):
        return False
    if isinstance(node, ast.Call):
        return functions.last_name(node.func) not in _TEXTS | _BYTES and not (
            functions.last_name(node.func) == "get" and len(node.args) > 1
        )
    if not isinstance(node, ast.Name):
        return True
    bindings = module.bindings_of(node)
    return not bindings or any(_may_bind_none(module, each) for each in bindings)


def _may_bind_none(module: Module, binding: Binding) -> bool:
    if binding.kind is BindingKind.PARAMETER:
        annotation = binding.node.annotation if isinstance(binding.node, ast.arg) else None
        return annotation is None or functions.last_name(annotation) not in {"str", "bytes"}
    if binding.kind is not BindingKind.ASSIGNMENT:
        return False
    if binding.value is None:
        return False
    return isinstance(binding.value, ast.Name) or _may_be_none(module, binding.value)


def _is_plain_get(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and functions.last_name(node.func) == "get"
        and len(node.args) == 1
        and not node.keywords
    )


def _is_collection(module: Module, node: ast.expr) -> bool:
    """Whether an expression is a list, tuple or set of texts rather than a text."""
    _, assigned = assignments.assigned_expression(module, node) if isinstance(node, ast.Name) else (module, node)
    if isinstance(assigned, _COLLECTIONS):
        return True
    return isinstance(assigned, ast.Call) and functions.last_name(assigned.func) in {"list", "set", "getlist", "split"}
