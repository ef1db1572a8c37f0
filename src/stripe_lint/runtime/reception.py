"""What is decided about a request before its body is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_lint.runtime import replies
from stripe_lint.runtime.audit import Reminder
from stripe_lint.runtime.networks import Networks, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stripe_lint.runtime.replies import Reply


@dataclass(frozen=True, slots=True)
class Visit:
    """A request as its adapter sees it, without its body.

    Args:
        method: In capitals.
        secure: Whether the framework says that the client used HTTPS.
        client: The client's address as the framework says it, or ``None``.
        forwarded: Whether there are headers that only a proxy sets.
        signature: The header ``Stripe-Signature``.
        length: ``Content-Length``, if the request says it.
        idempotency_key: The header ``Idempotency-Key``, which Stripe does not send. It is logged, and nothing else.
        setting: What to change where ``secure`` is wrong, for the log.
    """

    method: str
    secure: bool
    client: str | None
    forwarded: bool
    signature: str | None = field(repr=False)
    length: int | None = None
    idempotency_key: str | None = None
    setting: str = ""


class Reception:
    """Refuses what needs no look at its body.

    Args:
        require_https: Refuse plain HTTP, except from this machine itself without a proxy's headers.
        allowed_networks: Refuse other clients, if given.
        max_body: The largest body in bytes.
    """

    def __init__(self, *, require_https: bool, allowed_networks: Iterable[str] | None, max_body: int) -> None:
        self._require_https = require_https
        self._networks = None if allowed_networks is None else Networks(allowed_networks)
        self.max_body = max_body
        self._reminder = Reminder()

    def refusal(self, visit: Visit) -> Reply | None:
        """The reply to a request that goes no further."""
        if visit.method != "POST":
            return replies.WRONG_METHOD
        if self._require_https and not visit.secure and (visit.forwarded or not is_loopback(visit.client)):
            self._reminder.error(
                "refused a delivery over plain HTTP. If it came over HTTPS to a proxy: %s", visit.setting
            )
            return replies.NOT_HTTPS
        if self._networks is not None and visit.client not in self._networks:
            return replies.WRONG_NETWORK
        if visit.length is not None and visit.length > self.max_body:
            return replies.TOO_LARGE
        return None
