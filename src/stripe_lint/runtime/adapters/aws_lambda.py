"""A handler for AWS Lambda behind API Gateway, a function URL or a load balancer.

handler = aws_lambda.handler(inbox)
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from stripe_lint.runtime.adapters import visit_of
from stripe_lint.runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_lint.runtime.inbox import WebhookInbox

SETTING = "give the load balancer an HTTPS listener"
_NAMES = ("Stripe-Signature", "Idempotency-Key", "Content-Length", "X-Forwarded-Proto", "X-Forwarded-For")


def handler(inbox: WebhookInbox, *, single_host: bool = False) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The function that Lambda calls.

    Args:
        inbox: The inbox.
        single_host: Says that all invocations share the disk of one host, as on a file system of their own that is not
            a network's. Without it a store of one host is refused: instances of a function share no disk.

    Raises:
        ConfigurationError: The inbox's store is for one host.
    """
    if getattr(inbox.store, "single_host", False) and not single_host:
        raise ConfigurationError("instances of a function share no disk: use a store on a server, not SQLite")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes both
        several = event.get("multiValueHeaders") or {}
        plain = event.get("headers") or {name: ",".join(values) for name, values in several.items()}
        given = {name.lower(): value for name, value in plain.items()}
        headers = {name: given[name.lower()] for name in _NAMES if name.lower() in given}
        around = event.get("requestContext") or {}
        http = around.get("http") or {}
        balancer = "elb" in around
        visit = visit_of(
            headers,
            method=http.get("method") or event.get("httpMethod") or "",
            secure=headers.get("X-Forwarded-Proto") == "https" if balancer else True,
            client=_client(around, headers if balancer else {}),
            setting=SETTING,
            forwarded=balancer,
        )
        reply = inbox.handle(visit, lambda limit: _body(event, limit))
        answer: dict[str, Any] = {"statusCode": reply.status, "body": reply.body.decode()}
        if event.get("headers") is None and several:  # a load balancer that wants its answers in the same form
            return {**answer, "multiValueHeaders": {name: [value] for name, value in reply.headers}}
        return {**answer, "headers": dict(reply.headers)}

    return handle


def _client(around: dict[str, Any], headers: dict[str, str]) -> str | None:
    """The address that the gateway saw; a load balancer appends what it saw to a header that can be invented."""
    identity = around.get("http") or around.get("identity") or {}
    return identity.get("sourceIp") or headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or None


def _body(event: dict[str, Any], limit: int) -> bytes | None:
    text = event.get("body") or ""
    try:
        body = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except binascii.Error as error:
        raise ValueError("the body is not what the gateway says it is") from error
    return body if len(body) <= limit else None
