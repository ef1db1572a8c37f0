"""Lets an address begin with https://, in the literal in which it begins."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import sdk_uses, syntax

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_BEGINNING: Final = r"""(?i)(?P<quotes>[furb]{0,2}(?:'{3}|"{3}|'|"))http://"""
_PORT_OF_HTTP: Final = r"(?i)http://[^/]*:80(?:/|$)"


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Write ``https://`` where the address at ``hit`` begins."""
    node = next((each for each in sdk_uses.insecure_addresses(module) if module.span(each) == hit.span), None)
    address = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else node
    if not isinstance(address, ast.expr):
        edit.decline("the address is not found again")
    edit.unsafe("the other side has to answer there with a certificate")
    parts = address.values if isinstance(address, ast.Dict) else [address]
    for part in parts:
        if sdk_uses.is_insecure(module, part):
            _encrypt(module, part, edit)
    edit.describe("https:// instead of http://")


def _encrypt(module: Module, node: ast.expr, edit: Edit) -> None:
    beginning = node
    while isinstance(beginning, ast.BinOp):
        beginning = beginning.left
    if isinstance(beginning, ast.Name):
        beginning = _constant_of(module, beginning, edit)
    source = edit.source_of(beginning)
    if not isinstance(beginning, ast.Constant | ast.JoinedStr) or re.match(_BEGINNING, source) is None:
        edit.decline("the address is made elsewhere: let it begin with https:// there")
    if isinstance(beginning, ast.Constant) and re.match(_PORT_OF_HTTP, str(beginning.value)):
        edit.decline("port 80 is that of unencrypted HTTP: write the port that answers encrypted")
    edit.replace(beginning, re.sub(_BEGINNING, r"\g<quotes>https://", source, count=1))


def _constant_of(module: Module, name: ast.Name, edit: Edit) -> ast.expr:
    """The literal that a variable of the file is bound to, if the address is all that it is for."""
    value = module.only_assignment(name)
    if value is None:
        edit.decline("the address is made elsewhere: let it begin with https:// there")
    uses = [node for node in syntax.descendants(module.tree) if isinstance(node, ast.Name) and node.id == name.id]
    if sum(isinstance(node.ctx, ast.Load) for node in uses) > 1:
        edit.decline(f"{name.id} is used for other things too: give this address a name of its own")
    return value
