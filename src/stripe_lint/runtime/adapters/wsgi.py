"""A WSGI application, for any server and for frameworks that can mount one.

application = wsgi.application(inbox, trusted_proxies=["10.0.0.0/8"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stripe_lint.runtime.networks import Networks, peer
from stripe_lint.runtime.reception import Visit
from stripe_lint.runtime.replies import PHRASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stripe_lint.runtime.inbox import WebhookInbox

SETTING = 'wsgi.application(inbox, trusted_proxies=["address of the proxy", or "unix"])'


def application(
    inbox: WebhookInbox, *, trusted_proxies: Iterable[str] = ()
) -> Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]:
    """The application. It answers at any path.

    Args:
        inbox: The inbox.
        trusted_proxies: The networks of proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed, and
            ``"unix"`` for a proxy on a socket of the file system.
    """
    trusted = Networks(trusted_proxies)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        reply = inbox.handle(_visit(environ, trusted), lambda limit: _read(environ, limit))
        headers = [*reply.headers, ("Content-Length", str(len(reply.body)))]
        start_response(f"{reply.status} {PHRASES[reply.status]}", headers)
        return [reply.body]

    return answer


def _visit(environ: dict[str, Any], trusted: Networks) -> Visit:
    get = environ.get
    other = any(get(name) for name in ("HTTP_FORWARDED", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP"))
    sender = peer(
        get("REMOTE_ADDR"),
        environ["wsgi.url_scheme"] == "https",
        get("HTTP_X_FORWARDED_FOR", ""),
        get("HTTP_X_FORWARDED_PROTO", ""),
        other,
        trusted,
    )
    return Visit(
        method=environ["REQUEST_METHOD"],
        secure=sender.secure,
        client=sender.client,
        forwarded=sender.forwarded,
        signature=get("HTTP_STRIPE_SIGNATURE"),
        length=_length(environ),
        idempotency_key=get("HTTP_IDEMPOTENCY_KEY"),
        setting=SETTING,
    )


def _length(environ: dict[str, Any]) -> int | None:
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _read(environ: dict[str, Any], limit: int) -> bytes | None:
    """The body: as long as it says, or to its end where the server knows the end of a chunked one."""
    length = _length(environ)
    if length is None:
        length = limit + 1 if environ.get("wsgi.input_terminated") else 0
    body = environ["wsgi.input"].read(length)
    return body if len(body) <= limit else None
