"""Takes out what switches the check of Stripe's certificate off."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import blocks
from stripe_lint.analysis.sdk_uses import switches_off, unverified_transports
from stripe_lint.comments import comments_in

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_OWN_AUTHORITY: Final = "a proxy or stand-in with a certificate of its own needs its authority in stripe.ca_bundle_path"
_SWITCHES: Final = ("verify_ssl_certs", "verify")
_VALUE: Final = 2
"""Which argument of ``setattr`` is the value."""


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Take out the setting or argument at ``hit``."""
    node = next((each for each in unverified_transports(module) if module.span(each) == hit.span), None)
    if node is None:
        edit.decline("the setting is not found again")
    edit.unsafe("requests fail then where the certificate can't be checked")
    if isinstance(node, ast.Call) and _is_setattr(node):
        statement = module.parents[node]
        if isinstance(statement, ast.Expr) and not _is_needed(module, statement):
            edit.remove_statement(statement)
        else:
            edit.replace(node.args[_VALUE], "True")
    elif isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg in _SWITCHES and switches_off(keyword.value):
                edit.remove_keyword(node, keyword.arg)
    else:
        _out_of_assignment(module, node, edit)
    edit.describe("the certificate is checked")
    edit.note(_OWN_AUTHORITY)


def _out_of_assignment(module: Module, node: ast.AST, edit: Edit) -> None:
    """Take the statement out, or let it say what goes without saying where it is needed."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        edit.decline("it is set in an unusual way: take it out")
    if isinstance(node, ast.Assign) and (len(node.targets) > 1 or not isinstance(node.targets[0], ast.Attribute)):
        edit.decline("it is set together with something else: take it out")
    if _is_needed(module, node):
        edit.replace(node.value, "True")
    else:
        edit.remove_statement(node)


def _is_setattr(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "setattr"


def _is_needed(module: Module, statement: ast.stmt) -> bool:
    """Whether a block has no other statement, or a comment would speak of nothing."""
    lines = range(statement.lineno - 1, (statement.end_lineno or statement.lineno) + 1)
    if any(each.line in lines and (each.alone or each.line in lines[1:]) for each in comments_in(module.text)):
        return True
    return blocks.block_of(module, statement) == [statement]
