"""A blueprint for Flask.

app.register_blueprint(flask.blueprint(inbox))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from stripe_lint.runtime.adapters import METHODS, PATH, visit_of

if TYPE_CHECKING:
    from stripe_lint.runtime.inbox import WebhookInbox

SETTING = (
    "wrap the application: app.wsgi_app = werkzeug.middleware.proxy_fix.ProxyFix(app.wsgi_app, x_for=1, x_proto=1)"
)


def blueprint(inbox: WebhookInbox, path: str = PATH, *, name: str = "stripe_webhook") -> Blueprint:
    """A blueprint with one route.

    Flask says what scheme and client a request has: behind a proxy, configure Werkzeug's ``ProxyFix``. Where the
    application checks CSRF tokens, exempt the blueprint: ``csrf.exempt(blueprint)``.

    Args:
        inbox: The inbox.
        path: Where Stripe posts to.
        name: The blueprint's name; two inboxes need two.
    """
    made = Blueprint(name, __name__)

    def receive() -> Response:
        visit = visit_of(
            request.headers,
            method=request.method,
            secure=request.is_secure,
            client=request.remote_addr,
            setting=SETTING,
        )
        reply = inbox.handle(visit, _read)
        return Response(reply.body, reply.status, list(reply.headers))

    made.add_url_rule(path, "receive", receive, methods=METHODS, provide_automatic_options=False)
    return made


def _read(limit: int) -> bytes | None:
    """The raw body. One of known length was measured already, and something else may have read it before."""
    if request.content_length is not None:
        return request.get_data()
    body = request.stream.read(limit + 1)
    return body if len(body) <= limit else None
