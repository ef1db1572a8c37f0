"""A router for FastAPI, which Starlette can use too.

app.include_router(fastapi.router(inbox))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from stripe_lint.runtime.adapters import METHODS, PATH, visit_of
from stripe_lint.runtime.adapters.asgi import body_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from stripe_lint.runtime.inbox import WebhookInbox

SETTING = "start uvicorn with --proxy-headers --forwarded-allow-ips=<address of the proxy>"


def router(inbox: WebhookInbox, path: str = PATH) -> APIRouter:
    """A router with one route, which is not in the schema.

    The server says what scheme and client a request has: behind a proxy, start uvicorn with ``--proxy-headers`` and
    ``--forwarded-allow-ips``.

    Args:
        inbox: The inbox. Its ``async`` handlers run on the server's loop, others in threads.
        path: Where Stripe posts to.
    """
    made = APIRouter()

    async def receive(request: Request) -> Response:
        visit = visit_of(
            request.headers,
            method=request.method,
            secure=request.url.scheme == "https",
            client=request.client.host if request.client else None,
            setting=SETTING,
        )
        reply = await inbox.handle_async(visit, body_of(request.receive))
        return Response(reply.body, reply.status, dict(reply.headers))

    made.add_route(path, receive, methods=list(METHODS), include_in_schema=False)
    return made
