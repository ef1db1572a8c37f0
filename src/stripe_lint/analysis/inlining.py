"""Following a call into a function of the project: whether it is worth it, with what, and what comes back."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    body_uses,
    callers,
    calls,
    definitions,
    functions,
    keys,
    names,
    request_reads,
    runners,
    static_values,
    stripe_calls,
    task_decorators,
    verifiers,
)
from stripe_lint.analysis.references import FunctionReference, ObjectReference
from stripe_lint.analysis.values import UNKNOWN, Mark, Value, all_tags, deep_tagged

if TYPE_CHECKING:
    from stripe_lint.analysis.calls import Call
    from stripe_lint.analysis.evaluation import Evaluation

DEEPEST_UNTOLD: Final = 3
"""How many calls deep every function is followed where all of them are, whatever its arguments say."""

FOLLOWED: Final = (Mark.REQUEST, Mark.RAW, Mark.PARSED, Mark.SIGNATURE, Mark.TEXT, Mark.EXCEPTION, Mark.HEADERS)
_ALWAYS_FOLLOWED: Final = frozenset({Mark.TEXT, Mark.EXCEPTION, Mark.DIGEST, Mark.VERDICT})
_BODY_MARKS: Final = frozenset(
    {Mark.RAW, Mark.STREAM, Mark.PARSED, Mark.ALTERED, Mark.SIGNATURE, Mark.EVENT, Mark.FRESH}
)
_UNREAD_BODY_MARKS: Final = frozenset({Mark.RAW, Mark.SIGNATURE, Mark.STREAM})


def inlined(evaluation: Evaluation, call: Call) -> Value | None:
    """What a call of the project's own code gives; ``None`` where it is not followed."""
    reference = call.reference
    if isinstance(reference, ObjectReference):
        method = names.find_method(reference, "__call__")
        if method is None:
            return None
        reference = FunctionReference(*method, reference)
    if not isinstance(reference, FunctionReference) or not _worth_following(evaluation, call, reference):
        return None
    bound = {**evaluation.interpreter.defaults.get(reference.node, {}), **calls.bound_arguments(call, reference)}
    captured = _captured_by(evaluation, reference)
    answers = evaluation.answering is call.node or reference.node in evaluation.interpreter.defaults
    outcomes = evaluation.interpreter.summary(
        reference, bound, evaluation.history, captured, evaluation.frame, call.node, answers=answers
    )
    if outcomes is None or functions.is_abstract(reference.node):
        return None
    if reference.node in reference.module.yields:
        return None
    if isinstance(reference.node, ast.FunctionDef) and _is_cached(reference.node):
        outcomes = [o._replace(value=static_values.made_once(o.value)) for o in outcomes]
    expose_mutated(evaluation, call, reference)
    if answers:
        outcomes = [o._replace(value=_answered(o.value) if o.value is not None else None) for o in outcomes]
    return evaluation.fork(call, list(dict.fromkeys(outcomes)))


def expose_mutated(evaluation: Evaluation, call: Call, reference: FunctionReference) -> None:
    """A dict that a function of the project changes may hold more afterwards than can be seen here."""
    for parameter, argument in callers.bound(reference.module, reference.node, call.node).items():
        if isinstance(argument, ast.Name):
            value = evaluation.names.get(argument.id)
            if value is None or not value.complete or value.fields is None:
                continue
            if functions.changes_parameter(reference.node, parameter):
                evaluation.names[argument.id] = value._replace(complete=False)


def _is_unseen(call: Call) -> bool:
    """Whether nothing can be said of what a call does with its arguments."""
    path = call.path
    return call.reference is None or (path is not None and not path.startswith(("builtins.", "stripe.", "json.")))


def expose_arguments(evaluation: Evaluation, call: Call) -> None:
    """A dict that is handed to something unknown may hold more afterwards."""
    if body_uses.is_harmless(call) or not _is_unseen(call):
        return
    for argument in call.node.args:
        if isinstance(argument, ast.Name):
            value = evaluation.names.get(argument.id)
            if value is not None and value.complete and value.fields is not None:
                evaluation.names[argument.id] = value._replace(complete=False)


