"""Repairs a parse that comes before the verification: it is taken out, or moved to where its value is needed."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import blocks, functions, syntax, verifiers, webhooks
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from collections.abc import Collection

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.state import Place
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_READERS: Final = frozenset(
    {"get", "load", "loads", "json", "get_json", "load_json", "get_media", "decode", "dict", "read", "body", "text"}
    | {"get_data", "get_body", "getvalue", "smart_str", "force_str", "str", "bytes", "deepcopy", "copy"}
)
"""Calls in a statement that only reads the body: taking it out, or making it later, changes nothing else."""


class _Unit(NamedTuple):
    """What is moved: the statement that parses, or the ``try`` around it alone, and the names that it binds.

    ``pure`` tells whether nothing but these names comes of it; ``removable`` is what goes where nobody reads them.
    """

    function: NamedFunction
    statement: ast.stmt
    bound: frozenset[str]
    pure: bool
    removable: ast.stmt


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Take the parse at ``hit`` out of the way of the verification."""
    for place, verification in webhooks.parsed_early(module):
        if module.span(place.node) == hit.span and isinstance(place.node, ast.expr):
            move_behind(module, place.node, verification, edit)
            return
    edit.decline("the parse is not found again")


def move_behind(
    module: Module, parse: ast.expr, verification: Place, edit: Edit, unread: Collection[ast.AST] = frozenset()
) -> None:
    """Let the body be parsed after ``verification`` only. ``unread`` are expressions that the repair takes out."""
    unit = _unit(module, parse, edit)
    checks = _checks(module, unit, verification)
    if not checks:
        edit.decline("the signature is checked in another function; parse the body behind that")
    reads = [name for name in _reads(unit) if not any(each in unread for each in (name, *module.ancestors(name)))]
    stores = _stores(unit)
    if unit.bound & {name.id for name in stores}:
        _rebound(module, unit, checks, reads, stores, edit)
    elif reads:
        _sink(module, unit, checks, reads, unread, edit)
    elif unit.pure:
        edit.remove_statement(unit.removable)
        edit.describe("the parse is taken out, nothing uses it")
    else:
        _move_what_depends(module, unit, checks, unread, edit)


