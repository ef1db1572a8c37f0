"""The control-flow graph of one function: every way through its statements, exceptions included.

A graph is built backwards, each statement knowing what follows it. ``finally`` bodies are copied once for each way
that leaves the ``try`` (end, exception, return, break, continue), so that no path mixes two of them. Conditions are
taken apart at ``and``, ``or`` and ``not``: each test node has one condition.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import functions, names, syntax

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode


class NodeKind(Enum):
    """What happens at a node of the graph."""

    # what is looked up everywhere needs a quick hash, and that of an ``Enum`` is a call of Python code
    __hash__ = object.__hash__

    STATEMENT = auto()
    TEST = auto()
    ITERATE = auto()
    ENTER = auto()
    CASE = auto()
    DISPATCH = auto()
    HANDLER = auto()
    RETURN = auto()
    RAISE = auto()


class FlowNode:
    """One step.

    ``following`` is the next node; ``otherwise`` the next one where a test fails, a loop ends or a case does not
    match; ``raising`` where an exception of this step goes. A ``DISPATCH`` node offers the exception to the nodes of
    ``handlers`` in turn and passes it on to ``raising``.
    """

    __slots__ = ("following", "handlers", "kind", "otherwise", "raising", "syntax")

    def __init__(self, kind: NodeKind, syntax: ast.AST | None, raising: FlowNode | None = None) -> None:
        """A node from which nothing but ``raising`` follows yet."""
        self.kind = kind
        self.syntax = syntax
        self.following: FlowNode | None = None
        self.otherwise: FlowNode | None = None
        self.raising = raising
        self.handlers: list[FlowNode] = []

    def __repr__(self) -> str:
        """What the node is and where, for whoever debugs a graph."""
        line = getattr(self.syntax, "lineno", "-")
        return f"FlowNode({self.kind.name}, {type(self.syntax).__name__}, line {line})"


class Graph(NamedTuple):
    """The nodes of one function: where it starts, where it returns and where an exception leaves it.

    ``at`` gives the nodes of a statement, handler or condition (more than one where a ``finally`` was copied).
    """

    entry: FlowNode
    returned: FlowNode
    raised: FlowNode
    at: dict[ast.AST, list[FlowNode]]


Target = Callable[[], FlowNode]


class _Surroundings(NamedTuple):
    """Where control goes when it leaves the statements being built by anything but their end."""

    returning: Target
    raising: Target
    breaking: Target | None = None
    continuing: Target | None = None


def _fixed(node: FlowNode) -> Target:
    return lambda: node


def _once(build: Target) -> Target:
    built: list[FlowNode] = []

    def target() -> FlowNode:
        if not built:
            built.append(build())
        return built[0]

    return target


_EXITS: Final = frozenset({"sys.exit", "os._exit", "os.abort", "builtins.exit", "builtins.quit", "exit", "quit"})
"""What ends the process, by import path, or as it is spelled where that can't be asked."""


