"""What an inbox writes down of each request: a line for the audit log, and numbers."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stripe_lint.runtime import replies
from stripe_lint.runtime.audit import AuditLog
from stripe_lint.runtime.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stripe_lint.runtime.event import Event
    from stripe_lint.runtime.metrics import Metrics
    from stripe_lint.runtime.processing import Trail
    from stripe_lint.runtime.reception import Visit
    from stripe_lint.runtime.replies import Reply
    from stripe_lint.runtime.verification import Refused, Verified


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an event came: not with a request, if it is replayed. ``size`` is the body's, in bytes."""

    visit: Visit
    verified: Verified
    size: int


class Journal:
    """Keeps the books of one inbox.

    Args:
        endpoint: The name in lines and numbers.
        consumer: Whose events they are.
        metrics: Where numbers go.
        clock: Seconds since 1970.
    """

    def __init__(self, endpoint: str, consumer: str, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._endpoint = endpoint
        self._metrics = metrics
        self._clock = clock
        self._audit = AuditLog({"endpoint": endpoint, "consumer": consumer})

    def refused(
        self, visit: Visit, reply: Reply, reason: str, size: int | None = None, errors: Sequence[str] = ()
    ) -> Reply:
        """Notes a request that is not believed, of which nothing is known but where it came from.

        ``errors`` are the types of what was raised meanwhile.
        """
        self._metrics.count("deliveries_total", self._endpoint, reply.outcome)
        fields = {
            "outcome": reply.outcome,
            "reason": reason,
            "error": ", ".join(errors) or None,
            "client": visit.client,
            "body_bytes": visit.length if size is None else size,
            "idempotency_key": visit.idempotency_key,
        }
        if reply is replies.UNUSABLE:
            self._audit.decision(logging.ERROR, fields)
        else:
            self._audit.refusal(fields)
        return reply

    def unbelieved(self, visit: Visit, refused: Refused, size: int) -> Reply:
        """Notes that the verification has failed, and gives the reply."""
        reason = refused.reason
        self._metrics.count("verify_failures_total", self._endpoint, reason.value)
        reply = replies.UNUSABLE if reason is Reason.UNUSABLE else replies.UNVERIFIED
        return self.refused(visit, reply, reason.value, size, refused.errors)

    def believed(self, verified: Verified) -> None:
        """Notes that the verification has succeeded."""
        now = self._clock()
        self._metrics.count("secret_slot_total", self._endpoint, str(verified.slot))
        self._metrics.observe("signature_age_seconds", max(0.0, now - verified.signed_at))
        self._metrics.observe("event_age_seconds", max(0.0, now - verified.event.created))

    def answered(self, reply: Reply, event: Event, trail: Trail, began: float, arrival: Arrival | None) -> None:
        """Notes what became of an event. ``began`` is in seconds of ``time.perf_counter``."""
        self._ended(_level(reply), reply.outcome, reply.status, event, trail, began, arrival)

    def stopped(self, error: BaseException, event: Event, trail: Trail, began: float, arrival: Arrival) -> None:
        """Notes that an event has no answer from the inbox, because the worker was stopped or is set up wrongly."""
        trail.error = type(error).__qualname__
        self._ended(logging.ERROR, "stopped", None, event, trail, began, arrival)

    def _ended(
        self,
        level: int,
        outcome: str,
        status: int | None,
        event: Event,
        trail: Trail,
        began: float,
        arrival: Arrival | None,
    ) -> None:
        self._metrics.count("deliveries_total", self._endpoint, outcome)
        fields: dict[str, object] = {
            "outcome": outcome,
            "status": status,
            "event_id": event.id,
            "type": event.type,
            "account": event.account,
            "livemode": event.livemode,
            "attempt": trail.attempt,
            "token": trail.token,
            "takeover": trail.takeover,
            "error": trail.error,
            "error_digest": trail.error_digest,
            "duration_ms": round((time.perf_counter() - began) * 1000, 2),
        }
        if arrival is None:
            fields["replay"] = True
        else:
            fields |= {
                "client": arrival.visit.client,
                "idempotency_key": arrival.visit.idempotency_key,
                "signature_age": round(self._clock() - arrival.verified.signed_at),
                "secret_slot": arrival.verified.slot,
                "body_bytes": arrival.size,
            }
        self._audit.decision(level, fields)


def _level(reply: Reply) -> int:
    if reply in (replies.BURIED, replies.BURIED_AS_FAILED):
        return logging.ERROR
    return logging.INFO if reply.status in (200, 409) else logging.WARNING
