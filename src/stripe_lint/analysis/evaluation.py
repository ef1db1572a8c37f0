"""Evaluates the expressions and simple statements of one step of one path to values.

What requests, verifications, exceptions and keys mean is said in ``request_values``, ``verification``, ``error_text``
and ``keys``; here is what Python means. Where a call can end in more than one way, evaluation stops with ``Fork`` and
is done again once for each way.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    syntax,
    callers,
    error_text,
    functions,
    keys,
    names,
    request_values,
    static_values,
    stripe_calls,
    verification,
    verifiers,
)
from stripe_lint.analysis.frameworks import is_abort_call, is_response_exception
from stripe_lint.analysis.references import (
    ClassReference,
    External,
    ExternalInstance,
    FunctionReference,
    ObjectReference,
    PartialReference,
    Reference,
)
from stripe_lint.analysis.scopes import FunctionNode
from stripe_lint.analysis.state import ANY_EXCEPTION, Diverged, Failure, History, Place, Raised, State
from stripe_lint.analysis.values import (
    NO_TAGS,
    NONE,
    UNKNOWN,
    Mark,
    Value,
    all_tags,
    constant,
    deep_tagged,
    entries,
    join,
    only,
    tagged,
)

if TYPE_CHECKING:
    from stripe_lint.analysis.dataflow import Frame, Interpreter, Outcome
    from stripe_lint.analysis.module import Module

_INTERESTING: Final = (
    Mark.REQUEST,
    Mark.HEADERS,
    Mark.STREAM,
    Mark.RAW,
    Mark.PARSED,
    Mark.ALTERED,
    Mark.SIGNATURE,
    Mark.EVENT,
    Mark.DIGEST,
    Mark.EXCEPTION,
    Mark.TEXT,
    Mark.FRESH,
)
_FOLLOWED: Final = (Mark.REQUEST, Mark.RAW, Mark.PARSED, Mark.SIGNATURE, Mark.TEXT, Mark.EXCEPTION, Mark.HEADERS)
_KEPT_BY_TEXT: Final = (Mark.TEXT, Mark.EXCEPTION, Mark.FRESH, Mark.PARSED, Mark.RAW, Mark.ALTERED, Mark.DIGEST)
_ALWAYS_FOLLOWED: Final = frozenset({Mark.TEXT, Mark.EXCEPTION, Mark.DIGEST, Mark.VERDICT})
_BODY_MARKS: Final = frozenset({Mark.RAW, Mark.STREAM, Mark.PARSED, Mark.ALTERED, Mark.SIGNATURE, Mark.EVENT, Mark.FRESH})
_DEEPEST_UNTOLD: Final = 3
_THREAD_HOPS: Final = frozenset(
    {
        "asyncio.to_thread",
        "anyio.to_thread.run_sync",
        "starlette.concurrency.run_in_threadpool",
        "fastapi.concurrency.run_in_threadpool",
    }
)
_ADAPTERS: Final = frozenset({"asgiref.sync.sync_to_async", "asgiref.sync.async_to_sync"})
_CONTAINERS: Final = frozenset({"builtins.list", "builtins.tuple", "builtins.set", "builtins.sorted"})
_NUMBERS: Final = frozenset({"builtins.int", "builtins.float", "builtins.round", "builtins.abs", "builtins.hex"})
_PLAIN_TEXT: Final = frozenset({"builtins.str", "builtins.repr", "builtins.format", "builtins.ascii"})


class Fork(Exception):
    """A call can end in several ways; evaluate again, once for each."""

    def __init__(self, call: ast.expr, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.call = call
        self.outcomes = outcomes


@dataclass(slots=True)
class Call:
    """A call with its callee and arguments evaluated.

    ``open`` tells that there are more arguments than can be seen. ``receiver`` is the object whose method is called.
    """

    node: ast.Call
    name: str
    reference: Reference | None
    receiver: Value
    positional: list[Value]
    keywords: dict[str, Value]
    open: bool
    expressions: dict[str, ast.expr] = field(default_factory=dict)

    def argument(self, position: int, *spellings: str) -> Value | None:
        """The argument at ``position`` or under one of the names."""
        if position < len(self.positional):
            return self.positional[position]
        return next((self.keywords[name] for name in spellings if name in self.keywords), None)

    def expression(self, position: int, *spellings: str) -> ast.expr | None:
        """The syntax of that argument."""
        if position < len(self.node.args) and not isinstance(self.node.args[position], ast.Starred):
            return self.node.args[position]
        return next((self.expressions[name] for name in spellings if name in self.expressions), None)

    @property
    def values(self) -> list[Value]:
        """All arguments."""
        return [*self.positional, *self.keywords.values()]

    @property
    def path(self) -> str | None:
        """The dotted path of a callee outside the project."""
        return self.reference.path if isinstance(self.reference, External) else None


class Evaluation:
    """One evaluation of one step. ``state`` is the state afterwards."""

    def __init__(
        self, interpreter: Interpreter, frame: Frame, state: State, choices: dict[ast.expr, Outcome]
    ) -> None:
        self.interpreter = interpreter
        self.frame = frame
        self.module: Module = frame.module
        self.before = state
        self.names: dict[str, Value] = dict(state.names)
        self.history: History = state.history
        self.choices = choices
        self.met_verification = False
        self._answering: ast.expr | None = None

    @property
    def facts(self):  # type: ignore[no-untyped-def]
        """What the whole run has seen so far."""
        return self.interpreter.facts

    @property
    def state(self) -> State:
        """The state after what has been evaluated."""
        known = frozenset(item for item in self.names.items() if item[1] is not UNKNOWN)
        return State(known, self.history, self.before.raised, self.before.handling, self.before.returning)

    def place(self, node: ast.AST) -> Place:
        """``node`` with the module being run."""
        return Place(self.module, node)

    def remember(self, **changes: object) -> None:
        """Change what the path has been through."""
        self.history = replace(self.history, **changes)  # type: ignore[arg-type]

    # statements

    def execute(self, statement: ast.stmt) -> Value | None:
        """Run a simple statement; the value of a ``return``."""
        if isinstance(statement, ast.Assign):
            value = self.evaluate(statement.value)
            for target in statement.targets:
                self.bind(target, value, statement.value)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                self.bind(statement.target, self.evaluate(statement.value), statement.value)
        elif isinstance(statement, ast.AugAssign):
            self._augment(statement)
        elif isinstance(statement, ast.Expr):
            self.evaluate(statement.value)
        elif isinstance(statement, ast.Return):
            return self._return(statement)
        elif isinstance(statement, ast.Delete):
            for target in statement.targets:
                self._forget(target)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            self.names[statement.name] = Value(reference=FunctionReference(self.module, statement))
        elif isinstance(statement, ast.Match):
            request_values.compared(self, statement.subject, self.evaluate(statement.subject), _patterns(statement))
        return None

    def _return(self, statement: ast.Return) -> Value:
        if statement.value is None:
            return NONE
        if self.frame.answers:
            self._answering = _called(statement.value)
        return self.evaluate(statement.value)

    def _augment(self, statement: ast.AugAssign) -> None:
        added = self.evaluate(statement.value)
        current = self.evaluate(_as_load(statement.target)) if isinstance(statement.target, ast.Name) else UNKNOWN
        if not isinstance(statement.target, ast.Name):
            current = self._entry_of_target(statement.target)
        kept = only(join(current, added), *_KEPT_BY_TEXT) if (current or added) else UNKNOWN
        self.bind(statement.target, kept, statement.value)

    def _entry_of_target(self, target: ast.expr) -> Value:
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            name = _constant_key(target.slice)
            holder = self.names.get(target.value.id)
            if holder is not None and name is not None:
                return holder.field(name) or UNKNOWN
        return UNKNOWN

    def bind(self, target: ast.expr, value: Value, source: ast.expr | None) -> None:
        """Assign ``value`` to a target of any form."""
        if isinstance(target, ast.Name):
            keys.reassigned(self, target.id)
            request_values.renamed(self, target, value, source)
            if value == UNKNOWN:
                self.names.pop(target.id, None)
            else:
                self.names[target.id] = value
        elif isinstance(target, ast.Attribute):
            self._bind_attribute(target, value)
        elif isinstance(target, ast.Subscript):
            self._bind_entry(target, value)
        elif isinstance(target, ast.Tuple | ast.List):
            for position, element in enumerate(target.elts):
                part = value.field(str(position)) if value.fields is not None else None
                self.bind(element, part if part is not None else self.element_of(value), None)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, self.element_of(value), None)

    def _bind_attribute(self, target: ast.Attribute, value: Value) -> None:
        chain = functions.attribute_chain(target)
        request_values.stored(self, target, value)
        failure = self.history.failure
        if failure is not None and "status" in target.attr and error_text.refusing(value) is not None:
            self.remember(failure=replace(failure, noticed=True))
        if chain is None:
            return
        name = ".".join(chain)
        keys.reassigned(self, name)
        if value == UNKNOWN:
            self.names.pop(name, None)
        else:
            self.names[name] = value

    def _bind_entry(self, target: ast.Subscript, value: Value) -> None:
        holder_name = functions.attribute_chain(target.value)
        self.evaluate(target.slice)
        request_values.stored(self, target, value)
        if holder_name is None:
            return
        name = ".".join(holder_name)
        keys.reassigned(self, name)
        holder = self.names.get(name, UNKNOWN)
        key = _constant_key(target.slice)
        if key is not None:
            self.names[name] = holder.with_field(key, value)
        elif deep_tagged(value, Mark.TEXT, Mark.EXCEPTION, Mark.HEADERS):
            self.names[name] = replace(holder, tags=holder.tags | all_tags(value), complete=False)
        elif holder.complete:
            self.names[name] = replace(holder, complete=False)

    def _forget(self, target: ast.expr) -> None:
        chain = functions.attribute_chain(target)
        if chain is not None:
            self.names.pop(".".join(chain), None)

    def lose_targets(self, statement: ast.Assign | ast.AnnAssign, verification_place: Place) -> None:
        """Note that the names which a failed verification would have bound have no event."""
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        missing = tagged(Mark.MISSING, verification_place.module, verification_place.node)
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            for part in parts:
                if isinstance(part, ast.Name):
                    current = self.names.get(part.id, UNKNOWN)
                    self.names[part.id] = replace(current, tags=current.tags | missing.tags)

    def forget_pattern(self, pattern: ast.pattern) -> None:
        """Drop what is known about the names that a pattern captures."""
        for node in syntax.descendants(pattern):
            name = getattr(node, "name", None) or getattr(node, "rest", None)
            if isinstance(name, str):
                self.names.pop(name, None)

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

    def iterated(self, expression: ast.expr) -> Value:
        """The iterable of a loop."""
        return self.evaluate(expression)

    def enter(self, items: list[ast.withitem]) -> Value:
        """Run the context expressions of a ``with`` and bind their targets."""
        for item in items:
            value = self.evaluate(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value, item.context_expr)
        return UNKNOWN

    def element_of(self, value: Value) -> Value:
        """One element of a list or iterator."""
        kept = only(value, *_INTERESTING)
        return replace(kept, reference=None)

    # conditions

    def condition(self, test: ast.expr) -> Value:
        """Evaluate a condition."""
        value = self.evaluate(test)
        request_values.tested(self, test, value)
        return value

    def refined(self, test: ast.expr, value: Value, truth: bool) -> State | None:
        """The state in which the condition turned out as ``truth``; ``None`` where it can't."""
        known = value.known_truth
        if known is not None and known is not truth:
            return None
        saved = self.names, self.history
        self.names = dict(self.names)
        self._refine(test, value, truth)
        state = self.state
        self.names, self.history = saved
        return state

    def _refine(self, test: ast.expr, value: Value, truth: bool) -> None:
        failure = self.history.failure
        decided = value.known_truth is not None or value.has(Mark.MISSING)
        if failure is not None and not failure.noticed and decided and not _asks_for_type(test):
            self.remember(failure=replace(failure, noticed=True))
        verification.decided(self, value, truth)
        if isinstance(test, ast.NamedExpr):
            self._refine_name(test.target, truth)
        elif isinstance(test, ast.Name | ast.Attribute):
            self._refine_name(test, truth)
        elif isinstance(test, ast.Compare) and len(test.ops) == 1:
            operand, other = test.left, test.comparators[0]
            if isinstance(other, ast.Constant) and other.value is None and isinstance(operand, ast.Name | ast.Attribute):
                is_none = isinstance(test.ops[0], ast.Is | ast.Eq) is truth
                self._refine_none(operand, is_none)

    def _refine_name(self, node: ast.expr, truth: bool) -> None:
        chain = functions.attribute_chain(node)
        if chain is not None:
            name = ".".join(chain)
            current = self.names.get(name)
            if current is None:
                current = self.evaluate(node) if isinstance(node, ast.Name | ast.Attribute) else UNKNOWN
            if current.known_truth is None:
                self.names[name] = replace(current, truth=truth)

    def _refine_none(self, node: ast.expr, is_none: bool) -> None:
        chain = functions.attribute_chain(node)
        if chain is None:
            return
        name = ".".join(chain)
        current = self.names.get(name, UNKNOWN)
        if is_none:
            self.names[name] = replace(current, constant=NONE.constant, truth=False)
        elif current.constant == NONE.constant:
            self.names[name] = replace(current, constant=None, truth=None)

    # expressions

    def evaluate(self, node: ast.expr) -> Value:
        """The value of any expression."""
        action = _ACTIONS.get(node.__class__)
        if action is None:
            return self._parts(node)
        return action(self, node)

    def _parts(self, node: ast.expr) -> Value:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.evaluate(child)
        return UNKNOWN

    def _constant(self, node: ast.Constant) -> Value:
        return constant(node.value) if not isinstance(node.value, complex | type(...)) else UNKNOWN

    def _name(self, node: ast.Name) -> Value:
        value = self.names.get(node.id)
        if value is None:
            value = self.frame.captured.get(node.id)
        if value is not None:
            return value
        return self._static(node)

    def _static(self, node: ast.expr) -> Value:
        value = static_values.of(self.module, node)
        if value.reference is None:
            return value
        return request_values.of_reference(value)

    def _attribute(self, node: ast.Attribute) -> Value:
        chain = functions.attribute_chain(node)
        if chain is not None:
            known = self.names.get(".".join(chain))
            if known is not None:
                return known
        base = self.evaluate(node.value)
        special = request_values.attribute(self, node, base)
        if special is None:
            special = error_text.attribute(self, node, base)
        if special is not None:
            return special
        if base.fields is not None:
            entry = base.field(node.attr)
            if entry is not None:
                return entry
        if base.reference is not None:
            computed = self._property(node, base.reference)
            if computed is not None:
                return computed
            known_value = self._static(node)
            if known_value.tags or known_value.constant is not None or known_value.fields is not None:
                return known_value
            reference = names.attribute(base.reference, node.attr)
            if reference is not None:
                return request_values.of_reference(Value(reference=reference))
        static = self._static(node)
        if base.has(Mark.FRESH):
            return replace(static, tags=static.tags | frozenset(base.tagged(Mark.FRESH)))
        return static

    def _property(self, node: ast.Attribute, owner: Reference) -> Value | None:
        """The value of a property of the project, where what it builds matters."""
        if not self.interpreter.follow_everything or not isinstance(owner, ObjectReference):
            return None
        method = names.find_method(owner, node.attr)
        if method is None or not functions.is_property(method[1]):
            return None
        first = functions.first_parameter(method[1])
        bound = {first.arg: Value(reference=owner)} if first is not None else {}
        reference = FunctionReference(*method, owner)
        outcomes = self.interpreter.summary(reference, bound, self.history, {}, self.frame, node)
        values = [outcome.value for outcome in outcomes or () if outcome.value is not None]
        if not values:
            return None
        answer = values[0]
        for value in values[1:]:
            answer = join(answer, value)
        return answer

    def _subscript(self, node: ast.Subscript) -> Value:
        base = self.evaluate(node.value)
        index = self.evaluate(node.slice)
        key = _key_text(index)
        special = request_values.entry(self, node, base, key)
        if special is not None:
            return special
        if base.fields is not None and key is not None:
            known = base.field(key)
            if known is not None:
                return known
            if base.complete or not base.tags:
                return UNKNOWN
        if base.has(Mark.TEXT) or base.has(Mark.EXCEPTION):
            return error_text.narrowed(base, key) if key is not None else only(base, Mark.TEXT)
        return static_values.setting_entry(self.module, node) or only(base, Mark.FRESH)

    def _await(self, node: ast.Await) -> Value:
        return self.evaluate(node.value)

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        self.bind(node.target, value, node.value)
        return value

    def _joined(self, node: ast.JoinedStr) -> Value:
        return self._text([self.evaluate(part) for part in node.values])

    def _formatted(self, node: ast.FormattedValue) -> Value:
        value = self.evaluate(node.value)
        if value.detail(Mark.RAW) == "bytes":
            return tagged(Mark.ALTERED, self.module, node, "bytes in an f-string, which gives \"b'…'\"")
        return error_text.as_text(self, value, "text")

    def _text(self, parts: list[Value]) -> Value:
        """Text put together from parts."""
        if all(part.constant is not None for part in parts):
            return constant("".join(str(part.constant.value) for part in parts if part.constant is not None))
        kept: frozenset = frozenset().union(*(all_tags(part) for part in parts))
        tags = frozenset(tag for tag in kept if tag.mark in _KEPT_BY_TEXT)
        fixed = all(part.constant is not None or part.has(Mark.SETTING) for part in parts)
        if fixed and parts:
            tags |= frozenset(tag for part in parts for tag in part.tagged(Mark.SETTING))
        return Value(tags=tags) if tags else UNKNOWN

    def _binary(self, node: ast.BinOp) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        if isinstance(node.op, ast.Add | ast.Mod):
            if isinstance(node.op, ast.Add) and left.fields is not None and right.fields is not None:
                return only(join(left, right), *_INTERESTING)
            parts = [error_text.as_text(self, left, "text"), error_text.as_text(self, right, "text")]
            if isinstance(node.op, ast.Mod) and right.fields is not None:
                parts = [left, *(error_text.as_text(self, item, "text") for _, item in right.fields)]
            joined = self._text(parts)
            return joined if joined.constant is None or _both_text(left, right) else UNKNOWN
        if isinstance(node.op, ast.BitOr) and left.fields is not None and right.fields is not None:
            return self._merged_dicts([left, right])
        return UNKNOWN

    def _boolean(self, node: ast.BoolOp) -> Value:
        result: Value | None = None
        for operand in node.values:
            value = self.evaluate(operand)
            request_values.tested(self, operand, value)
            known = value.known_truth
            if known is isinstance(node.op, ast.Or):
                return value if result is None else join(result, value)
            if known is None:
                result = value if result is None else join(result, value)
            last = value
        return result if result is not None else last

    def _not(self, node: ast.UnaryOp) -> Value:
        value = self.evaluate(node.operand)
        if not isinstance(node.op, ast.Not):
            return UNKNOWN
        if value.has(Mark.VERDICT):
            return verification.inverted(value)
        truth = value.known_truth
        return Value(truth=not truth, tags=frozenset(value.tagged(Mark.MISSING))) if truth is not None else UNKNOWN

    def _choice(self, node: ast.IfExp) -> Value:
        test = self.condition(node.test)
        chosen = self.choices.get(node)
        truth = chosen.value.truth if chosen is not None and chosen.value is not None else test.known_truth
        if truth is None:
            if not any(isinstance(inner, ast.Call) for part in (node.body, node.orelse) for inner in syntax.descendants(part)):
                return join(self.evaluate(node.body), self.evaluate(node.orelse))
            raise Fork(node, self.interpreter.both_ways(self.history))
        self._refine(node.test, test, truth)
        return self.evaluate(node.body if truth else node.orelse)

    def _compare(self, node: ast.Compare) -> Value:
        values = [self.evaluate(part) for part in (node.left, *node.comparators)]
        if len(node.ops) == 1:
            left, right = values
            request_values.compared(self, node.left, left, [node.comparators[0]])
            request_values.compared(self, node.comparators[0], right, [node.left])
            verdict = verification.compared(self, node, left, right)
            if verdict is not None:
                return verdict
            return _compare_constants(node.ops[0], left, right)
        return UNKNOWN

    def _dict(self, node: ast.Dict) -> Value:
        found: dict[str, Value] = {}
        complete = True
        loose: frozenset = frozenset()
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.evaluate(item)
            if key is None:
                if value.fields is not None:
                    found.update(value.fields)
                complete = complete and value.fields is not None and value.complete
                loose |= value.tags
                continue
            name = _key_text(self.evaluate(key))
            if name is None:
                complete = False
                loose |= all_tags(value)
            else:
                found[name] = value
        made = entries(found, complete=complete)
        return replace(made, tags=made.tags | frozenset(t for t in loose if t.mark in _KEPT_BY_TEXT)) if loose else made

    def _merged_dicts(self, values: Iterable[Value]) -> Value:
        found: dict[str, Value] = {}
        complete = True
        for value in values:
            found.update(value.fields or ())
            complete = complete and value.fields is not None and value.complete
        return entries(found, complete=complete)

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        found: dict[str, Value] = {}
        complete = True
        for position, element in enumerate(node.elts):
            value = self.evaluate(element)
            complete = complete and not isinstance(element, ast.Starred)
            found[str(position)] = value
        return entries(found, complete=complete)

    def _starred(self, node: ast.Starred) -> Value:
        return self.evaluate(node.value)

    def _comprehension(self, node: ast.expr) -> Value:
        saved = dict(self.names)
        for generator in node.generators:  # type: ignore[attr-defined]
            self.bind(generator.target, self.element_of(self.evaluate(generator.iter)), None)
            for condition in generator.ifs:
                self.condition(condition)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]  # type: ignore[attr-defined]
        values = [self.evaluate(part) for part in parts]
        self.names = saved
        kept = [only(value, Mark.TEXT, Mark.EXCEPTION) for value in values]
        return join(kept[0], kept[-1])

    def _lambda(self, node: ast.Lambda) -> Value:
        return Value(reference=FunctionReference(self.module, node))

    # calls

    def _call(self, node: ast.Call) -> Value:
        chosen = self.choices.get(node)
        call = self._prepared(node)
        message = request_values.received(self, call.receiver) if call.receiver.tags else None
        if message is not None:
            return message
        call = self._hopped(call)
        if chosen is not None:
            if chosen.raised is not None and chosen.raised.verification is not None:
                self.met_verification = True
            self.history = chosen.history
            if chosen.raised is not None:
                raise Diverged(chosen.raised)
            return chosen.value if chosen.value is not None else NONE
        for meaning in _MEANINGS:
            value = meaning(self, call)
            if value is not None:
                return value
        return self._plain_call(call)

    def _prepared(self, node: ast.Call) -> Call:
        receiver = UNKNOWN
        if isinstance(node.func, ast.Attribute):
            receiver = self.evaluate(node.func.value)
            name = node.func.attr
            reference = names.attribute(receiver.reference, name) if receiver.reference is not None else None
            if reference is None:
                reference = names.resolve(self.module, node.func)
        else:
            function = receiver = self.evaluate(node.func)
            name = functions.last_name(node.func) or ""
            reference = function.reference or names.resolve(self.module, node.func)
        positional: list[Value] = []
        is_open = False
        for argument in node.args:
            value = self.evaluate(argument)
            if isinstance(argument, ast.Starred):
                if value.fields is not None and value.complete:
                    positional.extend(item for _, item in value.fields)
                else:
                    is_open = True
                    positional.append(value)
            else:
                positional.append(value)
        keywords: dict[str, Value] = {}
        expressions: dict[str, ast.expr] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value)
            if keyword.arg is not None:
                keywords[keyword.arg] = value
                expressions[keyword.arg] = keyword.value
                continue
            keywords.update(value.fields or ())
            is_open = is_open or value.fields is None or not value.complete
        return Call(node, name, reference, receiver, positional, keywords, is_open, expressions)

    def _hopped(self, call: Call) -> Call:
        """The call that really happens where this one only runs it in a thread or adapts it."""
        if call.path in _THREAD_HOPS or call.name == "run_in_executor":
            skipped = 1 if call.name == "run_in_executor" else 0
            if len(call.positional) > skipped:
                target = call.positional[skipped]
                rest = call.positional[skipped + 1 :]
                return replace(call, reference=target.reference, positional=rest, name=_name_of(target.reference))
        inner = call.node.func
        if isinstance(inner, ast.Call) and inner.args and names.dotted_path(self.module, inner.func) in _ADAPTERS:
            target = self.evaluate(inner.args[0])
            return replace(call, reference=target.reference, name=_name_of(target.reference))
        return call

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

    def _plain_call(self, call: Call) -> Value:
        path = call.path
        if path is not None:
            if is_abort_call(path):
                raise Diverged(Raised(frozenset({"HTTPException"})))
            text = self._text_call(call, path)
            if text is not None:
                return text
        if isinstance(call.reference, PartialReference):
            call = self._unwrapped_partial(call, call.reference)
        call = self._located(call)
        self._note_refusal(call)
        if isinstance(call.reference, FunctionReference | ObjectReference):
            inlined = self._inlined(call)
            if inlined is not None:
                return inlined
            if isinstance(call.reference, FunctionReference):
                self._expose_mutated(call, call.reference)
                if functions_leave(call.reference):
                    raise Diverged(Raised(frozenset({"HTTPException"})))
        if isinstance(call.reference, ClassReference):
            return self._constructed(call, call.reference)
        self._collect_text(call)
        method = self._dict_method(call)
        if method is not None:
            return method
        if call.name in _TEXT_METHODS and (call.receiver.tags or call.receiver.constant is not None):
            return self._text([call.receiver, *(error_text.as_text(self, value, "text") for value in call.values)])
        if call.reference is None or isinstance(call.reference, External):
            handed = verification.handed_over(self, call)
            if handed is not None:
                return handed
        if _is_super_call(call.node):
            self.facts.handed_on.add(self.history)
        looked_up = request_values.passed(self, call)
        if looked_up is not None:
            return looked_up
        return Value(reference=names.call_result(call.reference)) if call.reference is not None else UNKNOWN

    def _text_call(self, call: Call, path: str) -> Value | None:
        if path in _PLAIN_TEXT and call.positional:
            first = call.positional[0]
            altered = request_values.stringified(self, call, first)
            if altered is not None:
                return altered
            return error_text.as_text(self, self._text([first]), "text") if first.constant is None else self._text([first])
        if path in _NUMBERS and call.positional:
            return only(call.positional[0], Mark.FRESH)
        if path in _CONTAINERS and call.positional:
            return only(call.positional[0], *_INTERESTING)
        if path == "builtins.dict":
            base = [value for value in call.positional if value.fields is not None]
            made = self._merged_dicts([*base, entries(dict(call.keywords), complete=not call.open)])
            return made if len(base) == len(call.positional) else replace(made, complete=False)
        if path == "builtins.getattr" and len(call.positional) >= 2:
            return error_text.get_attribute(self, call)
        if path.rpartition(".")[2] in _TEXT_FUNCTIONS:
            return self._text([error_text.as_text(self, value, "text") for value in call.values])
        return None

    def _collect_text(self, call: Call) -> None:
        """A list or dict of which nothing is known gets exception text put into it."""
        if call.name not in {"append", "extend", "add", "insert", "update", "setdefault"} or call.receiver.fields is not None:
            return
        found = frozenset(tag for value in call.values for tag in deep_tagged(value, Mark.TEXT, Mark.EXCEPTION))
        if not found or not isinstance(call.node.func, ast.Attribute):
            return
        target = call.node.func.value
        chain = functions.attribute_chain(target)
        if chain is not None:
            name = ".".join(chain)
            held = self.names.get(name, UNKNOWN)
            named = dict(call.keywords) if call.name == "update" else {}
            for key, value in named.items():
                held = held.with_field(key, value)
            loose = found if not named else NO_TAGS
            self.names[name] = replace(held, tags=held.tags | loose)
        elif isinstance(target, ast.Subscript):
            self._bind_entry(target, Value(tags=found))

    def _dict_method(self, call: Call) -> Value | None:
        holder = call.receiver
        if holder.fields is None:
            return None
        key = _key_text(call.positional[0]) if call.positional else None
        if call.name in {"get", "pop", "setdefault"} and key is not None:
            known = holder.field(key)
            if known is not None:
                return known
            default = call.positional[1] if len(call.positional) > 1 else NONE
            return default if holder.complete else UNKNOWN
        if call.name == "copy":
            return holder
        target = call.node.func.value if isinstance(call.node.func, ast.Attribute) else None
        chain = functions.attribute_chain(target) if target is not None else None
        if call.name == "update" and chain is not None:
            base = [value for value in call.positional if value.fields is not None]
            added = self._merged_dicts([holder, *base, entries(dict(call.keywords), complete=not call.open)])
            if len(base) != len(call.positional):
                added = replace(added, complete=False)
            loose = frozenset(tag for value in call.positional for tag in all_tags(value) if tag.mark is Mark.TEXT)
            self.names[".".join(chain)] = replace(added, tags=holder.tags | loose)
            return NONE
        if call.name == "append" and chain is not None and call.positional:
            found = all_tags(call.positional[0])
            self.names[".".join(chain)] = replace(holder, tags=holder.tags | found, complete=False)
            return NONE
        return None

    def _constructed(self, call: Call, reference: ClassReference) -> Value:
        kept = self._kept_by_object(call, reference)
        if kept is not None:
            return kept
        request_values.passed(self, call)
        carried = {name: only(value, Mark.TEXT, Mark.EXCEPTION) for name, value in call.keywords.items()}
        loose = frozenset(
            tag for value in call.positional for tag in deep_tagged(value, Mark.TEXT, Mark.EXCEPTION)
        )
        made = names.call_result(reference)
        fields = {name: value for name, value in carried.items() if value.tags}
        initialiser = names.find_method(reference, "__init__")
        if initialiser is not None and (loose or fields):
            loose |= frozenset(tag for value in fields.values() for tag in value.tags)
        return Value(
            tags=loose,
            fields=tuple(sorted(fields.items(), key=lambda item: item[0])) if fields else None,
            reference=made,
        )

    def _note_refusal(self, call: Call) -> None:
        """A path on which verification failed answers with an error."""
        failure = self.history.failure
        if failure is not None and not failure.noticed and error_text.refusal_status(call) is not None:
            self.remember(failure=replace(failure, noticed=True))

    def _located(self, call: Call) -> Call:
        """The call with the project's only method of that name, where its receiver's type is unknown."""
        if call.reference is not None or not isinstance(call.node.func, ast.Attribute):
            return call
        target = call.receiver.reference
        if call.name in callers.TASK_CALLS and isinstance(target, FunctionReference):
            self._run_task(call, target)
            return call
        if call.receiver.tags or call.receiver.fields is not None:
            return call
        followed = any(deep_tagged(value, *_FOLLOWED) for value in call.values)
        if not followed and not (self.interpreter.follow_everything and not call.values):
            return call
        only_one = names.only_definition(self.module, call.name, len(call.positional) + len(call.keywords))
        return replace(call, reference=only_one) if only_one is not None else call

    def _run_task(self, call: Call, target: FunctionReference) -> None:
        """A task that is started here: what it does counts, how it ends does not."""
        node = target.node
        if isinstance(node, ast.Lambda) or not any(deep_tagged(value, *_FOLLOWED) for value in call.values):
            return
        listed = call.keywords.get("args")
        named = call.keywords.get("kwargs")
        if call.name == "apply_async":
            values = [value for _, value in (listed.fields or ())] if listed is not None else []
            named_values = dict(named.fields or ()) if named is not None else {}
            call = replace(call, positional=values or _first_fields(call.positional), keywords=named_values)
        bound_self = functions.positional_parameters(node)[:1] if _is_bound_task(node) else []
        if bound_self:
            call = replace(call, positional=[UNKNOWN, *call.positional])
        bound = self.bound_arguments(call, target)
        self.interpreter.summary(target, bound, self.history, {}, self.frame, call.node)

    def _kept_by_object(self, call: Call, reference: ClassReference) -> Value | None:
        """A new object whose ``__init__`` keeps parts of a request as attributes."""
        if not any(deep_tagged(value, *_FOLLOWED) for value in call.values):
            return None
        initialiser = names.find_method(reference, "__init__")
        if initialiser is None:
            return None
        owner = FunctionReference(*initialiser, ObjectReference(reference.module, reference.node))
        bound = self.bound_arguments(call, owner)
        first = functions.first_parameter(initialiser[1])
        fields: dict[str, Value] = {}
        for node in syntax.own_nodes(initialiser[1]):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in bound:
                for target in node.targets:
                    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                        if first is not None and target.value.id == first.arg:
                            fields[target.attr] = bound[node.value.id]
        if not fields:
            return None
        return replace(entries(fields, complete=False), reference=names.call_result(reference))

    def _unwrapped_partial(self, call: Call, partial: PartialReference) -> Call:
        inner = self._prepared(partial.call)
        return replace(
            call,
            reference=partial.function,
            name=_name_of(partial.function),
            positional=[*inner.positional[1:], *call.positional],
            keywords={**inner.keywords, **call.keywords},
        )

    def _inlined(self, call: Call) -> Value | None:
        reference = call.reference
        if isinstance(reference, ObjectReference):
            method = names.find_method(reference, "__call__")
            if method is None:
                return None
            reference = FunctionReference(*method, reference)
        assert isinstance(reference, FunctionReference)
        if not self._worth_following(call, reference):
            return None
        bound = {**self.interpreter.defaults.get(reference.node, {}), **self.bound_arguments(call, reference)}
        captured = self._captured_by(reference)
        answers = self._answering is call.node or reference.node in self.interpreter.defaults
        outcomes = self.interpreter.summary(
            reference, bound, self.history, captured, self.frame, call.node, answers=answers
        )
        if outcomes is None or _is_abstract(reference.node):
            return None
        if reference.node in reference.module.yields:
            return None
        if isinstance(reference.node, ast.FunctionDef) and _is_cached(reference.node):
            outcomes = [replace(o, value=static_values.made_once(o.value)) for o in outcomes]
        self._expose_mutated(call, reference)
        if answers:
            outcomes = [replace(o, value=_answered(o.value) if o.value is not None else None) for o in outcomes]
        return self.fork(call, list(dict.fromkeys(outcomes)))

    def _expose_mutated(self, call: Call, reference: FunctionReference) -> None:
        """A dict that a function of the project changes may hold more afterwards than can be seen here."""
        positional = functions.positional_parameters(reference.node)
        if reference.receiver is not None and not isinstance(reference.node, ast.Lambda):
            positional = positional[1:]
        for parameter, argument in zip(positional, call.node.args, strict=False):
            if isinstance(argument, ast.Name):
                value = self.names.get(argument.id)
                if value is None or not value.complete or not value.fields:
                    continue
                if functions.changes_parameter(reference.node, parameter.arg):
                    self.names[argument.id] = replace(value, complete=False)

    def _worth_following(self, call: Call, reference: FunctionReference) -> bool:
        interpreter, module, node = self.interpreter, reference.module, reference.node
        if interpreter.follow_everything and self.frame.depth < _DEEPEST_UNTOLD:
            return True
        if node in interpreter.defaults:
            return True
        marks = {tag.mark for value in (*call.values, call.receiver) for tag in all_tags(value)}
        if marks & _ALWAYS_FOLLOWED:
            return True
        if interpreter.follow is not None:
            return interpreter.follow(reference)
        if interpreter.only_unverified and self.history.verified:
            return False
        if marks & _BODY_MARKS and (marks & {Mark.RAW, Mark.SIGNATURE, Mark.STREAM} or stripe_calls.touches_stripe(module, node)):
            return True
        if Mark.REQUEST in marks or Mark.HEADERS in marks or request_values.reads_request(module, node):
            return verifiers.concerns_request(module, node)
        if any(isinstance(value.reference, FunctionReference) for value in call.values):
            return True
        if keys.makes_fresh_value(module, reference):
            return True
        return verifiers.mentions_verification(module, node)

    def bound_arguments(self, call: Call, reference: FunctionReference) -> dict[str, Value]:
        """The parameters of the callee with the values that this call gives them."""
        node = reference.node
        positional = functions.positional_parameters(node)
        bound: dict[str, Value] = {}
        if reference.receiver is not None and positional and not isinstance(node, ast.Lambda):
            if not functions.has_decorator(node, "staticmethod"):
                is_same = call.receiver.fields is not None and call.receiver.reference == reference.receiver
                bound[positional[0].arg] = call.receiver if is_same else Value(reference=reference.receiver)
                positional = positional[1:]
        for parameter, value in zip(positional, call.positional, strict=False):
            bound[parameter.arg] = value
        known = {parameter.arg for parameter in functions.parameters(node)}
        extra: dict[str, Value] = {}
        for name, value in call.keywords.items():
            (bound if name in known else extra)[name] = value
        for parameter in functions.parameters(node):
            if parameter.arg not in bound and not call.open:
                default = functions.default_of(node, parameter)
                if default is not None:
                    bound[parameter.arg] = static_values.of_default(reference.module, default)
        if node.args.kwarg is not None:
            bound[node.args.kwarg.arg] = entries(extra, complete=not call.open)
        if node.args.vararg is not None:
            rest = call.positional[len(positional) :]
            bound[node.args.vararg.arg] = entries(
                {str(index): value for index, value in enumerate(rest)}, complete=not call.open
            )
        return {name: value for name, value in bound.items() if value != UNKNOWN}

    def _captured_by(self, reference: FunctionReference) -> dict[str, Value]:
        if reference.module is not self.module or self.frame.function is None:
            return {}
        if self.module.enclosing_function(reference.node) is not self.frame.function:
            return dict(self.frame.captured) if self.frame.captured else {}
        return {**self.frame.captured, **self.names}


