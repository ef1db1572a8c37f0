"""What Stripe's answers mean for an operation: by status and code, not by the class of the exception.

A v1 409, for example, is an ``APIError``, as a 500 is. Observed on stripe 8 to 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_lint.runtime.lifecycle import OperationState, Outcome

_TRY_AGAIN = frozenset({"lock_timeout", "idempotency_key_in_use", "rate_limit"})
_NOT_EXECUTED = frozenset({401, 403, 429})


def is_stripe_error(error: BaseException) -> bool:
    """Whether an exception is an answer of Stripe's, or the lack of one, as the SDK reports it."""
    import stripe

    return isinstance(error, stripe.StripeError)


def outcome_of_error(error: Any) -> Outcome:
    """The outcome of a request that ended with a ``stripe.StripeError``."""
    status = error.http_status if isinstance(error.http_status, int) else None
    detail = _detail(error)
    code = _text(detail.get("code")) or _text(getattr(error, "code", None))
    kind = _text(detail.get("type"))
    replayed = _replayed(getattr(error, "headers", None))
    state = _state(status, kind, code)
    decline = state is OperationState.FAILED and (status == 402 or kind == "card_error")
    return Outcome(
        state=state,
        http_status=status,
        error_code=code or kind,
        request_id=_text(getattr(error, "request_id", None)),
        replayed=replayed,
        decisive=state is OperationState.FAILED and (replayed or decline),
    )


def outcome_of_result(result: Any) -> Outcome:
    """The outcome of a request that gave an object."""
    response = getattr(result, "last_response", None)
    found = result.get("id") if isinstance(result, Mapping) else getattr(result, "id", None)
    return Outcome(
        state=OperationState.SUCCEEDED,
        http_status=getattr(response, "code", None),
        request_id=_text(getattr(response, "request_id", None)),
        object_id=_text(found),
        replayed=_replayed(getattr(response, "headers", None)),
        decisive=True,
    )


def _state(status: int | None, kind: str | None, code: str | None) -> OperationState:
    if kind == "idempotency_error":
        return OperationState.PENDING if code in _TRY_AGAIN else OperationState.CONFLICT
    if status in _NOT_EXECUTED or (code in _TRY_AGAIN and status is not None and status < 500):
        return OperationState.PENDING
    if status in (400, 402, 404):
        return OperationState.FAILED
    return OperationState.UNKNOWN


def _detail(error: Any) -> Mapping[str, Any]:
    body = getattr(error, "json_body", None)
    found = body.get("error") if isinstance(body, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _replayed(headers: Any) -> bool:
    if not isinstance(headers, Mapping):
        return False
    return any(str(name).lower() == "idempotent-replayed" and str(headers[name]).lower() == "true" for name in headers)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
