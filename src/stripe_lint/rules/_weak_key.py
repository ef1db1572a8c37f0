"""Repairs a request whose key does not name the operation: a key that does, a random one, or a hash of the person."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import assignments, functions, keys, redelivery, syntax, weak_keys
from stripe_lint.analysis.scopes import BindingKind
from stripe_lint.analysis.weak_keys import Weakness
from stripe_lint.rules import _missing_key, _passing_keys, _retried_keys

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Binding
    from stripe_lint.analysis.weak_keys import WeakKey
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_ANOTHER_EACH_TIME: Final = frozenset({Weakness.CLOCK, Weakness.CHANCE, Weakness.PROCESS, Weakness.COUNTER})

_LOSES_ID: Final = (
    "a random key would lose the id that this one holds; keep it, and tell the requests for it apart by something that"
    " is stored, such as a number of the attempt"
)

_HASHED = "a hash of personal data still tells one person from another: an id of your own is the better key"


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Give the request of the key at ``hit`` one that names the operation, as far as something does."""
    weak = next((each for each in weak_keys.weak_keys(module) if module.span(each.node) == hit.span), None)
    if weak is None:
        edit.decline("the key is not found again")
    if weak.handover is not None:
        edit.decline("a caller makes the key; name the operation there")
    edit.unsafe("the request gets another key")
    if weak.weakness is Weakness.PERSONAL:
        _hash(weak, edit)
    else:
        _give_key(module, weak, edit)


def _give_key(module: Module, weak: WeakKey, edit: Edit) -> None:
    request = weak.request
    variable = weak.node if weak.node is not request.node and isinstance(weak.node, ast.expr) else None
    redelivered = redelivery.redelivery_around(module, request.node) is not None

    def use(key: str) -> None:
        if variable is not None and _is_bound_before(module, key, variable):
            edit.replace(variable, key)
            return
        argument = request.key_argument
        _passing_keys.replace_key(request, edit, key)
        if argument is not None and keys.has_no_effect(assignments.assigned_expression(module, argument)[1]):
            _passing_keys.drop_unread(module, argument, edit)

    if weak.holds_id and weak.weakness in _ANOTHER_EACH_TIME and not edit.options.from_store:
        if not _missing_key.derive(module, request, edit, use):
            edit.decline(_LOSES_ID)
    elif variable is None or redelivered or edit.options.from_store:
        _missing_key.give_key(module, request, edit, use, redelivered=redelivered)
    elif not _missing_key.derive(module, request, edit, use):
        # A variable that is made within a retry is another rule's.
        edit.replace(variable, _retried_keys.fresh_key(edit, variable))
        edit.describe("a random key for this call")
        edit.note(_retried_keys.STORED_KEY)


def _is_bound_before(module: Module, key: str, variable: ast.expr) -> bool:
    """Whether all that the source ``key`` reads has its value where the expression ``variable`` is."""
    scope = module.scope_of(variable)
    for node in syntax.descendants(ast.parse(key, mode="eval")):
        if not isinstance(node, ast.Name):
            continue
        found = scope.lookup(node.id)
        if found is None or (found[0] is scope and not all(_is_before(each, variable) for each in found[1])):
            return False
    return True


def _is_before(binding: Binding, variable: ast.expr) -> bool:
    line: int = getattr(binding.node, "lineno", variable.lineno)
    return binding.kind is BindingKind.PARAMETER or line < variable.lineno


def _gives_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and functions.last_name(node.func) in {"join", "format", "lower", "strip", "str"}


def _hash(weak: WeakKey, edit: Edit) -> None:
    """The same data give the same key, and nobody can read them in it."""
    made = weak.request.key_argument if weak.node is weak.request.node else weak.node
    if made is None:
        edit.decline("the key is among arguments that are handed on")
    text = edit.source_of(made)
    if not isinstance(made, ast.JoinedStr | ast.Constant) and not _gives_text(made):
        is_text = isinstance(made, ast.BinOp) and any(
            isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
            for side in (made.left, made.right)
        )
        text = f"({text})" if is_text else f"str({text})"
    edit.replace(made, f"{edit.name_of('hashlib.sha256', made)}({text}.encode()).hexdigest()")
    edit.describe("the key is a hash")
    edit.note(_HASHED)
