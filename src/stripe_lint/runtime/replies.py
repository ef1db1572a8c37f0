"""What Stripe is answered. Every status that is not 2xx makes it send the event again."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Reply:
    """An HTTP response that tells the sender nothing but the status.

    Args:
        status: The HTTP status.
        body: JSON, the same for all reasons of one status.
        headers: Names and values, without ``Content-Length``.
        outcome: The word that logs and metrics have for it. It is not sent.
    """

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]
    outcome: str

    @property
    def ok(self) -> bool:
        """Whether Stripe counts the event as delivered."""
        return 200 <= self.status < 300


HSTS = 31_536_000
"""Seconds: a year."""

_HSTS_HEADER = "Strict-Transport-Security"

HEADERS = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    (_HSTS_HEADER, f"max-age={HSTS}"),  # clients ignore it over plain HTTP
)

PHRASES = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

_BODIES = {status: b'{"received":true}' if status == 200 else b'{"received":false}' for status in PHRASES}


def reply(outcome: str, status: int, *extra: tuple[str, str]) -> Reply:
    """The reply with a status of :data:`PHRASES`."""
    return Reply(status, _BODIES[status], (*HEADERS, *extra), outcome)


SUCCEEDED = reply("succeeded", 200)
DUPLICATE = reply("duplicate", 200)
UNHANDLED = reply("unhandled", 200)
IGNORED = reply("ignored", 200)
BURIED = reply("dead", 200)
BURIED_AS_FAILED = reply("dead", 500)
ALREADY_DEAD = reply("already_dead", 200)
IN_PROGRESS = reply("in_progress", 409)
LEASE_LOST = reply("lease_lost", 409)
HANDLER_FAILED = reply("handler_failed", 500)
NOT_RECORDED = reply("not_recorded", 500)
NO_SECRETS = reply("secrets_unavailable", 503)
STORE_DOWN = reply("store_unavailable", 503)
DRAINING = reply("draining", 503)
UNVERIFIED = reply("unverified", 400)
UNUSABLE = reply("unusable", 400)
TOO_LARGE = reply("too_large", 413)
WRONG_METHOD = reply("wrong_method", 405, ("Allow", "POST"))
NOT_HTTPS = reply("not_https", 403)
WRONG_NETWORK = reply("wrong_network", 403)


def retry_later(after: int | None) -> Reply:
    """The reply to an event whose handler asked for a later delivery; ``after`` is in seconds."""
    return reply("retry_later", 503, *([("Retry-After", str(max(0, after)))] if after is not None else []))


def with_hsts(reply: Reply, seconds: int | None) -> Reply:
    """The same reply with another time in its header ``Strict-Transport-Security``, or without it."""
    headers = tuple(header for header in reply.headers if header[0] != _HSTS_HEADER)
    return replace(reply, headers=headers if seconds is None else (*headers, (_HSTS_HEADER, f"max-age={seconds}")))