class _Builder:
    def __init__(self, module: Module | None) -> None:
        self.module = module
        self.at: dict[ast.AST, list[FlowNode]] = {}

    def node(self, kind: NodeKind, syntax: ast.AST, around: _Surroundings) -> FlowNode:
        created = FlowNode(kind, syntax, raising=around.raising())
        self.at.setdefault(syntax, []).append(created)
        return created

    def block(self, statements: list[ast.stmt], following: FlowNode, around: _Surroundings) -> FlowNode:
        for statement in reversed(statements):
            following = self.statement(statement, following, around)
        return following

    def statement(self, statement: ast.stmt, following: FlowNode, around: _Surroundings) -> FlowNode:
        kind = statement.__class__
        if kind is ast.If:
            return self.choose(statement, following, around)  # type: ignore[arg-type]
        if kind in _LOOPS:
            return self.loop(statement, following, around)  # type: ignore[arg-type]
        if kind is ast.Try:
            return self.attempt(statement, following, around)  # type: ignore[arg-type]
        if kind in _WITHS:
            return self.enter(statement, following, around)  # type: ignore[arg-type]
        if kind is ast.Match:
            return self.match(statement, following, around)  # type: ignore[arg-type]
        if kind is ast.Break and around.breaking is not None:
            return around.breaking()
        if kind is ast.Continue and around.continuing is not None:
            return around.continuing()
        created = self.node(NodeKind.STATEMENT, statement, around)
        if kind is ast.Return:
            created.following = around.returning()
        elif kind is not ast.Raise and not _ends(statement, self.module):
            created.following = following
        if kind is ast.Assert:
            return self.assertion(statement, following, around)  # type: ignore[arg-type]
        return created

    def assertion(self, statement: ast.Assert, following: FlowNode, around: _Surroundings) -> FlowNode:
        failing = FlowNode(NodeKind.STATEMENT, statement, raising=around.raising())
        return self.condition(statement.test, following, failing, around)

    def choose(self, statement: ast.If, following: FlowNode, around: _Surroundings) -> FlowNode:
        body = self.block(statement.body, following, around)
        orelse = self.block(statement.orelse, following, around)
        return self.condition(statement.test, body, orelse, around)

    def condition(self, test: ast.expr, holds: FlowNode, fails: FlowNode, around: _Surroundings) -> FlowNode:
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self.condition(test.operand, fails, holds, around)
        if isinstance(test, ast.BoolOp):
            entry = self.condition(test.values[-1], holds, fails, around)
            for value in reversed(test.values[:-1]):
                if isinstance(test.op, ast.And):
                    entry = self.condition(value, entry, fails, around)
                else:
                    entry = self.condition(value, holds, entry, around)
            return entry
        if isinstance(test, ast.Constant):
            return holds if test.value else fails
        created = self.node(NodeKind.TEST, test, around)
        created.following = holds
        created.otherwise = fails
        return created

    def loop(
        self, statement: ast.For | ast.AsyncFor | ast.While, following: FlowNode, around: _Surroundings
    ) -> FlowNode:
        ended = self.block(statement.orelse, following, around)
        if isinstance(statement, ast.While):
            head = self.node(NodeKind.STATEMENT, statement, around)
        else:
            head = self.node(NodeKind.ITERATE, statement, around)
            head.otherwise = ended
        inside = around._replace(breaking=_fixed(following), continuing=_fixed(head))
        body = self.block(statement.body, head, inside)
        head.following = (
            self.condition(statement.test, body, ended, around) if isinstance(statement, ast.While) else body
        )
        return head

    def attempt(self, statement: ast.Try, following: FlowNode, around: _Surroundings) -> FlowNode:
        outer = around
        if statement.finalbody:
            outer = self.through_finally(statement.finalbody, around)
            following = self.block(statement.finalbody, following, around)
        if not statement.handlers:
            return self.block(statement.body, following, outer)
        dispatch = self.node(NodeKind.DISPATCH, statement, outer)
        for handler in statement.handlers:
            entry = self.node(NodeKind.HANDLER, handler, outer)
            entry.following = self.block(handler.body, following, outer)
            dispatch.handlers.append(entry)
        orelse = self.block(statement.orelse, following, outer)
        return self.block(statement.body, orelse, outer._replace(raising=_fixed(dispatch)))

    def through_finally(self, statements: list[ast.stmt], around: _Surroundings) -> _Surroundings:
        def passing(target: Target) -> Target:
            return _once(lambda: self.block(statements, target(), around))

        return _Surroundings(
            returning=passing(around.returning),
            raising=passing(around.raising),
            breaking=passing(around.breaking) if around.breaking is not None else None,
            continuing=passing(around.continuing) if around.continuing is not None else None,
        )

    def enter(self, statement: ast.With | ast.AsyncWith, following: FlowNode, around: _Surroundings) -> FlowNode:
        inside = around
        if any(suppresses(item, self.module) for item in statement.items):
            dispatch = self.node(NodeKind.DISPATCH, statement, around)
            entry = self.node(NodeKind.HANDLER, statement, around)
            entry.following = following
            dispatch.handlers.append(entry)
            inside = around._replace(raising=_fixed(dispatch))
        created = self.node(NodeKind.ENTER, statement, around)
        created.following = self.block(statement.body, following, inside)
        return created

    def match(self, statement: ast.Match, following: FlowNode, around: _Surroundings) -> FlowNode:
        entry = following
        for case in reversed(statement.cases):
            created = self.node(NodeKind.CASE, case, around)
            body = self.block(case.body, following, around)
            created.following = self.condition(case.guard, body, entry, around) if case.guard is not None else body
            if not (case.guard is None and always_matches(case.pattern)):
                created.otherwise = entry
            entry = created
        subject = self.node(NodeKind.STATEMENT, statement, around)
        subject.following = entry
        return subject


_LOOPS = frozenset({ast.For, ast.AsyncFor, ast.While})
_WITHS = frozenset({ast.With, ast.AsyncWith})


def always_matches(pattern: ast.pattern) -> bool:
    """Whether a pattern matches whatever it is given."""
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def suppresses(item: ast.withitem, module: Module | None) -> bool:
    """Whether a ``with`` is ``contextlib.suppress(…)``, whatever it is called here."""
    call = item.context_expr
    if not isinstance(call, ast.Call):
        return False
    if functions.last_name(call.func) == "suppress":
        return True
    return module is not None and names.dotted_path(module, call.func) == "contextlib.suppress"


