"""One module a framework, each imported by its name: ``from stripe_lint.runtime.adapters import flask``."""

from __future__ import annotations

from typing import Protocol

from stripe_lint.runtime.reception import Visit

FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP")
"""Headers that only a proxy sets."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""All but POST are answered 405."""

PATH = "/stripe/webhook"


class Headers(Protocol):
    """A request's headers, by their names."""

    def get(self, name: str, /) -> str | None:
        """The value, or ``None``."""

    def __contains__(self, name: str, /) -> bool: ...


def visit_of(
    headers: Headers, *, method: str, secure: bool, client: str | None, setting: str, forwarded: bool = False
) -> Visit:
    """A request in the terms of the inbox.

    Args:
        headers: Found by their names in any case.
        method: The HTTP method.
        secure: Whether the framework says that the client used HTTPS.
        client: The client's address, as the framework says it.
        setting: What to change where the framework is wrong about HTTPS.
        forwarded: Whether a proxy is known to have forwarded the request, whatever its headers are now.
    """
    length = headers.get("Content-Length") or ""
    return Visit(
        method=method.upper(),
        secure=secure,
        client=client or None,
        forwarded=forwarded or any(name in headers for name in FORWARDING),
        signature=headers.get("Stripe-Signature"),
        length=int(length) if length.isascii() and length.isdigit() and len(length) < 20 else None,
        idempotency_key=headers.get("Idempotency-Key"),  # noqa: STP112 - it is logged, and nothing else
        setting=setting,
    )