def _is_abstract(node: FunctionNode) -> bool:
    """Whether a function only says that a subclass has to define it."""
    if isinstance(node, ast.Lambda):
        return False
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is not None and "NotImplementedError" in ast.dump(last.exc)


def _is_cached(node: ast.FunctionDef) -> bool:
    return any(name in {"lru_cache", "cache"} for name in functions.decorator_names(node))


def _first_fields(positional: list[Value]) -> list[Value]:
    return [value for _, value in positional[0].fields or ()] if positional else []


def _is_bound_task(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(decorator, ast.Call)
        and any(
            keyword.arg == "bind" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
            for keyword in decorator.keywords
        )
        for decorator in node.decorator_list
    )


def _is_super_call(node: ast.Call) -> bool:
    """Whether a call goes on to the same method of the base class."""
    function = node.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Call)
        and functions.last_name(function.value.func) == "super"
    )


def _asks_for_type(test: ast.expr) -> bool:
    """Whether a condition compares with text, as a dispatch on the event's type does."""
    return isinstance(test, ast.Compare) and any(
        isinstance(part, ast.Constant) and isinstance(part.value, str) for part in (test.left, *test.comparators)
    )


def functions_leave(reference: FunctionReference, depth: int = 0) -> bool:
    """Whether a function of the project never returns: its last statement raises, aborts or exits."""
    key = ("leaves", reference.node)
    known = reference.module.memory.get(key)
    if not isinstance(known, bool):
        known = _never_returns(reference, depth)
        reference.module.memory[key] = known
    return known


