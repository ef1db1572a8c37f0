"""Everything that the runtime raises, and the two exceptions that a handler raises to say how it ended."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class StripeRuntimeError(Exception):
    """The base of every error of this package."""


class ConfigurationError(StripeRuntimeError):
    """The program has to be changed: a setting is wrong, or an API is used where it can't keep its promise."""


class StoreUnavailable(StripeRuntimeError):
    """The store could not be read or written. Nothing is known to have happened.

    The message names the operation and the class of the database's error, never a value.
    """


class SecretsUnavailable(StripeRuntimeError):
    """The application's own function did not give the signing secrets. Nobody can be verified until it does."""


class LeaseLost(StripeRuntimeError):
    """Another worker has taken over, so what this one wants to write is stale."""


class Reason(str, Enum):
    """Why a delivery was not believed. The value is what logs and metrics show."""

    MISSING_HEADER = "missing_header"
    MALFORMED_HEADER = "malformed_header"
    BODY_TOO_LARGE = "body_too_large"
    BODY_NOT_UTF8 = "body_not_utf8"
    NO_MATCH = "no_matching_signature"
    TOO_OLD = "timestamp_too_old"
    IN_THE_FUTURE = "timestamp_in_the_future"
    UNUSABLE = "verified_but_unusable"
    """The signature is genuine and the content is not an event. Such a delivery is a loss, not an attack."""


class VerificationError(StripeRuntimeError):
    """The one error of the verification. It has no cause and no context, and carries nothing of the request."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class PermanentError(StripeRuntimeError):
    """Raised by a handler: this event can never be processed, so Stripe need not send it again.

    The event is recorded as dead and Stripe is answered 200. ``WebhookInbox.replay`` runs it again.
    """


class RetryLater(StripeRuntimeError):
    """Raised by a handler: not now. Stripe is answered 503 and sends the event again.

    ``after`` is the least number of seconds to wait, sent as ``Retry-After``; Stripe keeps to its own schedule.
    """

    def __init__(self, message: str = "", *, after: int | None = None) -> None:
        super().__init__(message)
        self.after = after


class OperationError(StripeRuntimeError):
    """The base of what ``IdempotencyKeys.operation`` raises. Nothing was sent unless the subclass says so."""


class ParamsMismatch(OperationError):
    """The same operation was begun before with other parameters.

    ``changed`` names the top-level parameters that differ, and ``account`` if the account does.
    """

    def __init__(self, changed: Sequence[str]) -> None:
        super().__init__(f"the operation was begun with other values of: {', '.join(changed)}")
        self.changed = tuple(changed)


class AlreadySucceeded(OperationError):
    """The operation has succeeded before; read the object instead of sending the request again.

    ``object_id`` and ``request_id`` are Stripe's, or ``None`` where they were not recorded.
    """

    def __init__(self, object_id: str | None, request_id: str | None) -> None:
        super().__init__(f"the operation has succeeded already: object {object_id}, request {request_id}")
        self.object_id = object_id
        self.request_id = request_id


class OperationFailed(OperationError):
    """Stripe executed and refused the request before, and would give the same answer to the same key.

    ``code`` is Stripe's error code. ``retry_failed=True`` begins a new generation, which has a new key.
    """

    def __init__(self, code: str | None) -> None:
        super().__init__(f"the operation has failed: {code or 'no code'}; retry_failed=True tries again with a new key")
        self.code = code


class OperationInProgress(OperationError):
    """Another worker is sending this request now. ``seconds`` is how much of its lease is left."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the operation is in progress elsewhere for up to {seconds:.0f} seconds more")
        self.seconds = seconds


class OperationExpired(OperationError):
    """The outcome is unknown and Stripe may have forgotten the key, so that sending it would execute again.

    Find out with ``IdempotencyKeys.reconcile``; only then begin a new generation. ``object_id`` is the object that a
    webhook has named for this request, if one has.
    """

    def __init__(self, object_id: str | None = None) -> None:
        super().__init__("the outcome is unknown and the key's window is over: reconcile the operation first")
        self.object_id = object_id


class OutcomeNotRecorded(OperationError):
    """The block was left without ``op.succeeded(...)`` and without an error of Stripe's.

    The operation is recorded as unknown. The request may have been sent and may have been executed.
    """

    def __init__(self) -> None:
        super().__init__("the block ended without op.succeeded(...): the outcome is recorded as unknown")
