"""The life of an outgoing operation, as functions of what is known and of the time. They touch nothing.

A store runs each as a step of one transaction (``OperationStore.change``), so these few functions are all that decides
whether a request may be sent, with which key, and what its answer means.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.runtime.errors import (
    AlreadySucceeded,
    OperationError,
    OperationExpired,
    OperationFailed,
    OperationInProgress,
    ParamsMismatch,
)
from stripe_lint.runtime.stores import LONGEST_LEASE

if TYPE_CHECKING:
    from collections.abc import Mapping

HOUR = 3600.0
WINDOWS = {"v1": 24 * HOUR, "v2": 30 * 24 * HOUR}
"""For how many seconds Stripe keeps a key, by API. (Pages "Idempotent requests" and "API v2 overview".)"""

MARGIN = HOUR
"""Seconds by which a window ends early here, for requests that are slow and clocks that differ."""


class OperationState(str, Enum):
    """What is known of a request.

    PENDING: not executed, as far as anybody knows. UNKNOWN: it may have been executed. EXECUTED: a webhook says that it
    was, and not with which result. CONFLICT: Stripe has the key for another request. SUCCEEDED and FAILED are final.
    """

    PENDING = "pending"
    UNKNOWN = "unknown"
    EXECUTED = "executed"
    CONFLICT = "conflict"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


UNFINISHED = (OperationState.PENDING, OperationState.UNKNOWN, OperationState.EXECUTED, OperationState.CONFLICT)


class Identity(NamedTuple):
    """What makes an operation one operation: all of it goes into the key."""

    namespace: str
    account: str
    livemode: bool
    api: str
    operation: str
    business_id: str


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One generation of an operation: all requests that are sent with one key. Times are seconds since 1970."""

    identity: Identity
    generation: int
    key: str
    fingerprint: str
    fields: Mapping[str, str]
    """A keyed hash of each top-level parameter."""
    result: str | None
    """The type of object that the request makes, if the application has said so."""
    state: OperationState
    token: int
    lease_until: float | None
    """``None`` when nobody is sending. A lease that ran out belongs to a sender that died or hangs."""
    sends: int
    indeterminate: bool
    """Whether an earlier send may have been executed, so that a refusal of a later one proves nothing."""
    created_at: float
    first_sent_at: float
    last_sent_at: float
    request_id: str | None = None
    object_id: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    replayed: bool = False

    def leased(self, now: float) -> bool:
        """Whether somebody may be sending it now. See ``stores.LONGEST_LEASE``."""
        return self.lease_until is not None and now <= self.lease_until <= now + LONGEST_LEASE

    def expired(self, now: float) -> bool:
        """Whether Stripe may have forgotten the key, so that sending it would execute again.

        A first send in the future was timed by a clock that has been set back since, so its age is not known.
        """
        age = now - self.first_sent_at
        return not -MARGIN <= age <= WINDOWS[self.identity.api] - MARGIN


@dataclass(frozen=True, slots=True)
class Request:
    """What an application wants to send."""

    identity: Identity
    fingerprint: str
    fields: Mapping[str, str]
    salt: str = field(repr=False)
    result: str | None = None
    retry_failed: bool = False
    lease: float = 90.0


@dataclass(frozen=True, slots=True)
class Granted:
    """The permission to send: ``decision`` is ``created``, ``reused`` or ``new_generation``."""

    record: OperationRecord
    decision: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer of Stripe's means. ``decisive`` is whether it settles earlier sends of the key too."""

    state: OperationState
    http_status: int | None = None
    error_code: str | None = None
    request_id: str | None = None
    object_id: str | None = None
    replayed: bool = False
    decisive: bool = False


def key_of(identity: Identity, generation: int, salt: str) -> str:
    """The idempotency key: the same whenever and wherever it is computed, and nothing can be read from it."""
    text = json.dumps([*identity, generation, salt], separators=(",", ":"), ensure_ascii=True)
    return "sl_" + base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:40].lower()