def _never_returns(reference: FunctionReference, depth: int) -> bool:
    node = reference.node
    if isinstance(node, ast.Lambda) or not node.body or depth > 2 or node in reference.module.yields:
        return False
    last = node.body[-1]
    if node in reference.module.returns:
        return False
    if isinstance(last, ast.Raise):
        if last.exc is not None and "NotImplemented" in ast.dump(last.exc):
            return False
        return all(not isinstance(inner, ast.If | ast.Try) for inner in node.body[:-1])
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        callee = names.resolve(reference.module, last.value.func)
        if isinstance(callee, External):
            return is_abort_call(callee.path) or callee.path in {"sys.exit", "os._exit", "builtins.exit"}
        return isinstance(callee, FunctionReference) and functions_leave(callee, depth + 1)
    return False


def _answered(value: Value) -> Value:
    """A value whose exception text has been reported where the callee answered with it."""
    kept = frozenset(tag for tag in value.tags if tag.mark not in {Mark.TEXT, Mark.EXCEPTION})
    fields = None
    if value.fields is not None:
        fields = tuple((name, _answered(item)) for name, item in value.fields)
    return replace(value, tags=kept, fields=fields)


def _called(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Await) else node


def _name_of(reference: Reference | None) -> str:
    if isinstance(reference, FunctionReference) and not isinstance(reference.node, ast.Lambda):
        return reference.node.name
    path = getattr(reference, "path", "")
    return str(path).rpartition(".")[2]