def _unit(module: Module, parse: ast.expr, edit: Edit) -> _Unit:
    function = module.enclosing_function(parse)
    if not isinstance(function, NamedFunction):
        edit.decline("the body is parsed in no function of its own")
    statement = removable = module.statement_of(parse)
    parent = module.parents[statement]
    while isinstance(parent, ast.Try) and parent.body == [statement] and not parent.orelse:
        # What only its `except` makes of a failed parse goes with it.
        removable = parent if parent.handlers else removable
        statement, parent = parent, module.parents[parent]
    bound = frozenset(
        node.id
        for node in syntax.descendants(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    return _Unit(function, statement, bound, _only_reads(statement), removable)


def _only_reads(statement: ast.stmt) -> bool:
    """Whether nothing but new local names comes of a statement (or, in a ``try``, of the one in it)."""
    while isinstance(statement, ast.Try):
        if not all(isinstance(each, ast.Pass) for each in statement.finalbody):
            return False
        statement = statement.body[0]
    if isinstance(statement, ast.Assign):
        targets: list[ast.expr] = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    else:
        return isinstance(statement, ast.Expr) and _calls_only_readers(statement)
    return all(isinstance(target, ast.Name) for target in targets) and _calls_only_readers(statement)


def _calls_only_readers(statement: ast.stmt) -> bool:
    return all(
        functions.last_name(node.func) in _READERS
        for node in syntax.descendants(statement)
        if isinstance(node, ast.Call)
    )


def _checks(module: Module, unit: _Unit, verification: Place) -> list[ast.AST]:
    """The calls of the function, behind the parse, that verify."""
    inside = set(syntax.descendants(unit.statement))
    return [
        call
        for call in syntax.descendants(unit.function)
        if isinstance(call, ast.Call | ast.Compare)
        and call not in inside
        and call.lineno >= unit.statement.lineno
        and (call is verification.node or (isinstance(call, ast.Call) and verifiers.call_verifies(module, call)))
    ]


def _reads(unit: _Unit) -> list[ast.Name]:
    return [name for name in _names_outside(unit) if isinstance(name.ctx, ast.Load)]


def _stores(unit: _Unit) -> list[ast.Name]:
    return [name for name in _names_outside(unit) if not isinstance(name.ctx, ast.Load)]


def _names_outside(unit: _Unit) -> list[ast.Name]:
    inside = set(syntax.descendants(unit.statement))
    return [
        node
        for node in syntax.descendants(unit.function)
        if isinstance(node, ast.Name) and node.id in unit.bound and node not in inside
    ]


def _sink(
    module: Module, unit: _Unit, checks: list[ast.AST], reads: list[ast.Name], unread: Collection[ast.AST], edit: Edit
) -> None:
    """Move the parse right before its first use, if that is behind the check or where nothing is checked."""
    target = blocks.first_in_common_block(module, unit.function, reads)
    if target is None or _comes_before(module, unit, target, checks):
        _move_what_depends(module, unit, checks, unread, edit)
        return
    _require_same_values(unit, target, edit)
    if not unit.pure:
        edit.unsafe("what happens with the body would move behind the check")
    edit.move_before(unit.statement, target)
    edit.describe("the body is parsed where its content is used")


def _comes_before(module: Module, unit: _Unit, target: ast.stmt, checks: list[ast.AST]) -> bool:
    """Whether a check follows ``target`` or is a part of it."""
    current: ast.AST = target
    block = blocks.block_of(module, target)
    while block:
        rest = block[block.index(current) :] if current in block else block
        if any(check in syntax.descendants(statement) for statement in rest for check in checks):
            return True
        if blocks.leaves(module, block):
            return False
        parent = module.parents[block[0]]
        while not isinstance(parent, ast.stmt):
            parent = module.parents[parent]
        if parent is unit.function:
            return False
        outer = blocks.block_of(module, parent)
        current, block = parent, outer[outer.index(parent) + 1 :]
    return False


def _require_same_values(unit: _Unit, target: ast.stmt, edit: Edit) -> None:
    """Decline where something that the parse reads has another value at ``target``."""
    inside = set(syntax.descendants(unit.statement))
    read = {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for node in syntax.descendants(unit.function):
        if (
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Store)
            and node.id in read
            and node not in inside
            and unit.statement.lineno < node.lineno < target.lineno
        ):
            edit.decline(f"{node.id}, which the parse reads, is changed before its content is used")


def _rebound(
    module: Module, unit: _Unit, checks: list[ast.AST], reads: list[ast.Name], stores: list[ast.Name], edit: Edit
) -> None:
    """The name of the parsed body becomes the name of the verified event."""
    block = blocks.block_of(module, unit.statement)
    statement = _checking_statement(block, unit, checks)
    if statement is None or len(unit.bound) != 1 or not unit.pure:
        edit.decline(
            f"{min(unit.bound)} is given other values too; parse the body into a name of its own, behind the check"
        )
    name = min(unit.bound)
    inside = set(syntax.descendants(statement))
    if any(store not in inside and store.lineno < statement.lineno for store in stores):
        edit.decline(f"{name} is given other values before the check; parse the body behind it")
    if not any(store in inside for store in stores):
        edit.decline(f"{name} is given another value after the check; parse the body into a name of its own")
    if isinstance(statement, ast.If) and not statement.orelse:
        if any(read.lineno < statement.lineno for read in reads) or any(
            read in inside and read.lineno < min(each.lineno for each in stores if each in inside) for read in reads
        ):
            edit.decline("the content of the body is used before the check; verify first")
        edit.move_to_else(unit.statement, statement)
        edit.describe("the body is parsed only where nothing is checked")
        return
    if isinstance(statement, ast.If):
        edit.decline(f"{name} is the parsed body on one path and the event on another; give them two names")
    _use_event(module, unit, statement, reads, edit)


def _use_event(module: Module, unit: _Unit, statement: ast.stmt, reads: list[ast.Name], edit: Edit) -> None:
    """Every path behind ``statement`` has the event under the name of the parsed body."""
    block = blocks.block_of(module, unit.statement)
    between = block[block.index(unit.statement) + 1 : block.index(statement)]
    inside = set(syntax.descendants(statement))
    handled = {inner for handler in getattr(statement, "handlers", ()) for inner in syntax.descendants(handler)}
    if any(read in inside for read in reads if read.lineno <= _end_of_try(statement)) or any(
        read in handled for read in reads
    ):
        edit.decline("the content of the body is used in the check itself; verify first")
    early = [read for read in reads if any(read in syntax.descendants(each) for each in between)]
    if not early:
        edit.remove_statement(unit.removable)
        edit.describe("the parse is taken out, the event takes its place")
        return
    if any(not isinstance(module.parents[read], ast.Subscript) for read in early):
        edit.decline("the body is used before the check in a way that an event may not allow; verify first")
    moved = _dependent(unit.bound, between, statement, edit)
    edit.unsafe("what is done with the body would move behind the check")
    edit.remove_statement(unit.removable)
    for each in moved:
        edit.move_after(each, statement)
    edit.describe("the event takes the place of the parsed body, and is used behind the check")


def _end_of_try(statement: ast.stmt) -> int:
    body = getattr(statement, "body", None)
    return body[-1].end_lineno if isinstance(statement, ast.Try) and body else statement.end_lineno or statement.lineno


def _checking_statement(block: list[ast.stmt], unit: _Unit, checks: list[ast.AST]) -> ast.stmt | None:
    """The statement behind the parse, in its own block, that holds the first check."""
    for statement in block[block.index(unit.statement) + 1 :]:
        if any(check in syntax.descendants(statement) for check in checks):
            return statement
    return None


def _move_what_depends(
    module: Module, unit: _Unit, checks: list[ast.AST], unread: Collection[ast.AST], edit: Edit
) -> None:
    """Move the parse, and what is done with it before the check, right behind the check."""
    block = blocks.block_of(module, unit.statement)
    statement = _checking_statement(block, unit, checks)
    if statement is None:
        edit.decline("the parse and the check are not in one block; verify first")
    between = block[block.index(unit.statement) + 1 : block.index(statement)]
    moved = _dependent(unit.bound, between, statement, edit, unread)
    edit.unsafe("what is done with the body would move behind the check")
    for each in (unit.statement, *moved):
        edit.move_after(each, statement)
    edit.describe("the body is parsed and used behind the check")


def _dependent(
    bound: frozenset[str],
    between: list[ast.stmt],
    check: ast.stmt,
    edit: Edit,
    unread: Collection[ast.AST] = frozenset(),
) -> list[ast.stmt]:
    """What in ``between`` uses the names ``bound``, or what is made of them. Declines where the check does too."""
    affected = set(bound)
    moved = []
    for statement in between:
        held = [node for node in syntax.descendants(statement) if isinstance(node, ast.Name)]
        if any(node.id in affected and isinstance(node.ctx, ast.Load) for node in held):
            moved.append(statement)
            affected |= {node.id for node in held if isinstance(node.ctx, ast.Store)}
    own = {
        node.id for node in syntax.descendants(check) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    gone = {inner for each in unread for inner in (each, *syntax.descendants(each))}
    used = [
        node
        for node in syntax.descendants(check)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in affected - own
        if node not in gone
    ]
    handled = {inner for handler in getattr(check, "handlers", ()) for inner in syntax.descendants(handler)}
    if not handled.issuperset(used):
        edit.decline(
            "the body takes part in its own check, as in the choice of a secret; "
            "take that from the route, or try the possible secrets one after the other"
        )
    for node in used:
        edit.decline(
            f"the body is read in line {node.lineno}, where its check has failed: do without its content there"
        )
    return moved
