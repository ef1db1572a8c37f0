"""An ASGI application, for any server and for frameworks that can mount one.

application = asgi.application(inbox, trusted_proxies=["10.0.0.0/8"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stripe_lint.runtime.adapters import FORWARDING, visit_of
from stripe_lint.runtime.networks import Networks, peer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from stripe_lint.runtime.inbox import WebhookInbox
    from stripe_lint.runtime.reception import Visit

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

SETTING = 'asgi.application(inbox, trusted_proxies=["address of the proxy", or "unix"])'


def application(
    inbox: WebhookInbox, *, trusted_proxies: Iterable[str] = ()
) -> Callable[[dict[str, Any], Receive, Send], Awaitable[None]]:
    """The application. It answers at any path. See ``wsgi.application`` for the proxies."""
    trusted = Networks(trusted_proxies)

    async def answer(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                event = await receive()
                await send({"type": f"{event['type']}.complete"})
            return
        if scope["type"] != "http":
            raise ValueError(f"an inbox does not speak {scope['type']}")
        reply = await inbox.handle_async(_visit(scope, trusted), body_of(receive))
        headers = [*reply.headers, ("Content-Length", str(len(reply.body)))]
        raw = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        await send({"type": "http.response.body", "body": reply.body})

    return answer


def body_of(receive: Receive) -> Callable[[int], Awaitable[bytes | None]]:
    """Reads a request's body as the inbox wants it: no further than to the limit."""

    async def read(limit: int) -> bytes | None:
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the client has hung up")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                return None
            more = message.get("more_body", False)
        return b"".join(parts)

    return read


def _visit(scope: dict[str, Any], trusted: Networks) -> Visit:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        title = "-".join(part.capitalize() for part in name.decode("latin-1").split("-")).replace("-Ip", "-IP")
        headers[title] = f"{headers[title]},{value.decode('latin-1')}" if title in headers else value.decode("latin-1")
    forwarded_for, protocol = headers.get("X-Forwarded-For", ""), headers.get("X-Forwarded-Proto", "")
    other = any(name in headers for name in FORWARDING)
    client = (scope.get("client") or [None])[0]
    sender = peer(client, scope.get("scheme") == "https", forwarded_for, protocol, other, trusted)
    return visit_of(headers, method=scope["method"], secure=sender.secure, client=sender.client, setting=SETTING)