def _as_load(target: ast.Name) -> ast.Name:
    return target


def _constant_key(node: ast.expr) -> str | None:
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str | int) else None


def _key_text(value: Value) -> str | None:
    if value.constant is not None and isinstance(value.constant.value, str | int | bytes):
        key = value.constant.value
        return key.decode("latin-1") if isinstance(key, bytes) else str(key)
    return None


def _both_text(left: Value, right: Value) -> bool:
    return all(value.constant is not None and isinstance(value.constant.value, str) for value in (left, right))


def _compare_constants(operator: ast.cmpop, left: Value, right: Value) -> Value:
    missing = frozenset(left.tagged(Mark.MISSING) + right.tagged(Mark.MISSING))
    if isinstance(operator, ast.Is | ast.Eq | ast.IsNot | ast.NotEq):
        positive = isinstance(operator, ast.Is | ast.Eq)
        if left.constant is not None and right.constant is not None:
            return Value(truth=(left.constant == right.constant) is positive, tags=missing)
        for one, other in ((left, right), (right, left)):
            is_something = one.truth is True or one.fields is not None or one.reference is not None
            if other.constant == NONE.constant and (is_something or one.has(Mark.EVENT) or one.has(Mark.ANSWER)):
                if not one.has(Mark.MISSING):
                    return Value(truth=not positive)
    return Value(tags=missing) if missing else UNKNOWN


