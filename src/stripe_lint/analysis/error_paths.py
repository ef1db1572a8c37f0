"""What becomes of a caught error: the responses that it reaches, and what a function hands back of it."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    applied_decorators,
    callers,
    caught_errors,
    constant_arguments,
    error_handlers,
    error_text,
    functions,
    handlers,
    logging_calls,
    names,
    starts,
    syntax,
)
from stripe_lint.analysis.call_search import CallSearch, callees
from stripe_lint.analysis.control_flow import graph_of, leading_to, steps_of
from stripe_lint.analysis.dataflow import Exhausted, Frame, Interpreter
from stripe_lint.analysis.scopes import FunctionNode, NamedFunction
from stripe_lint.analysis.state import ANY_EXCEPTION, START, Outcome, State
from stripe_lint.analysis.values import UNKNOWN, Mark, Tag, Value, deep_tagged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.control_flow import FlowNode
    from stripe_lint.analysis.facts import ResponseFact
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.references import ClassReference, FunctionReference


DEEPEST_LEAK: Final = 3
"""How many calls deep a function is searched for an ``except`` whose text it hands back."""

MOST_VIEW_STEPS: Final = 1_000
"""How many steps the run of one such view may take."""

MOST_VIEWS: Final = 60
"""How many views of one file are run because of what they call."""


def responses(module: Module) -> list[ResponseFact]:
    """The responses that may carry text of an error which ``module`` catches, or is handed by what it calls."""
    known = module.memory.get("responses")
    if isinstance(known, list):
        return known
    found: dict[ResponseFact, None] = {}
    if caught_errors.eligible(module):
        for attempt in module.tries:
            for handler in attempt.handlers:
                if caught_errors.is_relevant(module, handler):
                    found.update(dict.fromkeys(_run_handler(module, handler)))
        for function in error_handlers.registered(module):
            own = frozenset({Tag(Mark.EXCEPTION, module, function)})
            found.update(dict.fromkeys(_run_error_handler(module, function, own)))
        for function, test, _ in error_handlers.telling_apart(module):
            own = frozenset({Tag(Mark.EXCEPTION, module, function)})
            for fact in _run_error_handler(module, function, own):
                if any(statement in (fact.place.node, *module.ancestors(fact.place.node)) for statement in test.body):
                    found[fact] = None
        for function, caught in error_handlers.registered_for_own(module):
            carried = _text_raised_with(caught)
            if carried:
                own = frozenset({Tag(Mark.EXCEPTION, module, caught.node)})
                found.update(dict.fromkeys(_run_error_handler(module, function, own | carried)))
        for function in _views_that_may_leak(module)[:MOST_VIEWS]:
            found.update(dict.fromkeys(_run_view(module, function)))
    module.memory["responses"] = list(found)
    return list(found)


def _run_handler(module: Module, handler: ast.ExceptHandler) -> set[ResponseFact]:
    function = module.enclosing_function(handler)
    if not isinstance(function, NamedFunction) or _only_logs(module, handler):
        return set()
    return _followed(module, function, handler, answers=is_answered(module, function)).responses


def _only_logs(module: Module, handler: ast.ExceptHandler) -> bool:
    """Whether what a handler catches goes nowhere but into logs, as far as its own statements tell."""
    for node in syntax.own_nodes(handler):
        if isinstance(node, ast.Name):
            if node.id == handler.name and not _is_logged(module, node):
                return False
        elif isinstance(node, ast.Call):
            if functions.last_name(node.func) in error_text.CURRENT_EXCEPTION_NAMES:
                return False
        elif isinstance(node, FunctionNode):
            # it may use the exception later
            return False
    return True


def _is_logged(module: Module, node: ast.AST) -> bool:
    statement = module.statement_of(node)
    if isinstance(statement, ast.Raise) and statement.cause is node:
        # the cause is for whoever reads the traceback
        return True
    written = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(written, ast.Call) and logging_calls.writes_log(module, written)


class _Followed(NamedTuple):
    """What came of an exception that was caught: how the function can end with it, and the responses on the way."""

    outcomes: list[Outcome]
    responses: set[ResponseFact]


def _followed(module: Module, function: FunctionNode, handler: ast.ExceptHandler, *, answers: bool) -> _Followed:
    """What comes of what ``handler`` catches as long as something in ``function`` holds it."""
    key = ("followed", handler, answers)
    known = module.memory.get(key)
    if not isinstance(known, _Followed):
        known = module.memory[key] = _follow(module, function, handler, answers=answers)
    return known


def _follow(module: Module, function: FunctionNode, handler: ast.ExceptHandler, *, answers: bool) -> _Followed:
    graph = graph_of(module, function)
    frame = Frame(module, function, graph, answers=answers)
    interpreter = Interpreter(ways_to_caught=_ways_to_caught)
    outcomes: list[Outcome] = []
    interpreter.active.append(function)
    try:
        for node in graph.at.get(handler, ()):
            outcomes.extend(interpreter.run(frame, node, State(raised=ANY_EXCEPTION)))
    except Exhausted:
        outcomes = []
    return _Followed(outcomes, interpreter.facts.responses)


def is_answered(module: Module, function: NamedFunction, distance: int = 0) -> bool:
    """Whether what ``function`` returns is sent back: it is a handler, or a handler returns its result as it is."""
    key = ("answered", function)
    known = module.memory.get(key)
    if isinstance(known, bool):
        return known
    module.memory[key] = False
    is_plain = handlers.framework_for(module, function).plain_answers
    answer = (
        (is_plain and handlers.takes_request(module, function))
        or _returned_by_handler(module, function, distance)
        or (is_plain and applied_decorators.is_registered(module, function))
    )
    if answer or not distance:
        module.memory[key] = answer
    else:
        # its callers were looked for less far than where it is asked about first
        del module.memory[key]
    return answer


def _returned_by_handler(module: Module, function: NamedFunction, distance: int) -> bool:
    if distance >= DEEPEST_LEAK:
        return False
    for source, call in callers.call_sites(module, function) or ():
        statement = source.parents.get(call)
        if isinstance(statement, ast.Await):
            statement = source.parents.get(statement)
        around = source.enclosing_function(call)
        if (
            isinstance(statement, ast.Return)
            and isinstance(around, NamedFunction)
            and is_answered(source, around, distance + 1)
        ):
            return True
    return False


def _text_raised_with(caught: ClassReference) -> frozenset[Tag]:
    """The exception text with which the project raises one of its own exceptions."""
    found: set[Tag] = set()
    project = caught.module.project
    for path in project.files_that_mention(caught.node.name, caught.module.path) or ():
        source = project.module_at(path)
        for call in source.calls.get(caught.node.name, ()) if source is not None else ():
            if source is None or names.resolve(source, call.func) != caught:
                continue
            for around in source.ancestors(call):
                function = source.enclosing_function(around)
                if (
                    isinstance(around, ast.ExceptHandler)
                    and function is not None
                    and caught_errors.is_relevant(source, around)
                ):
                    for outcome in _followed(source, function, around, answers=False).outcomes:
                        if outcome.raised is not None and outcome.raised.reference == caught:
                            found.update(deep_tagged(outcome.raised.value, Mark.TEXT))
                    break
    return frozenset(found)


def _run_error_handler(module: Module, function: NamedFunction, tags: frozenset[Tag]) -> set[ResponseFact]:
    interpreter = Interpreter()
    bound = {}
    for parameter in functions.parameters(function):
        if not handlers.is_request_parameter(module, function, parameter) and parameter.arg not in {"self", "cls"}:
            bound[parameter.arg] = Value(tags=tags, truth=True)
    try:
        interpreter.run_function(module, function, bound, START, answers=True)
    except Exhausted:
        return set()
    return interpreter.facts.responses


def _views_that_may_leak(module: Module) -> list[NamedFunction]:
    """The views that call a function of the project which hands back, or raises with, text of a caught error."""
    found = []
    for function in module.functions:
        if isinstance(function, ast.Lambda):
            continue
        if not any(LEAKY.ask(callee.module, callee.node) for callee in callees(module, function)):
            continue
        if handlers.takes_request(module, function) or is_answered(module, function):
            found.append(function)
    return found


def _hands_text_back(module: Module, function: ast.AST) -> bool:
    if not isinstance(function, NamedFunction) or not caught_errors.eligible(module):
        return False
    return any(
        any(map(_carries_text, _followed(module, function, handler, answers=False).outcomes))
        for handler in _handlers_of(module, function)
    )


def _carries_text(outcome: Outcome) -> bool:
    if outcome.value is not None and deep_tagged(outcome.value, Mark.TEXT, Mark.EXCEPTION):
        return True
    raised = outcome.raised
    return raised is not None and bool(deep_tagged(raised.value, Mark.TEXT))


LEAKY: Final = CallSearch("leaky", DEEPEST_LEAK, _hands_text_back)
"""Whether a function may hand text of an error caught around Stripe to its caller."""


def _run_view(module: Module, function: NamedFunction) -> set[ResponseFact]:
    """The responses of a view from the calls on that may hand it text of an error."""
    interpreter = _interpreter_of_views()
    graph = graph_of(module, function)
    frame = Frame(module, function, graph, answers=is_answered(module, function))
    steps = dict.fromkeys(_leaky_steps(module, function))
    try:
        for start in starts.starts(interpreter, module, function):
            interpreter.active.append(function)
            for step in steps:
                interpreter.run(frame, step, State(frozenset(start.names.items()), start.history))
            interpreter.active.pop()
    except Exhausted:
        # what was seen until then is true all the same
        return interpreter.facts.responses
    return interpreter.facts.responses


def _text_handed_back(reference: FunctionReference, call: ast.AST, depth: int = 0) -> list[Outcome] | None:
    """How a function ends that may hand back text of an error, and that it may end otherwise; ``None``: run it."""
    module, function = reference.module, reference.node
    if not isinstance(function, NamedFunction) or depth > DEEPEST_LEAK or not LEAKY.ask(module, function):
        return None
    found = _ends_with_text(module, function, depth)
    if found is None:
        return None
    ends = [end for origin, end in found if constant_arguments.may_lead_to(module, function, call, origin)]
    return [*dict.fromkeys(ends), Outcome(UNKNOWN, None, START)]


def _ends_with_text(module: Module, function: NamedFunction, depth: int) -> list[tuple[ast.AST, Outcome]] | None:
    """The ways in which a function hands text of an error back, with the ``except`` or the call that it has it from.

    ``None`` while they are being found out: the function calls itself, through whatever functions.
    """
    key = ("ends with text", function)
    if key in module.memory:
        return module.memory[key]  # type: ignore[return-value]
    module.memory[key] = None
    found: list[tuple[ast.AST, Outcome]] = [
        (handler, outcome)
        for handler in _handlers_of(module, function)
        for outcome in _followed(module, function, handler, answers=False).outcomes
    ]
    graph = graph_of(module, function)
    interpreter = _interpreter_of_views(depth + 1)
    interpreter.active.append(function)
    try:
        for callee in callees(module, function):
            if LEAKY.ask(callee.module, callee.node):
                for step in steps_of(module, graph, callee.call):
                    ends = interpreter.run(Frame(module, function, graph), step, State())
                    found.extend((callee.call, outcome) for outcome in ends)
    except Exhausted:
        # what was seen until then is true all the same
        pass
    ended = module.memory[key] = [(origin, outcome) for origin, outcome in found if _carries_text(outcome)]
    return ended


def _interpreter_of_views(depth: int = 0) -> Interpreter:
    """An interpreter for what calls functions that may hand text of an error back."""
    return Interpreter(
        follow=_is_leaky_reference,
        ways_to_caught=_ways_to_caught,
        known_outcomes=partial(_text_handed_back, depth=depth),
        most_steps=MOST_VIEW_STEPS,
    )


def _handlers_of(module: Module, function: FunctionNode) -> Iterator[ast.ExceptHandler]:
    """The handlers of a function that do more with what comes from Stripe than to log it."""
    for attempt in module.own_of_kind(function, ast.Try):
        for handler in attempt.handlers:
            if not _only_logs(module, handler) and caught_errors.is_relevant(module, handler):
                yield handler


def _leaky_steps(module: Module, function: FunctionNode) -> Iterator[FlowNode]:
    """The steps of a function that call another one which may hand it text of an error."""
    graph = graph_of(module, function)
    for callee in callees(module, function):
        if LEAKY.ask(callee.module, callee.node):
            yield from steps_of(module, graph, callee.call)


def _ways_to_caught(module: Module, function: FunctionNode) -> frozenset[FlowNode]:
    """The steps of a function after which it can still catch something, or be handed text of an error."""
    key = ("ways to something caught", function)
    known = module.memory.get(key)
    if not isinstance(known, frozenset):
        graph = graph_of(module, function)
        handlers_here = (each for attempt in module.own_of_kind(function, ast.Try) for each in attempt.handlers)
        ends = {step for handler in handlers_here for step in graph.at.get(handler, ())}
        known = leading_to(graph, ends | set(_leaky_steps(module, function)))
        module.memory[key] = known
    return known


def responses_elsewhere(module: Module) -> list[ResponseFact]:
    """The responses of files without a word of Stripe that may carry text of what ``module`` catches."""
    known = module.memory.get("responses elsewhere")
    if isinstance(known, list):
        return known
    found: dict[ResponseFact, None] = {}
    for attempt in module.tries if caught_errors.eligible(module) else ():
        function = module.enclosing_function(attempt)
        if isinstance(function, NamedFunction) and LEAKY.ask(module, function):
            for source, view in _unchecked_views(module, function):
                facts = _run_view(source, view)
                found.update((fact, None) for fact in facts if not caught_errors.eligible(fact.place.module))
    module.memory["responses elsewhere"] = list(found)
    return list(found)


def _unchecked_views(
    module: Module, function: NamedFunction, distance: int = 0
) -> Iterator[tuple[Module, NamedFunction]]:
    """The views in files without a word of Stripe that call ``function``, themselves or through other functions."""
    if distance >= DEEPEST_LEAK:
        return
    for source, call in callers.call_sites(module, function) or ():
        around = source.enclosing_function(call)
        if not isinstance(around, NamedFunction):
            continue
        if not caught_errors.eligible(source) and (
            handlers.takes_request(source, around) or is_answered(source, around)
        ):
            yield source, around
        else:
            yield from _unchecked_views(source, around, distance + 1)


def _is_leaky_reference(reference: FunctionReference) -> bool:
    return not isinstance(reference.node, ast.Lambda) and LEAKY.ask(reference.module, reference.node)
