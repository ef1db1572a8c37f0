"""Evaluates the expressions and simple statements of one step of one path to values.

What requests, verifications, exceptions and keys mean is said in ``request_values``, ``body_uses``,
``verification``, ``error_text`` and ``keys``; what Python means in ``expressions``, ``bindings``, ``call_results`` and
``inlining``. Where a call can end in more than one way, evaluation stops with ``Fork`` and is done again for each way.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from stripe_lint.analysis import (
    bindings,
    body_uses,
    error_text,
    expressions,
    functions,
    names,
    syntax,
    verification,
)
from stripe_lint.analysis.frameworks import is_response_exception
from stripe_lint.analysis.references import ClassReference, External, ExternalInstance, FunctionReference
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.state import ANY_EXCEPTION, Diverged, Fork, Place, Raised, State
from stripe_lint.analysis.values import NONE, UNKNOWN, Mark, Value, deep_tagged

if TYPE_CHECKING:
    from stripe_lint.analysis.calls import Call
    from stripe_lint.analysis.dataflow import Frame, Interpreter
    from stripe_lint.analysis.facts import Facts
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.state import History, Outcome

# made once: a union costs more to make than to ask for
_NAMED = ast.Name | ast.Attribute


class Evaluation:
    """One evaluation of one step. ``state`` is the state afterwards.

    ``names`` and ``history`` are what is known so far. ``choices`` says how the calls that can end in several ways end
    this time. ``met_verification`` tells that one of them was a verification that failed, and ``answering`` is the
    expression whose value the function being run answers with.
    """

    def __init__(self, interpreter: Interpreter, frame: Frame, state: State, choices: dict[ast.expr, Outcome]) -> None:
        """Start from ``state`` in ``frame``, with the calls in ``choices`` ending as it says."""
        self.interpreter = interpreter
        self.frame = frame
        self.module: Module = frame.module
        self.before = state
        self._names_before: dict[str, Value] = dict(state.names)
        self.names: dict[str, Value] = self._names_before.copy()
        self.history: History = state.history
        self.choices = choices
        self.met_verification = False
        self.answering: ast.expr | None = None

    @property
    def facts(self) -> Facts:
        """What the whole run has seen so far."""
        return self.interpreter.facts

    @property
    def state(self) -> State:
        """The state after what has been evaluated."""
        if self.names == self._names_before:
            known = self.before.names
        else:
            known = frozenset(item for item in self.names.items() if item[1] is not UNKNOWN)
        return State(known, self.history, self.before.raised, self.before.handling, self.before.returning)

    def place(self, node: ast.AST) -> Place:
        """``node`` with the module being run."""
        return Place(self.module, node)

    def remember(self, **changes: Any) -> None:
        """Change what the path has been through."""
        self.history = self.history._replace(**changes)

    def execute(self, statement: ast.stmt) -> Value | None:
        """Run a simple statement; the value of a ``return``."""
        if isinstance(statement, ast.Assign):
            value = self.evaluate(statement.value)
            for target in statement.targets:
                bindings.bind(self, target, value, statement.value)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                bindings.bind(self, statement.target, self.evaluate(statement.value), statement.value)
        elif isinstance(statement, ast.AugAssign):
            bindings.augment(self, statement)
        elif isinstance(statement, ast.Expr):
            self.evaluate(statement.value)
        elif isinstance(statement, ast.Return):
            return self._return(statement)
        elif isinstance(statement, ast.Delete):
            for target in statement.targets:
                bindings.forget(self, target)
        elif isinstance(statement, NamedFunction):
            self.names[statement.name] = Value(reference=FunctionReference(self.module, statement))
        elif isinstance(statement, ast.Match):
            body_uses.compared(self, statement.subject, self.evaluate(statement.subject), _patterns(statement))
        return None

    def _return(self, statement: ast.Return) -> Value:
        if statement.value is None:
            return NONE
        if self.frame.answers:
            self.answering = _called(statement.value)
        return self.evaluate(statement.value)

    def raised_by(self, expression: ast.expr) -> Raised:
        """The exception that ``raise expression`` raises."""
        if isinstance(expression, ast.Name) and self.before.handling is not None:
            value = self.evaluate(expression)
            if value.has(Mark.EXCEPTION):
                return self.before.handling
        value = self.evaluate(expression)
        callee = expression.func if isinstance(expression, ast.Call) else expression
        reference = names.resolve(self.module, callee)
        name = functions.last_name(callee)
        carried = Value(tags=frozenset(deep_tagged(value, Mark.TEXT, Mark.EXCEPTION)))
        if isinstance(expression, ast.Name) and isinstance(reference, ExternalInstance):
            error_text.raised(self, expression, value, reference)
        if isinstance(reference, External):
            if is_response_exception(reference.path):
                carried = UNKNOWN
            return Raised(frozenset({reference.path.rpartition(".")[2]}), reference, carried)
        if isinstance(reference, ClassReference):
            return Raised(frozenset({reference.node.name}), reference, carried)
        return Raised(None if name is None else frozenset({name}), None, carried)

    def enter(self, items: list[ast.withitem]) -> Value:
        """Run the context expressions of a ``with`` and bind their targets."""
        for item in items:
            value = self.evaluate(item.context_expr)
            if item.optional_vars is not None:
                bindings.bind(self, item.optional_vars, value, item.context_expr)
        return UNKNOWN

    def refined(self, test: ast.expr, value: Value, truth: bool) -> State | None:
        """The state in which the condition turned out as ``truth``; ``None`` where it can't."""
        known = value.known_truth
        if known is not None and known is not truth:
            return None
        saved = self.names, self.history
        self.names = dict(self.names)
        self.refine(test, value, truth)
        state = self.state
        self.names, self.history = saved
        return state

    def refine(self, test: ast.expr, value: Value, truth: bool) -> None:
        """Learn from a condition with ``value`` that it turned out as ``truth``."""
        failure = self.history.failure
        decided = value.known_truth is not None or value.has(Mark.MISSING)
        if failure is not None and not failure.noticed and decided and not _asks_for_type(test):
            self.remember(failure=failure._replace(noticed=True))
        verification.decided(self, value, truth)
        if isinstance(test, ast.NamedExpr):
            self._refine_name(test.target, truth)
        elif isinstance(test, _NAMED):
            self._refine_name(test, truth)
        elif isinstance(test, ast.Compare) and len(test.ops) == 1:
            operand, other = test.left, test.comparators[0]
            if isinstance(other, ast.Constant) and other.value is None and isinstance(operand, _NAMED):
                is_none = isinstance(test.ops[0], ast.Is | ast.Eq) is truth
                self._refine_none(operand, is_none)

    def _refine_name(self, node: ast.expr, truth: bool) -> None:
        name = functions.dotted_name(node)
        if name is not None:
            current = self.names.get(name)
            if current is None:
                current = self.evaluate(node) if isinstance(node, _NAMED) else UNKNOWN
            if current.known_truth is None:
                self.names[name] = current._replace(truth=truth)

    def _refine_none(self, node: ast.expr, is_none: bool) -> None:
        name = functions.dotted_name(node)
        if name is None:
            return
        current = self.names.get(name, UNKNOWN)
        if is_none:
            self.names[name] = current._replace(constant=NONE.constant, truth=False)
        elif current.constant == NONE.constant:
            self.names[name] = current._replace(constant=None, truth=None)

    def evaluate(self, node: ast.expr) -> Value:
        """The value of any expression."""
        action = expressions.ACTIONS.get(node.__class__)
        if action is None:
            return self._parts(node)
        return action(self, node)

    def _parts(self, node: ast.expr) -> Value:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.evaluate(child)
        return UNKNOWN

    def fork(self, call: Call, outcomes: list[Outcome]) -> Value:
        """Go on in each of the ways in which ``call`` can end; the value where there is only one."""
        if not outcomes:
            raise Diverged(ANY_EXCEPTION)
        if len(outcomes) == 1:
            only_outcome = outcomes[0]
            self.history = only_outcome.history
            if only_outcome.raised is not None:
                raise Diverged(only_outcome.raised)
            return only_outcome.value if only_outcome.value is not None else NONE
        raise Fork(call.node, outcomes)


def _asks_for_type(test: ast.expr) -> bool:
    """Whether a condition compares with text, as a dispatch on the event's type does."""
    return isinstance(test, ast.Compare) and any(
        isinstance(part, ast.Constant) and isinstance(part.value, str) for part in (test.left, *test.comparators)
    )


def _called(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Await) else node


def _patterns(statement: ast.Match) -> list[ast.expr]:
    return [
        node.value
        for case in statement.cases
        for node in syntax.descendants(case.pattern)
        if isinstance(node, ast.MatchValue)
    ]