def _patterns(statement: ast.Match) -> list[ast.expr]:
    return [
        node.value
        for case in statement.cases
        for node in syntax.descendants(case.pattern)
        if isinstance(node, ast.MatchValue)
    ]


_TEXT_METHODS: Final = frozenset(
    {"format", "strip", "lower", "upper", "replace", "split", "join", "title", "capitalize", "lstrip", "rstrip"}
    | {"encode", "decode", "hex", "hexdigest", "splitlines", "partition", "rpartition", "isoformat", "with_traceback"}
)
_TEXT_FUNCTIONS: Final = frozenset(
    {"escape", "gettext", "gettext_lazy", "ugettext", "_", "lazy_gettext", "shorten", "mark_safe", "force_str"}
    | {"dumps", "smart_str", "quote", "quote_plus", "jsonable_encoder", "OrderedDict", "format_html", "conditional_escape"}
)

_ACTIONS: dict[type[ast.expr], Callable[[Evaluation, ast.expr], Value]] = {
    ast.Constant: Evaluation._constant,
    ast.Name: Evaluation._name,
    ast.Attribute: Evaluation._attribute,
    ast.Subscript: Evaluation._subscript,
    ast.Await: Evaluation._await,
    ast.NamedExpr: Evaluation._walrus,
    ast.JoinedStr: Evaluation._joined,
    ast.FormattedValue: Evaluation._formatted,
    ast.BinOp: Evaluation._binary,
    ast.BoolOp: Evaluation._boolean,
    ast.UnaryOp: Evaluation._not,
    ast.IfExp: Evaluation._choice,
    ast.Compare: Evaluation._compare,
    ast.Dict: Evaluation._dict,
    ast.Tuple: Evaluation._sequence,
    ast.List: Evaluation._sequence,
    ast.Set: Evaluation._sequence,
    ast.Starred: Evaluation._starred,
    ast.ListComp: Evaluation._comprehension,
    ast.SetComp: Evaluation._comprehension,
    ast.DictComp: Evaluation._comprehension,
    ast.GeneratorExp: Evaluation._comprehension,
    ast.Lambda: Evaluation._lambda,
    ast.Call: Evaluation._call,
}  # type: ignore[dict-item]

_MEANINGS: tuple[Callable[[Evaluation, Call], Value | None], ...] = (
    verification.called,
    request_values.called,
    error_text.called,
    keys.called,
)
