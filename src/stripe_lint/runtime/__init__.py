"""Receives Stripe's webhooks once and sends requests to Stripe once: what the rules ask for, ready to use.

* :class:`WebhookInbox` verifies deliveries and runs handlers, with adapters in ``stripe_lint.runtime.adapters``.
* :class:`IdempotencyKeys` keeps the keys of outgoing requests.
* ``stripe_lint.runtime.stores.sqlite.SQLiteStore`` is where both remember.
* ``stripe_lint.runtime.testing`` makes signed requests for your own tests.

It needs ``stripe`` 8.11 or newer and nothing else: ``pip install 'stripe-lint[runtime]'``.
"""

from __future__ import annotations

from stripe_lint.runtime.delivery import Delivery
from stripe_lint.runtime.errors import (
    AlreadySucceeded,
    ConfigurationError,
    LeaseLost,
    OperationError,
    OperationExpired,
    OperationFailed,
    OperationInProgress,
    OutcomeNotRecorded,
    ParamsMismatch,
    PermanentError,
    Reason,
    RetryLater,
    SecretsUnavailable,
    StoreUnavailable,
    StripeRuntimeError,
    VerificationError,
)
from stripe_lint.runtime.event import Event
from stripe_lint.runtime.handlers import UnknownEventType
from stripe_lint.runtime.idempotency import IdempotencyKeys
from stripe_lint.runtime.inbox import WebhookInbox
from stripe_lint.runtime.lifecycle import OperationRecord, OperationState
from stripe_lint.runtime.operation import Operation
from stripe_lint.runtime.replies import Reply
from stripe_lint.runtime.verification import Refused, Verified, Verifier

__all__ = [
    "AlreadySucceeded",
    "ConfigurationError",
    "Delivery",
    "Event",
    "IdempotencyKeys",
    "LeaseLost",
    "Operation",
    "OperationError",
    "OperationExpired",
    "OperationFailed",
    "OperationInProgress",
    "OperationRecord",
    "OperationState",
    "OutcomeNotRecorded",
    "ParamsMismatch",
    "PermanentError",
    "Reason",
    "Refused",
    "Reply",
    "RetryLater",
    "SecretsUnavailable",
    "StoreUnavailable",
    "StripeRuntimeError",
    "UnknownEventType",
    "VerificationError",
    "Verified",
    "Verifier",
    "WebhookInbox",
]