def _worth_following(evaluation: Evaluation, call: Call, reference: FunctionReference) -> bool:
    interpreter, module, node = evaluation.interpreter, reference.module, reference.node
    if interpreter.follow_everything and evaluation.frame.depth < DEEPEST_UNTOLD:
        return True
    if node in interpreter.defaults:
        return True
    marks = {tag.mark for value in (*call.values, call.receiver) for tag in all_tags(value)}
    if marks & _ALWAYS_FOLLOWED:
        return True
    if interpreter.follow is not None:
        return interpreter.follow(reference)
    if interpreter.only_unverified and evaluation.history.verified:
        return False
    if marks & _BODY_MARKS and (marks & _UNREAD_BODY_MARKS or stripe_calls.touches_stripe(module, node)):
        return True
    if Mark.PARSED in marks and (verifiers.speaks_of_events(module, node) or request_reads.writes_json(module, node)):
        return True
    if reference.receiver is not None and request_reads.reads_own_request(reference):
        return verifiers.concerns_request(module, node)
    if Mark.REQUEST in marks or Mark.HEADERS in marks or request_reads.reads_request(module, node):
        return verifiers.concerns_request(module, node)
    if any(isinstance(value.reference, FunctionReference) for value in call.values):
        return True
    if keys.makes_fresh_value(module, reference):
        return True
    return verifiers.mentions_verification(module, node)


def _captured_by(evaluation: Evaluation, reference: FunctionReference) -> dict[str, Value]:
    if reference.module is not evaluation.module or evaluation.frame.function is None:
        return {}
    if evaluation.module.enclosing_function(reference.node) is not evaluation.frame.function:
        return dict(evaluation.frame.captured) if evaluation.frame.captured else {}
    return {**evaluation.frame.captured, **evaluation.names}


def located(evaluation: Evaluation, call: Call) -> Call:
    """The call with the project's only method of that name, where its receiver's type is unknown."""
    if call.reference is not None or not isinstance(call.node.func, ast.Attribute):
        return call
    if call.name in runners.QUEUES and isinstance(call.receiver.reference, FunctionReference):
        return call
    if call.receiver.tags or call.receiver.fields is not None:
        return call
    followed = any(deep_tagged(value, *FOLLOWED) for value in call.values)
    if not followed and not (evaluation.interpreter.follow_everything and not call.values):
        return call
    only_one = definitions.only_definition(evaluation.module, call.name, len(call.positional) + len(call.keywords))
    return call._replace(reference=only_one) if only_one is not None else call


def started_task(evaluation: Evaluation, call: Call) -> bool:
    """Run the task that a call starts; whether what it does is all that becomes of what it is given.

    That is so where it is given nothing but ids: with an id a task can ask Stripe for what the request only claims.
    """
    if call.name not in runners.QUEUES or call.reference is not None:
        return False
    target = call.receiver.reference
    if not isinstance(target, FunctionReference):
        return False
    followed = _run_task(evaluation, call, target)
    given = [tag for value in call.values for tag in deep_tagged(value, *FOLLOWED, Mark.MISSING)]
    return followed and all(tag.mark is Mark.PARSED and body_uses.entry_name(tag) == "id" for tag in given)


def _run_task(evaluation: Evaluation, call: Call, target: FunctionReference) -> bool:
    """A task that is started here: what it does counts, how it ends does not."""
    node = target.node
    if isinstance(node, ast.Lambda) or not any(deep_tagged(value, *FOLLOWED) for value in call.values):
        return False
    listed = call.keywords.get("args")
    named = call.keywords.get("kwargs")
    if call.name == "apply_async":
        values = [value for _, value in (listed.fields or ())] if listed is not None else []
        named_values = dict(named.fields or ()) if named is not None else {}
        call = call._replace(positional=values or _first_fields(call.positional), keywords=named_values)
    if task_decorators.own_task(node) is not None:
        call = call._replace(positional=[UNKNOWN, *call.positional])
    bound = calls.bound_arguments(call, target)
    outcomes = evaluation.interpreter.summary(target, bound, evaluation.history, {}, evaluation.frame, call.node)
    return outcomes is not None


def _is_cached(node: ast.FunctionDef) -> bool:
    return any(name in {"lru_cache", "cache"} for name in functions.decorator_names(node))


def _first_fields(positional: list[Value]) -> list[Value]:
    return [value for _, value in positional[0].fields or ()] if positional else []


def _answered(value: Value) -> Value:
    """A value whose exception text has been reported where the callee answered with it."""
    kept = frozenset(tag for tag in value.tags if tag.mark not in {Mark.TEXT, Mark.EXCEPTION})
    fields = None
    if value.fields is not None:
        fields = tuple((name, _answered(item)) for name, item in value.fields)
    return value._replace(tags=kept, fields=fields)
