"""The same inbox in an application of each framework, and a shop to send requests to."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

import django
import fastapi
import flask
from django.conf import settings
from servers import serving_asgi, serving_werkzeug, serving_wsgi

from stripe_lint.runtime import Event, WebhookInbox
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.testing import SECRET, signed_request

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": "file:adapters?mode=memory&cache=shared",
                "OPTIONS": {"uri": True},
                "ATOMIC_REQUESTS": True,
            },
        },
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        ROOT_URLCONF="applications",
        SECURE_PROXY_SSL_HEADER=None,
    )
    django.setup()

from django.core.wsgi import get_wsgi_application
from django.urls import path as route

from stripe_lint.runtime.adapters import asgi, wsgi
from stripe_lint.runtime.adapters import django as for_django
from stripe_lint.runtime.adapters import fastapi as for_fastapi
from stripe_lint.runtime.adapters import flask as for_flask

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/stripe/webhook"
LIMIT = 200_000
urlpatterns: list[Any] = []


def flask_application(inbox: WebhookInbox) -> Any:
    application = flask.Flask("shop")
    application.register_blueprint(for_flask.blueprint(inbox))
    return application


def django_application(inbox: WebhookInbox) -> Any:
    urlpatterns[:] = [route(PATH[1:], for_django.view(inbox))]
    django.urls.clear_url_caches()
    return get_wsgi_application()


def fastapi_application(inbox: WebhookInbox) -> Any:
    application = fastapi.FastAPI()
    application.include_router(for_fastapi.router(inbox))
    return application


APPLICATIONS: dict[str, tuple[Callable[[WebhookInbox], Any], Callable[[Any], Any]]] = {
    "wsgi": (wsgi.application, serving_wsgi),
    "asgi": (asgi.application, serving_asgi),
    "flask": (flask_application, serving_werkzeug),
    "django": (django_application, serving_wsgi),
    "fastapi": (fastapi_application, serving_asgi),
}


class Shop:
    """An inbox behind a server."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[str] = []
        self.inbox = WebhookInbox(SECRET, MemoryStore(), max_body=LIMIT)
        self.inbox.on("invoice.paid")(lambda event: self.seen.append(event.id))
        self.port = 0

        @self.inbox.on("invoice.voided")
        async def voided(event: Event) -> None:
            self.seen.append(event.id)

        @self.inbox.on("invoice.deleted")
        def deleted(event: Event) -> None:
            raise ValueError("customer@example.com")

    def send(
        self, body: Any, headers: dict[str, str], method: str = "POST", **options: Any
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, PATH, body, headers, **options)
        answer = connection.getresponse()
        found = answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return found

    def deliver(self, given: dict[str, Any], **headers: str) -> tuple[int, bytes, dict[str, str]]:
        request = signed_request(given)
        return self.send(request.body, {**request.headers, **headers})
