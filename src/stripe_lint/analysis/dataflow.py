"""Runs a function's control-flow graph over states: which values reach which place, on which paths.

Each node keeps the states that reached it; where there are more than ``MOST_STATES``, they are merged into one that
claims only what all of them say. A call of a function of the project whose arguments matter is run in turn (its
outcomes are its summary for those arguments, remembered for the length of the analysis). Every limit is a named
constant, and beyond it nothing is claimed.
"""

from __future__ import annotations

import ast
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from stripe_lint.analysis import bindings, body_uses, control_flow, error_text, exceptions, handlers, liveness, syntax
from stripe_lint.analysis.control_flow import FlowNode, Graph, NodeKind
from stripe_lint.analysis.evaluation import Evaluation
from stripe_lint.analysis.facts import Facts, ResponseFact
from stripe_lint.analysis.scopes import FunctionNode, NamedFunction
from stripe_lint.analysis.state import (
    ANY_EXCEPTION,
    Diverged,
    Failure,
    Fork,
    History,
    Outcome,
    Place,
    Raised,
    State,
    merged,
)
from stripe_lint.analysis.values import FALSE, NONE, UNKNOWN, Mark, Tag, Value, all_tags, deep_tagged, element_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.references import FunctionReference

MOST_STATES: Final = 12
"""How many states one node may hold before they are merged."""

MOST_STEPS: Final = 800
"""How many steps, over all functions together, one analysis may take before it gives up."""

DEEPEST_CALL: Final = 6
"""How many calls deep a function of the project is followed."""

Result = TypeVar("Result")


class Exhausted(Exception):  # noqa: N818 - a limit that was reached, no error
    """The analysis took more steps than it may; nothing is known."""


class Frame(NamedTuple):
    """One function being run. ``captured`` holds what it sees of the functions around it."""

    module: Module
    function: FunctionNode | None
    graph: Graph
    depth: int = 0
    captured: Mapping[str, Value] = MappingProxyType({})
    answers: bool = False
    """Whether what the function returns is a response."""
    caller: Frame | None = None
    call_site: ast.AST | None = None
    received: frozenset[object] = frozenset()
    """The origins of the values that the function got as arguments."""


