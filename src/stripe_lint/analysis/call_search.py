"""Yes-or-no questions about a function and all that it calls, to a certain depth, each asked once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import definitions, dispatch_tables, names, possible_objects, runners

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable, Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.references import FunctionReference

_FOUND: Final = -1
_SURE: Final = frozenset({_FOUND, 0})


class Callee(NamedTuple):
    """A function of the project, or the ``__call__`` of an object of it, and the call that leads to it."""

    call: ast.Call
    module: Module
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class _Calls(NamedTuple):
    """The calls of a function: those that lead to a function of the project, and what runs in those nobody knows."""

    known: list[Callee]
    unknown: list[tuple[ast.Call, ast.expr]]


def _calls(module: Module, node: ast.AST) -> _Calls:
    key = ("calls", node)
    calls = module.memory.get(key)
    if not isinstance(calls, _Calls):
        calls = _Calls([], [])
        for call in module.calls_of.get(node, ()):
            run = runners.run_by(call) or call.func
            reference = names.resolve(module, run)
            function = definitions.function_behind(reference)
            if function is not None:
                calls.known.append(Callee(call, function.module, function.node))
            elif reference is None:
                calls.unknown.append((call, run))
        module.memory[key] = calls
    return calls


def callees(module: Module, node: ast.AST) -> list[Callee]:
    """What the calls in a function itself, or in the body of a class, lead to within the project."""
    return _calls(module, node).known


def possible_callees(module: Module, node: ast.AST) -> list[Callee]:
    """The same with all of which a call runs one: those of a table, or a method of each class that is chosen from."""
    known = module.memory.get(("possible callees", node))
    if isinstance(known, list):
        return known
    calls = _calls(module, node)
    looked_up = [Callee(call, each.module, each.node) for call, run in calls.unknown for each in _chosen(module, run)]
    found = module.memory["possible callees", node] = [*calls.known, *looked_up]
    return found


def _chosen(module: Module, run: ast.expr) -> Iterator[FunctionReference]:
    """The functions of which ``run`` is one, taken from a table or a method of an object that the code chooses."""
    yield from dispatch_tables.functions_looked_up(module, run)
    yield from possible_objects.methods_named(module, run)


def possible_callees_of(module: Module, call: ast.Call) -> list[Callee]:
    """The functions of the project of which ``call`` runs one."""
    run = runners.run_by(call) or call.func
    reference = names.resolve(module, run)
    if reference is None:
        return [Callee(call, each.module, each.node) for each in _chosen(module, run)]
    function = definitions.function_behind(reference)
    return [Callee(call, function.module, function.node)] if function is not None else []


class CallSearch:
    """One question, remembered for each function with the depth to which it was followed."""

    def __init__(
        self,
        question: str,
        deepest: int,
        holds: Callable[[Module, ast.AST], bool],
        leads_to: Callable[[Module, ast.AST], Iterable[Callee]] = callees,
    ) -> None:
        """Asks ``holds`` of a function, then of those that it ``leads_to``, through at most ``deepest`` calls.

        ``question`` names it among everything that a module remembers.
        """
        self._question = question
        self._deepest = deepest
        self._holds = holds
        self._leads_to = leads_to
        self._visited: list[tuple[Module, ast.AST]] = []

    def ask(self, module: Module, node: ast.AST) -> bool:
        """Whether it holds for the function ``node`` or something that it leads to."""
        known = module.memory.get((self._question, node))
        if known in _SURE:
            return known == _FOUND
        outer, self._visited = self._visited, []
        try:
            found = self._search(module, node, 0)
            if found:
                self._forget_unsure()
        finally:
            self._visited = outer
        return found

    def _search(self, module: Module, node: ast.AST, depth: int) -> bool:
        key = (self._question, node)
        known = module.memory.get(key)
        if isinstance(known, int) and known <= depth:
            return known == _FOUND
        module.memory[key] = depth
        self._visited.append((module, node))
        found = self._holds(module, node) or (
            depth < self._deepest
            and any(self._search(callee.module, callee.node, depth + 1) for callee in self._leads_to(module, node))
        )
        if found:
            module.memory[key] = _FOUND
        return found

    def _forget_unsure(self) -> None:
        """What was found not to hold may have been cut short at a function that was still being searched."""
        for module, node in self._visited:
            key = (self._question, node)
            if module.memory.get(key) != _FOUND:
                module.memory.pop(key, None)