def begin(
    record: OperationRecord | None, now: float, request: Request
) -> tuple[OperationRecord | None, Granted | OperationError]:
    """Decides whether the request may be sent now, and with which key."""
    if record is None:
        created = _first(request, now, 1)
        return created, Granted(created, "created")
    if record.state is OperationState.FAILED:
        if not request.retry_failed:
            return None, OperationFailed(record.error_code)
        fresh = _first(request, now, record.generation + 1)
        return fresh, Granted(fresh, "new_generation")
    if record.fingerprint != request.fingerprint:
        return None, ParamsMismatch(_changed(record.fields, request.fields))
    if record.state is OperationState.SUCCEEDED:
        return None, AlreadySucceeded(record.object_id, record.request_id)
    if record.lease_until is not None and record.leased(now):
        return None, OperationInProgress(record.lease_until - now)
    if record.expired(now):
        return None, OperationExpired(record.object_id)
    died = record.lease_until is not None
    reused = replace(
        record,
        state=OperationState.UNKNOWN if died and record.state is OperationState.PENDING else record.state,
        indeterminate=record.indeterminate or died,
        token=record.token + 1,
        lease_until=now + request.lease,
        sends=record.sends + 1,
        last_sent_at=now,
        result=request.result or record.result,
    )
    return reused, Granted(reused, "reused")


def settle(
    record: OperationRecord | None, token: int, outcome: Outcome
) -> tuple[OperationRecord | None, OperationState | None]:
    """Records an answer of Stripe's; gives the state that follows, or ``None`` if the answer is stale.

    A success is true whoever reports it: all senders of a key get the same object. Anything else counts only from the
    sender that holds the lease, because a later one may know more.
    """
    if record is None or record.state is OperationState.SUCCEEDED:
        return None, None
    if outcome.state is OperationState.SUCCEEDED:
        return _answered(record, outcome, OperationState.SUCCEEDED), OperationState.SUCCEEDED
    if record.token != token or record.lease_until is None:
        return None, None
    state = outcome.state
    if record.indeterminate and not outcome.decisive:
        state = OperationState.UNKNOWN
    if record.state is OperationState.EXECUTED and state is not OperationState.FAILED:
        state = OperationState.EXECUTED
    return _answered(record, outcome, state), state


def heal(
    record: OperationRecord | None, now: float, namespace: str, object_type: str | None, object_id: str | None
) -> tuple[OperationRecord | None, bool]:
    """Takes note that a webhook names this request as its cause: so it was executed, with whatever result."""
    if record is None or record.identity.namespace != namespace:
        return None, False
    if record.leased(now):
        return None, False
    died = record.state is OperationState.PENDING and record.lease_until is not None
    if not (died or record.state in (OperationState.UNKNOWN, OperationState.EXECUTED)):
        return None, False
    named = object_id if object_type is not None and object_type == record.result else None
    if record.state is OperationState.EXECUTED and (record.object_id or not named):
        return None, False
    healed = replace(
        record, state=OperationState.EXECUTED, object_id=record.object_id or named, lease_until=None, indeterminate=True
    )
    return healed, True


def resolve(
    record: OperationRecord | None, now: float, object_id: str | None
) -> tuple[OperationRecord | None, OperationRecord | None]:
    """Records what a look at Stripe has shown: the object that the request made, or that it made none."""
    if record is None or record.state not in UNFINISHED:
        return None, None
    if record.leased(now):
        return None, None
    state = OperationState.SUCCEEDED if object_id else OperationState.FAILED
    code = None if object_id else "not_executed"
    found = replace(record, state=state, object_id=object_id, error_code=code, lease_until=None, token=record.token + 1)
    return found, found


def _first(request: Request, now: float, generation: int) -> OperationRecord:
    return OperationRecord(
        identity=request.identity,
        generation=generation,
        key=key_of(request.identity, generation, request.salt),
        fingerprint=request.fingerprint,
        fields=request.fields,
        result=request.result,
        state=OperationState.PENDING,
        token=1,
        lease_until=now + request.lease,
        sends=1,
        indeterminate=False,
        created_at=now,
        first_sent_at=now,
        last_sent_at=now,
    )


def _answered(record: OperationRecord, outcome: Outcome, state: OperationState) -> OperationRecord:
    return replace(
        record,
        state=state,
        lease_until=None,
        indeterminate=record.indeterminate or state is OperationState.UNKNOWN,
        request_id=outcome.request_id or record.request_id,
        object_id=outcome.object_id or record.object_id,
        http_status=outcome.http_status,
        error_code=outcome.error_code,
        replayed=outcome.replayed,
    )


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