class Interpreter:
    """One analysis, starting at one function. ``facts`` is what it saw.

    With ``follow_everything`` each function of the project that is called is run, not only those whose arguments say
    that it matters; for what a function builds, such as the arguments of a request. ``follow`` names further
    functions to run. With ``only_unverified`` a path is left as soon as something has verified the request;
    ``may_verify`` is false where nothing that is run can. With ``ways_to_caught`` a path is left behind its first step
    as soon as nothing holds an exception, or text of one, any more; in a function that is called on the way not before
    it has left the steps that this gives for the function. With ``towards`` a path is left as soon as it comes to a
    step of the first function that is none of these. ``known_outcomes`` tells of a call how it can end without running
    what it calls, or ``None``; it is not asked of a call whose result is the answer.
    """

    def __init__(
        self,
        *,
        follow_everything: bool = False,
        follow: Callable[[FunctionReference], bool] | None = None,
        deepest: int = DEEPEST_CALL,
        only_unverified: bool = False,
        ways_to_caught: Callable[[Module, FunctionNode], frozenset[FlowNode]] | None = None,
        towards: frozenset[FlowNode] | None = None,
        known_outcomes: Callable[[FunctionReference, ast.AST], list[Outcome] | None] | None = None,
        may_verify: bool = True,
        most_steps: int = MOST_STEPS,
    ) -> None:
        """An analysis that has seen nothing yet."""
        self.most_steps = most_steps
        self.may_verify = may_verify
        self.deepest = deepest
        self.only_unverified = only_unverified
        self.ways_to_caught = ways_to_caught
        self.towards = towards
        self.known_outcomes = known_outcomes
        self.looks_for_bypasses = only_unverified and may_verify
        self.follow_everything = follow_everything
        self.follow = follow
        self.facts = Facts()
        self._steps = 0
        self._caught: dict[FlowNode, bool] = {}
        self._handles: dict[FlowNode, bool] = {}
        self._summaries: dict[object, list[Outcome]] = {}
        self.active: list[FunctionNode] = []
        self.defaults: dict[FunctionNode, dict[str, Value]] = {}

    def run_function(
        self,
        module: Module,
        function: FunctionNode,
        names: dict[str, Value],
        history: History,
        *,
        answers: bool = False,
        captured: dict[str, Value] | None = None,
        caller: Frame | None = None,
        call_site: ast.AST | None = None,
    ) -> list[Outcome]:
        """All ways in which ``function`` can end when it starts with ``names`` bound."""
        depth = caller.depth + 1 if caller is not None else 0
        received = frozenset(body_uses.origin(tag) for value in names.values() for tag in all_tags(value))
        graph = control_flow.graph_of(module, function)
        frame = Frame(module, function, graph, depth, captured or {}, answers, caller, call_site, received)
        self.facts.modules.add(module)
        self.active.append(function)
        try:
            return self.run(frame, frame.graph.entry, State(_frozen(names), history))
        finally:
            self.active.pop()

    def summary(
        self,
        reference: FunctionReference,
        names: dict[str, Value],
        history: History,
        captured: dict[str, Value],
        caller: Frame,
        call_site: ast.AST,
        *,
        answers: bool = False,
    ) -> list[Outcome] | None:
        """The outcomes of a call, ``None`` where it is too deep, recursive or endless."""
        if caller.depth >= self.deepest or reference.node in self.active:
            return None
        if self.known_outcomes is not None and not answers:
            told = self.known_outcomes(reference, call_site)
            if told is not None:
                return [outcome._replace(history=history) for outcome in told]
        key = (reference.node, _frozen(names), history, _frozen(captured), answers)
        known = self._summaries.get(key)
        if known is None:
            known = self.run_function(
                reference.module,
                reference.node,
                names,
                history,
                answers=answers,
                captured=captured,
                caller=caller,
                call_site=call_site,
            )
            self._summaries[key] = known
        return known

    def run(self, frame: Frame, start: FlowNode, state: State) -> list[Outcome]:
        """Follow all paths from ``start`` with ``state`` to the function's ends."""
        seen: dict[FlowNode, set[State]] = {}
        merging: dict[FlowNode, State] = {}
        outcomes: dict[Outcome, None] = {}
        pending = [(start, state)]
        live_names = liveness.live_names(frame.module, frame.function, frame.graph)
        if start not in live_names:
            # nothing leads there: the code behind a ``return`` or an endless loop
            return []
        while pending:
            node, current = pending.pop()
            if node.kind is NodeKind.RETURN:
                outcomes[self._returned(frame, current)] = None
                continue
            if node.kind is NodeKind.RAISE:
                outcomes[Outcome(None, current.raised or ANY_EXCEPTION, current.history)] = None
                continue
            if frame.depth == 0 and self._is_left(node, current):
                continue
            current = _without_the_dead(current, live_names[node])
            if node is not start and self._has_lost_caught(frame, node, current):
                if frame.depth:
                    # whoever called it goes on all the same, and may come to another exception
                    outcomes[Outcome(UNKNOWN, None, state.history)] = None
                continue
            states = seen.setdefault(node, set())
            if current in states:
                continue
            if len(states) >= MOST_STATES:
                current = merged(merging.get(node, current), current)
                merging[node] = current
                if current in states or len(states) >= 3 * MOST_STATES:
                    continue
            states.add(current)
            self._steps += 1
            if self._steps > self.most_steps:
                self.facts.exhausted = True
                raise Exhausted
            pending.extend(self._step(frame, node, current))
        return list(outcomes)

    def _is_left(self, node: FlowNode, state: State) -> bool:
        """Whether a path of the first function is of no interest any more, whatever its names hold."""
        if self.towards is not None and node not in self.towards:
            return True
        return self.only_unverified and state.history.verified

    def _has_lost_caught(self, frame: Frame, node: FlowNode, state: State) -> bool:
        """Whether a path is of no interest any more: it holds no exception, and no ``except`` is around it."""
        if self.ways_to_caught is None or _holds_caught(state):
            return False
        known = self._handles.get(node)
        if known is None:
            known = node.syntax is not None and exceptions.is_in_except(frame.module, node.syntax, frame.function)
            if frame.depth and frame.function is not None:
                known = known or node in self.ways_to_caught(frame.module, frame.function)
            self._handles[node] = known
        return not known

    def _returned(self, frame: Frame, state: State) -> Outcome:
        value = state.returning if state.returning is not None else NONE
        if frame.depth == 0 and state.history.failure is not None and state.returning is None:
            self.ignored_failure(state.history)
        return Outcome(value, None, state.history)

    def _can_be_caught(self, target: FlowNode) -> bool:
        """Whether an exception that goes to ``target`` meets a handler here, perhaps after a ``finally``."""
        if target.kind is NodeKind.DISPATCH:
            return True
        if target.kind is NodeKind.RAISE:
            return False
        known = self._caught.get(target)
        if known is None:
            known = any(node.kind is NodeKind.DISPATCH for node in control_flow.reachable(target))
            self._caught[target] = known
        return known

    def ignored_failure(self, history: History) -> None:
        """Record that the path went on after a failed verification as if nothing had happened."""
        failure = history.failure
        if failure is not None and not failure.noticed and not failure.left and not history.verified:
            self.facts.failures_ignored.add(failure)

    def _step(self, frame: Frame, node: FlowNode, state: State) -> Iterator[tuple[FlowNode, State]]:
        return _STEPS[node.kind](self, frame, node, state)

    def attempts(
        self, frame: Frame, state: State, action: Callable[[Evaluation], Result]
    ) -> Iterator[tuple[Evaluation, Result | None, Raised | None]]:
        """Evaluate ``action`` once for each way in which the calls in it can end."""
        queue: list[dict[ast.expr, Outcome]] = [{}]
        while queue:
            choices = queue.pop()
            evaluation = Evaluation(self, frame, state, choices)
            try:
                result = action(evaluation)
            except Fork as fork:
                queue.extend({**choices, fork.node: outcome} for outcome in fork.outcomes)
            except Diverged as diverged:
                yield evaluation, None, diverged.raised
            else:
                yield evaluation, result, None

    def _attempted(
        self,
        frame: Frame,
        node: FlowNode,
        state: State,
        action: Callable[[Evaluation], Result],
        after: Callable[[Evaluation, Result], Iterator[tuple[FlowNode | None, State]]],
        target: ast.stmt | None = None,
    ) -> Iterator[tuple[FlowNode, State]]:
        verified_here = False
        keys = state.history.keys
        for evaluation, result, raised in self.attempts(frame, state, action):
            keys |= evaluation.history.keys
            verified_here = verified_here or evaluation.met_verification
            if raised is not None:
                if raised.verification is not None and isinstance(target, ast.Assign | ast.AnnAssign):
                    bindings.lose_targets(evaluation, target, raised.verification)
                if node.raising is not None:
                    yield node.raising, evaluation.state.changed(raised=raised)
                continue
            for following, changed in after(evaluation, result):  # type: ignore[arg-type]
                if following is not None:
                    yield following, changed
        if (
            not verified_here
            and node.raising is not None
            and self._can_be_caught(node.raising)
            and node.syntax is not None
            and control_flow.can_raise(frame.module, node.syntax)
        ):
            failure = state.history.failure
            if failure is not None and node.syntax in _nodes_below(failure.handler.node):
                # what answers a failed verification is not expected to fail itself
                return
            # a request that failed may all the same have been received
            history = state.history._replace(keys=keys) if keys != state.history.keys else state.history
            yield node.raising, state.changed(raised=ANY_EXCEPTION, history=history)

    def _statement(self, frame: Frame, node: FlowNode, state: State) -> Iterator[tuple[FlowNode, State]]:
        statement = node.syntax
        if statement is None or isinstance(statement, _SILENT):
            if node.following is not None:
                yield node.following, state
            return
        if isinstance(statement, ast.Raise):
            yield from self._raise(frame, node, statement, state)
            return
        if isinstance(statement, ast.Assert):
            if node.raising is not None:
                yield node.raising, state.changed(raised=Raised(frozenset({"AssertionError"})))
            return
        if not isinstance(statement, ast.stmt):
            return

        def after(evaluation: Evaluation, result: Value | None) -> Iterator[tuple[FlowNode | None, State]]:
            changed = evaluation.state
            if isinstance(statement, ast.Return):
                value = result if result is not None else NONE
                changed = changed.changed(returning=value)
                changed = self._record_return(frame, statement, value, changed)
            yield node.following, changed

        yield from self._attempted(
            frame, node, state, lambda evaluation: evaluation.execute(statement), after, statement
        )

    def _record_return(self, frame: Frame, statement: ast.Return, value: Value, state: State) -> State:
        if frame.answers:
            here = Place(frame.module, statement)
            for tag in deep_tagged(value, Mark.TEXT, Mark.EXCEPTION):
                at = body_uses.lifted(frame, here, tag)
                place = Place(at.module, at.module.statement_of(at.node))
                self.facts.responses.add(ResponseFact(place, Value(tags=frozenset({tag})), returned=True))
        failure = state.history.failure
        if failure is None:
            return state
        if failure.handler.module is frame.module and statement in _statements_below(failure.handler.node):
            left = failure._replace(left=True)
            return state.changed(history=state.history._replace(failure=left))
        if frame.depth == 0 and error_text.refusing(value) is None and not _tells_caller(frame, value):
            if failure.noticed and not failure.left and not _is_chosen(frame.module, statement):
                self.facts.failures_ignored.add(Failure(failure.handler, failure.verification))
            self.ignored_failure(state.history)
        return state

    def _raise(
        self, frame: Frame, node: FlowNode, statement: ast.Raise, state: State
    ) -> Iterator[tuple[FlowNode, State]]:
        target = node.raising
        if target is None:
            return
        if statement.exc is None:
            yield target, state.changed(raised=state.handling or ANY_EXCEPTION)
            return
        expression = statement.exc
        for evaluation, value, raised in self.attempts(
            frame, state, lambda evaluation: evaluation.raised_by(expression)
        ):
            yield target, _handed_up(evaluation.state, statement, raised or value or ANY_EXCEPTION)

    def _test(self, frame: Frame, node: FlowNode, state: State) -> Iterator[tuple[FlowNode, State]]:
        test = node.syntax
        if not isinstance(test, ast.expr):
            return

        def after(evaluation: Evaluation, value: Value) -> Iterator[tuple[FlowNode | None, State]]:
            for truth, following in ((True, node.following), (False, node.otherwise)):
                refined = evaluation.refined(test, value, truth)
                if refined is not None:
                    yield following, refined

        yield from self._attempted(frame, node, state, lambda evaluation: evaluation.evaluate(test), after)

    def _dispatch(self, frame: Frame, node: FlowNode, state: State) -> Iterator[tuple[FlowNode, State]]:
        raised = state.raised or ANY_EXCEPTION
        for handler in node.handlers:
            match = exceptions.catches(frame.module, handler.syntax, raised)
            if match is not False:
                yield handler, state
            if match is True:
                return
        if node.raising is not None:
            yield node.raising, state

    def _handler(self, frame: Frame, node: FlowNode, state: State) -> Iterator[tuple[FlowNode, State]]:
        clause = node.syntax
        raised = state.raised or ANY_EXCEPTION
        if clause is None:
            return
        place = Place(frame.module, clause)
        history = state.history
        names = dict(state.names)
        if raised.verification is not None:
            history = history._replace(failure=Failure(place, raised.verification), verified=False)
        elif self.looks_for_bypasses and not history.verified:
            history = history._replace(through=history.through | {place})
        if isinstance(clause, ast.ExceptHandler) and clause.name:
            carried = frozenset(deep_tagged(raised.value, Mark.TEXT))
            own = Tag(Mark.EXCEPTION, frame.module, clause)
            names[clause.name] = Value(tags=frozenset({own}) | carried, truth=True)
        if node.following is not None:
            yield node.following, state.changed(names=_frozen(names), history=history, raised=None, handling=raised)

    def _iterate(self, frame: Frame, node: FlowNode, state: State) -> Iterator[tuple[FlowNode, State]]:
        loop = node.syntax
        if not isinstance(loop, ast.For | ast.AsyncFor):
            return

        def after(evaluation: Evaluation, value: Value) -> Iterator[tuple[FlowNode | None, State]]:
            yield node.otherwise, evaluation.state
            bindings.bind(evaluation, loop.target, element_of(value), None)
            yield node.following, evaluation.state

        yield from self._attempted(frame, node, state, lambda evaluation: evaluation.evaluate(loop.iter), after)

    def _enter(self, frame: Frame, node: FlowNode, state: State) -> Iterator[tuple[FlowNode, State]]:
        block = node.syntax
        if not isinstance(block, ast.With | ast.AsyncWith):
            return

        def after(evaluation: Evaluation, _: Value) -> Iterator[tuple[FlowNode | None, State]]:
            yield node.following, evaluation.state

        yield from self._attempted(frame, node, state, lambda evaluation: evaluation.enter(block.items), after)

    def _case(self, frame: Frame, node: FlowNode, state: State) -> Iterator[tuple[FlowNode, State]]:
        case = node.syntax
        if not isinstance(case, ast.match_case):
            return
        evaluation = Evaluation(self, frame, state, {})
        bindings.forget_pattern(evaluation, case.pattern)
        if node.following is not None:
            yield node.following, evaluation.state
        if node.otherwise is not None:
            yield node.otherwise, state


