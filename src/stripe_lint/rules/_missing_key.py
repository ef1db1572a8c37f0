"""Repairs a request without an idempotency key: which key, where it is made, and how it is passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.analysis import (
    functions,
    redelivery,
    repeated_effects,
    requests,
    retries,
    retry_loops,
    second_attempts,
    task_decorators,
)
from stripe_lint.analysis.business_ids import business_id, item_loops
from stripe_lint.analysis.evaluation_order import statement_to_prepare
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.model import Severity
from stripe_lint.rules import _key_names, _passing_keys, _retried_keys, _stored_key
from stripe_lint.rules._key_names import Value, operation_of, ordinal
from stripe_lint.rules._retried_keys import STORED_KEY, VARIABLE

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request
    from stripe_lint.analysis.retries import Retry
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit
    from stripe_lint.rules._key_names import Part
    from stripe_lint.rules._retried_keys import UseKey

LIFETIME = "a derived key that is used again after its 24 hours at Stripe is a new request, and is carried out again"

REDELIVERED = "it is delivered again, and a random key would be another one each time"


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Give the request at ``hit`` a key: of a business id, above the retry, or for this one call."""
    request = _request_at(module, hit)
    if request is None:
        edit.decline("the call is not found again")
    _passing_keys.require_place_for_key(module, request, edit)
    give_key(
        module,
        request,
        edit,
        lambda key: _passing_keys.pass_key(request, edit, key),
        redelivered=hit.severity is Severity.ERROR,
    )


def give_key(
    module: Module, request: Request, edit: Edit, use: UseKey, *, redelivered: bool, prefix: Sequence[Part] = ()
) -> None:
    """Make a key for ``request`` in the right place, and let ``use`` pass the expression for it.

    ``redelivered`` tells that a request outside any retry is sent again with another random key all the same.
    ``prefix`` is what the key begins with.
    """

    def use_random(key: str) -> None:
        use(_key_names.as_f_string([*prefix, Value(key)]) if prefix else key)

    other = second_attempts.other_attempt(module, request.node)
    if edit.options.from_store:
        if other is not None:
            edit.decline(_of_both(other))
        _stored_key.keep_in_store(module, request, edit)
        return
    retry = _retry_of(module, request)
    if (edit.options.unsafe or retry is not None) and derive(module, request, edit, use, prefix=prefix):
        return
    if retry is not None:
        if _bound_task(module, request) is not None:
            edit.unsafe("the key has to be made of the task's id")
        _retried_keys.make_before(module, retry, request.node, edit, variable_names(request), use_random)
        return
    if redelivered or repeated_effects.repeating_handler(module, request.node) is not None:
        edit.decline(_redelivery_reason(module, request, edit))
    if other is not None:
        edit.decline(_of_both(other))
    if retry_loops.loop_that_repeats_items(module, request.node) is not None:
        edit.decline("a failure repeats the request for the same item: make the key where the item is taken")
    _for_this_call(module, request, edit, use_random)


def _of_both(other: ast.Call) -> str:
    return f"line {other.lineno} sends the same again when one of them fails: make one key before the try for both"


def _request_at(module: Module, hit: Hit) -> Request | None:
    for request in requests.requests(module):
        if request.keyed is False and module.span(request.node) == hit.span:
            return request
    return None


def _retry_of(module: Module, request: Request) -> Retry | None:
    retry = retries.retry_around(module, request.node)
    if retry is None and request.call.reference is not None:
        retry = retries.handed_to_retry(module, request.call.reference)
    return retry


def _redelivery_reason(module: Module, request: Request, edit: Edit) -> str:
    if not edit.options.unsafe and (business_id(module, request) or _bound_task(module, request)) is not None:
        return f"{REDELIVERED}; derive the key from an id (--unsafe-fixes does it)"
    again = redelivery.redelivery_around(module, request.node)
    if again is not None and redelivery.is_late_task(again.module, again.node):
        return f"{REDELIVERED}; derive the key from an id that the task is given, or bind the task and use its id"
    return f"{REDELIVERED}; derive the key from the event's id"


def derive(module: Module, request: Request, edit: Edit, use: UseKey, *, prefix: Sequence[Part] = ()) -> bool:
    """Use a key made of an id that stands for the operation, where there is one; ``prefix`` is what it begins with."""
    found = business_id(module, request)
    operation = _key_names.distinct_operation(module, request, found) if found is not None else None
    if found is not None and operation is not None:
        parts = _key_names.derived_key(found, operation)
    else:
        task = _bound_task(module, request)
        if task is None:
            return False
        parts = [Value(f"{task}.request.id"), operation_of(request)]
    key = _key_names.as_f_string([*prefix, *parts], ordinal(module, request))
    edit.unsafe(_retried_keys.BEFORE if _retry_of(module, request) is not None else "the key has to be made of an id")
    use(key)
    edit.describe(f"the key is {key}")
    edit.note(LIFETIME)
    return True


def _bound_task(module: Module, request: Request) -> str | None:
    """The name that the Celery task itself has in a bound task, or a task's class, that sends the request once."""
    function = module.enclosing_function(request.node)
    if not isinstance(function, NamedFunction) or item_loops(module, request.node) != []:
        return None
    first, owner = functions.first_parameter(function), module.enclosing_class(function)
    if owner is not None and first is not None and function.name == "run" and task_decorators.is_retried_task(owner):
        return first.arg
    task = task_decorators.own_task(function)
    is_task = any(task_decorators.is_task(module, decorator) for decorator in function.decorator_list)
    return task.arg if task is not None and is_task else None


def variable_names(request: Request) -> tuple[str, str]:
    return VARIABLE, f"{operation_of(request).replace('-', '_')}_key"


def _for_this_call(module: Module, request: Request, edit: Edit, use: UseKey) -> None:
    """Make a random key right before the call, or in it where nothing can be put before it."""
    statement = statement_to_prepare(module, request.node)
    key = _retried_keys.fresh_key(edit, request.node)
    if statement is not None:
        key = edit.new_variable(statement, key, *variable_names(request))
    use(key)
    edit.describe("a random key for this call")
    edit.note(STORED_KEY)
