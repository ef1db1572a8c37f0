"""What the key rules share: how a missing key is graded and worded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.analysis import redelivery, requests, retries
from stripe_lint.model import FixClass, Hit, Severity, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request


def unkeyed(module: Module, *, critical: bool) -> Iterator[Hit]:
    """The calls without a key: those that move or commit money, or the others."""
    for request in requests.requests(module):
        if request.keyed is not False:
            continue
        reason = requests.criticality(request)
        if (reason is not None) is not critical:
            continue
        grade = requests.grade(request, reason) if reason is not None else "info"
        yield _hit(module, request, grade)


def _hit(module: Module, request: Request, grade: str) -> Hit:
    name = request.method.path.removeprefix("stripe.")
    span = module.span(request.node)
    retry = retries.retry_around(module, request.node)
    if retry is None and request.call.reference is not None:
        retry = retries.handed_to_retry(module, request.call.reference)
    again = redelivery.redelivery_around(module, request.node) if retry is None else None
    # a fresh key for each call changes nothing where nothing repeats the call: the SDK sends one by itself
    fix = FixClass.SAFE if retry is None and again is None else FixClass.UNSAFE
    if grade == "info":
        message = f"{name} has no idempotency key: a second attempt is a second request; pass a stored key"
        return Hit(span, message, Severity.INFO, fix=fix)
    if retry is not None:
        step = Step(str(retry.place.module.path), retry.place.line, retry.words)
        message = f"{name} is retried without an idempotency key: each attempt can charge again; make one key before"
        return Hit(span, message, Severity.ERROR, steps=(step,))
    if again is not None:
        step = Step(str(again.module.path), again.line, "this is delivered again after a failure")
        given = (
            "an id that the task is given" if redelivery.is_late_task(again.module, again.node) else "the event's id"
        )
        message = f"{name} runs again with each redelivery, without an idempotency key: derive one from {given}"
        return Hit(span, message, Severity.ERROR, steps=(step,))
    message = f"{name} has no idempotency key: a repeat can charge twice; pass idempotency_key"
    return Hit(span, message, Severity.WARNING, fix=fix)