_STEPS: Final = {
    NodeKind.STATEMENT: Interpreter._statement,
    NodeKind.TEST: Interpreter._test,
    NodeKind.DISPATCH: Interpreter._dispatch,
    NodeKind.HANDLER: Interpreter._handler,
    NodeKind.ITERATE: Interpreter._iterate,
    NodeKind.ENTER: Interpreter._enter,
    NodeKind.CASE: Interpreter._case,
}
"""What runs each kind of node; the two kinds that end a function are no steps."""


def _handed_up(state: State, statement: ast.Raise, raised: Raised) -> State:
    """The state after a ``raise``; where it answers a failed verification, whoever catches it has to refuse."""
    failure = state.history.failure
    if failure is None or raised.verification is not None or failure.verification is None:
        return state.changed(raised=raised)
    if statement not in _statements_below(failure.handler.node):
        return state.changed(raised=raised)
    return state.changed(
        raised=raised._replace(verification=failure.verification), history=state.history._replace(failure=None)
    )


_CAUGHT = frozenset({Mark.EXCEPTION, Mark.TEXT})
_SILENT = (ast.Pass, ast.While, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.ClassDef)


def _frozen(names: dict[str, Value]) -> frozenset[tuple[str, Value]]:
    return frozenset(item for item in names.items() if item[1] is not UNKNOWN)