def ends_process(call: ast.Call, module: Module | None) -> bool:
    """Whether a call is ``sys.exit(…)`` or the like, whatever it is called here."""
    path = names.dotted_path(module, call.func) if module is not None else functions.dotted_name(call.func)
    return path in _EXITS


def _ends(statement: ast.stmt, module: Module | None) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and ends_process(call, module)


def build(function: FunctionNode, module: Module | None = None) -> Graph:
    """The graph of ``function``'s own body; ``module`` tells what the names in it mean."""
    returned = FlowNode(NodeKind.RETURN, None)
    raised = FlowNode(NodeKind.RAISE, None)
    builder = _Builder(module)
    around = _Surroundings(returning=_fixed(returned), raising=_fixed(raised))
    if isinstance(function, ast.Lambda):
        value = ast.copy_location(ast.Return(value=function.body), function.body)
        entry = builder.statement(value, returned, around)
    else:
        entry = builder.block(function.body, returned, around)
    return Graph(entry, returned, raised, builder.at)


def build_block(statements: list[ast.stmt], module: Module | None = None) -> Graph:
    """The graph of statements outside any function, such as a module's body; ``module`` is what ``build`` says."""
    returned = FlowNode(NodeKind.RETURN, None)
    raised = FlowNode(NodeKind.RAISE, None)
    builder = _Builder(module)
    around = _Surroundings(returning=_fixed(returned), raising=_fixed(raised))
    return Graph(builder.block(statements, returned, around), returned, raised, builder.at)


def reachable(start: FlowNode, without: frozenset[FlowNode] = frozenset(), *, exceptions: bool = True) -> set[FlowNode]:
    """The nodes that can run after ``start`` (itself only where a loop leads back), never passing ``without``."""
    seen: set[FlowNode] = set()
    pending = list(successors(start, exceptions=exceptions))
    while pending:
        node = pending.pop()
        if node in seen or node in without:
            continue
        seen.add(node)
        pending.extend(successors(node, exceptions=exceptions))
    return seen


def leading_to(graph: Graph, ends: set[FlowNode]) -> frozenset[FlowNode]:
    """The nodes of a graph after which one of ``ends`` can run, and these themselves."""
    before: dict[FlowNode, list[FlowNode]] = {}
    for node in (graph.entry, *reachable(graph.entry)):
        for following in successors(node):
            before.setdefault(following, []).append(node)
    found = set(ends)
    pending = list(ends)
    while pending:
        for node in before.get(pending.pop(), ()):
            if node not in found:
                found.add(node)
                pending.append(node)
    return frozenset(found)


def successors(node: FlowNode, *, exceptions: bool = True) -> list[FlowNode]:
    """The nodes that can run right after ``node``; its own exceptions only where ``exceptions`` is true."""
    found = [following for following in (node.following, node.otherwise) if following is not None]
    if node.kind is NodeKind.DISPATCH:
        found.extend(node.handlers)
    if node.raising is not None and (exceptions or node.kind is NodeKind.DISPATCH):
        found.append(node.raising)
    return found


def graph_of(module: Module, function: FunctionNode | None) -> Graph:
    """The control-flow graph of a function, or where it is ``None`` of the module's own statements, built once."""
    key = ("graph", function)
    known = module.memory.get(key)
    if not isinstance(known, Graph):
        known = build(function, module) if function is not None else build_block(module.tree.body, module)
        module.memory[key] = known
    return known


def steps_of(module: Module, graph: Graph, node: ast.AST, within: ast.AST | None = None) -> list[FlowNode]:
    """The steps of the graph that evaluate ``node``; where ``within`` is given, only those of what is inside it."""
    around: ast.AST | None = node
    while around is not None and around is not within:
        found = graph.at.get(around)
        if found:
            return found
        around = module.parents.get(around)
    return []


_RAISING = (ast.Call, ast.Subscript, ast.Await, ast.Attribute, ast.BinOp, ast.Yield, ast.YieldFrom)


def can_raise(module: Module, node: ast.AST) -> bool:
    """Whether a step can end in an exception, by its syntax alone."""
    key = ("can raise", node)
    known = module.memory.get(key)
    if not isinstance(known, bool):
        known = any(
            isinstance(inner, _RAISING)
            for expression in evaluated(node)
            for inner in (expression, *syntax.own_nodes(expression))
        )
        module.memory[key] = known
    return known


def evaluated(node: ast.AST) -> list[ast.AST]:
    """What a step evaluates; the bodies of compound statements are steps of their own."""
    if isinstance(node, ast.For | ast.AsyncFor):
        return [node.iter]
    if isinstance(node, ast.With | ast.AsyncWith):
        return [item.context_expr for item in node.items]
    if isinstance(node, ast.Match):
        return [node.subject]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.While):
        return []
    return [node]
