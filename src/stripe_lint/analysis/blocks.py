"""The blocks that statements stand in, and whether a block leaves what is around it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import control_flow, functions, names
from stripe_lint.analysis.frameworks import is_abort_call
from stripe_lint.analysis.references import External, FunctionReference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction

DEEPEST_LEAVING: Final = 2
"""How many calls deep a function is searched for the ``raise`` with which it always ends."""

_ENDING_NAMES: Final = frozenset({"abort", "exit", "_exit", "fail"})
"""Methods and functions that can't be seen and whose name says that they never return."""

_REPEATED = (ast.For, ast.AsyncFor, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def blocks_of(node: ast.AST) -> list[list[ast.stmt]]:
    """The blocks of a statement, those of its clauses included; of a clause or module its own."""
    found = [
        block for field in ("body", "orelse", "finalbody") if isinstance(block := getattr(node, field, None), list)
    ]
    clauses = (*getattr(node, "handlers", ()), *getattr(node, "cases", ()))
    return [*found, *(clause.body for clause in clauses)]


def block_of(module: Module, statement: ast.stmt) -> list[ast.stmt]:
    """The block that holds ``statement``."""
    return next(block for block in blocks_of(module.parents[statement]) if statement in block)


def leaves(module: Module, block: Sequence[ast.stmt], depth: int = 0) -> bool:
    """Whether a block always ends in leaving what is around it.

    It returns, raises, jumps out of a loop, or calls what never returns.
    """
    last = block[-1] if block else None
    if isinstance(last, ast.If):
        return leaves(module, last.body, depth) and leaves(module, last.orelse, depth)
    if isinstance(last, ast.Try):
        if leaves(module, last.finalbody, depth):
            return True
        succeeds = leaves(module, last.body, depth) or leaves(module, last.orelse, depth)
        return succeeds and all(leaves(module, handler.body, depth) for handler in last.handlers)
    if isinstance(last, ast.With | ast.AsyncWith):
        suppresses = any(control_flow.suppresses(item, module) for item in last.items)
        return not suppresses and leaves(module, last.body, depth)
    if isinstance(last, ast.Match):
        final = last.cases[-1]
        complete = final.guard is None and control_flow.always_matches(final.pattern)
        return complete and all(leaves(module, case.body, depth) for case in last.cases)
    if isinstance(last, ast.Expr):
        call = last.value.value if isinstance(last.value, ast.Await) else last.value
        return isinstance(call, ast.Call) and _never_comes_back(module, call, depth)
    return isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break)


def _never_comes_back(module: Module, call: ast.Call, depth: int) -> bool:
    reference = names.resolve(module, call.func)
    if isinstance(reference, FunctionReference):
        return never_returns(reference, depth + 1)
    if reference is not None and not isinstance(reference, External):
        return False
    if control_flow.ends_process(call, module) or (reference is not None and is_abort_call(reference.path)):
        return True
    return functions.last_name(call.func) in _ENDING_NAMES


def never_returns(reference: FunctionReference, depth: int = 0) -> bool:
    """Whether a function of the project never returns: its last statement raises, aborts or exits."""
    module, node = reference.module, reference.node
    key = ("never returns", node, depth)
    known = module.memory.get(key)
    if not isinstance(known, bool):
        known = (
            not isinstance(node, ast.Lambda)
            and depth <= DEEPEST_LEAVING
            and node not in module.returns
            and node not in module.yields
            and not functions.is_abstract(node)
            and leaves(module, node.body, depth)
        )
        module.memory[key] = known
    return known


def first_in_common_block(module: Module, function: NamedFunction, nodes: Sequence[ast.AST]) -> ast.stmt | None:
    """The first statement of the innermost block of ``function`` that holds all ``nodes``, which is one of theirs.

    A loop or a nested function is not entered: the statement is run once where ``function`` comes to it.
    """
    paths = [_statements_around(module, function, node) for node in nodes]
    found: ast.stmt | None = None
    for depth in range(min(map(len, paths), default=0)):
        level = [path[depth] for path in paths]
        block = block_of(module, level[0])
        if any(statement not in block for statement in level):
            break
        found = min(level, key=block.index)
        if len(set(map(id, level))) > 1 or isinstance(found, _REPEATED):
            break
    return found


def _statements_around(module: Module, function: NamedFunction, node: ast.AST) -> list[ast.stmt]:
    """The statements of ``function`` that hold ``node``, the outermost first."""
    around: list[ast.stmt] = []
    for each in (node, *module.ancestors(node)):
        if each is function:
            break
        if isinstance(each, ast.stmt):
            around.append(each)
    return around[::-1]