def _without_the_dead(state: State, live: frozenset[str]) -> State:
    if state.handling is not None and liveness.HANDLED not in live:
        state = state.changed(handling=None)
    dead = [
        item
        for item in state.names
        if item[0] not in live and item[0].partition(".")[0] not in live and not item[1].has(Mark.MISSING)
    ]
    return state.changed(names=state.names.difference(dead)) if dead else state


def _holds_caught(state: State) -> bool:
    """Whether an exception is being handled, or something holds one that was caught, or its text."""
    if state.handling is not None:
        return True
    held = [value for _, value in state.names]
    if state.returning is not None:
        held.append(state.returning)
    if state.raised is not None:
        held.append(state.raised.value)
    return any(tag.mark in _CAUGHT for value in held for tag in all_tags(value))


def _tells_caller(frame: Frame, value: Value) -> bool:
    """Whether a function that is no handler returns ``False``: who called it has to refuse."""
    function = frame.function
    return (
        value.constant == FALSE.constant
        and isinstance(function, NamedFunction)
        and not handlers.takes_request(frame.module, function)
    )


def _is_chosen(module: Module, statement: ast.stmt) -> bool:
    """Whether a ``return`` stands in a branch, so that something decided on it."""
    for around in module.ancestors(statement):
        if isinstance(around, FunctionNode):
            return False
        if isinstance(around, ast.If | ast.Match | ast.ExceptHandler):
            return True
    return False


def _nodes_below(node: ast.AST) -> set[ast.AST]:
    return set(syntax.own_nodes(node))


def _statements_below(node: ast.AST) -> set[ast.AST]:
    return {inner for inner in syntax.own_nodes(node) if isinstance(inner, ast.stmt)}
