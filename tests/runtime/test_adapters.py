"""Every adapter behind a real server: what Stripe sees, and what strangers get."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import logging
import threading
import time
import wsgiref.simple_server
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import fastapi
import flask
import pytest
import uvicorn
from django.conf import settings
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import make_server

from stripe_lint.runtime import ConfigurationError, Event, WebhookInbox
from stripe_lint.runtime.networks import Networks, peer, stripe_addresses
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.testing import SECRET, event, signed_request

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
        ROOT_URLCONF="test_adapters",
        SECURE_PROXY_SSL_HEADER=None,
    )
    django.setup()

from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.test import override_settings
from django.urls import path as route

from stripe_lint.runtime.adapters import asgi, aws_lambda, wsgi
from stripe_lint.runtime.adapters import django as for_django
from stripe_lint.runtime.adapters import fastapi as for_fastapi
from stripe_lint.runtime.adapters import flask as for_flask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATH = "/stripe/webhook"
LIMIT = 200_000
urlpatterns: list[Any] = []


CHUNKED = ("asgi", "flask", "fastapi")
"""Those behind a server that decodes chunks; the one of the standard library does not."""


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    """Logs no requests."""

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving_wsgi(application: Any) -> Iterator[int]:
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, application, handler_class=Quiet)
    yield from _serving(server)


@contextlib.contextmanager
def serving_werkzeug(application: Any) -> Iterator[int]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    yield from _serving(make_server("127.0.0.1", 0, application, threaded=True))


def _serving(server: Any) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@contextlib.contextmanager
def serving_asgi(application: Any) -> Iterator[int]:
    config = uvicorn.Config(application, port=0, log_level="critical", lifespan="on", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


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


@pytest.fixture(params=APPLICATIONS)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    made = Shop(request.param)
    build, serve = APPLICATIONS[request.param]
    with serve(build(made.inbox)) as made.port:
        yield made


class TestOverHttp:
    def test_a_delivery_and_its_duplicate(self, shop: Shop) -> None:
        paid, voided = event("invoice.paid"), event("invoice.voided", {"id": "in_1", "note": "Grüße"})
        for given in (paid, paid, voided, voided):
            status, body, headers = shop.deliver(given)
            assert (status, body) == (200, b'{"received":true}')
        assert shop.seen == [paid["id"], voided["id"]]
        assert headers["content-type"] == "application/json"
        assert headers["cache-control"] == "no-store"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert headers["x-content-type-options"] == "nosniff"

    def test_what_is_refused_looks_alike(self, shop: Shop) -> None:
        request = signed_request(event("invoice.paid"))
        answers = {
            shop.send(request.body, {"Stripe-Signature": "t=1,v1=x"})[:2],
            shop.send(request.body, {})[:2],
            shop.send(request.body + b" ", dict(request.headers))[:2],
            shop.send(b"\xff\xfe", dict(request.headers))[:2],
            shop.send(b"", dict(request.headers))[:2],
            shop.send(request.body, {"Stripe-Signature": request.signature.replace("v1=", "v1=\xe9")})[:2],
        }
        assert answers == {(400, b'{"received":false}')}
        assert shop.seen == []

    def test_a_second_header_of_signatures_helps_nobody(self, shop: Shop) -> None:
        paid = event("invoice.paid")
        request = signed_request(paid)
        forged = signed_request(request.body, secret=SECRET[:-4] + "beef").signature
        for first, second in ((forged, request.signature), (forged, forged), ("", forged)):
            connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=20)
            connection.putrequest("POST", PATH)
            connection.putheader("Content-Length", str(len(request.body)))
            connection.putheader("Stripe-Signature", first)
            connection.putheader("Stripe-Signature", second)
            connection.endheaders(request.body)
            with connection.getresponse() as answer:
                assert answer.status == 400
            connection.close()
        assert shop.seen == []

    def test_a_body_may_be_as_long_as_the_limit(self, shop: Shop) -> None:
        paid = event("invoice.paid", {"id": "in_1", "note": ""})
        short = len(signed_request(paid).body)
        paid["data"]["object"]["note"] = "x" * (LIMIT - short)
        assert shop.deliver(paid)[0] == 200
        assert shop.seen == [paid["id"]]

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    def test_only_posts_are_taken(self, shop: Shop, method: str) -> None:
        status, body, headers = shop.send(None, {}, method)
        assert (status, headers.get("allow"), body) == (405, "POST", b'{"received":false}')

    def test_a_failing_handler_tells_the_sender_nothing(self, shop: Shop) -> None:
        status, body, _ = shop.deliver(event("invoice.deleted"))
        assert (status, body) == (500, b'{"received":false}')

    def test_a_body_that_says_it_is_too_large_is_not_read(self, shop: Shop) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=20)
        connection.putrequest("POST", PATH)
        connection.putheader("Content-Length", str(LIMIT + 1))
        connection.putheader("Stripe-Signature", "t=1,v1=x")
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()

    @pytest.mark.parametrize("shop", CHUNKED, indirect=True)
    def test_a_body_of_unknown_length_is_read_to_the_limit(self, shop: Shop) -> None:
        chunks = (b"x" * 50_000 for _ in range(5))
        assert shop.send(chunks, {"Stripe-Signature": "t=1,v1=x"}, encode_chunked=True)[0] == 413

    @pytest.mark.parametrize("shop", CHUNKED, indirect=True)
    def test_a_chunked_delivery(self, shop: Shop) -> None:
        paid = event("invoice.paid")
        request = signed_request(paid)
        halves = iter([request.body[:100], request.body[100:]])
        assert shop.send(halves, dict(request.headers), encode_chunked=True)[0] == 200
        assert shop.seen == [paid["id"]]

    def test_without_a_length_and_chunks_there_is_no_body(self) -> None:
        made = Shop("wsgi")
        with serving_wsgi(wsgi.application(made.inbox)) as made.port:
            request = signed_request(event("invoice.paid"))
            connection = http.client.HTTPConnection("127.0.0.1", made.port, timeout=20)
            connection.putrequest("POST", PATH)
            for name, value in {**request.headers, "Transfer-Encoding": "chunked"}.items():
                connection.putheader(name, value)
            connection.endheaders(b"%x\r\n%s\r\n0\r\n\r\n" % (len(request.body), request.body))  # in one write
            with connection.getresponse() as answer:
                assert answer.status == 400
            connection.close()

    def test_plain_http_through_a_proxy_is_refused_and_the_setting_named(
        self, shop: Shop, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert shop.deliver(event("invoice.paid"), **{"X-Forwarded-Proto": "http"})[0] == 403
        assert shop.seen == []
        (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
        expected = {
            "wsgi": "trusted_proxies",
            "asgi": "trusted_proxies",
            "flask": "ProxyFix",
            "django": "SECURE_PROXY_SSL_HEADER",
            "fastapi": "--proxy-headers",
        }
        assert expected[shop.name] in record.getMessage()

    def test_an_idempotency_key_is_logged_and_nothing_else(self, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "stripe_lint.runtime.audit")
        paid = event("invoice.paid")
        for key in ("one", "two" * 200):
            assert shop.deliver(paid, **{"Idempotency-Key": key})[0] == 200
        assert shop.seen == [paid["id"]]
        lines = [json.loads(each.getMessage()) for each in caplog.records if each.name.endswith("audit")]
        assert [len(line["idempotency_key"]) for line in lines] == [3, 201]


class TestProxies:
    def send(self, application: Any, serve: Any, **headers: str) -> int:
        request = signed_request(event("invoice.paid"))
        with serve(application) as port:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("POST", PATH, request.body, {**request.headers, **headers})
            status = connection.getresponse().status
            connection.close()
        return status

    @pytest.mark.parametrize(("build", "serve"), [(wsgi.application, serving_wsgi), (asgi.application, serving_asgi)])
    @pytest.mark.parametrize(
        ("trusted", "protocol", "client", "status"),
        [
            (["127.0.0.1"], "https", "192.0.2.1", 200),
            (["127.0.0.0/8"], "http, https", "198.51.100.9, 192.0.2.1", 200),
            (["127.0.0.1"], "https", "192.0.2.1, 198.51.100.9", 403),
            (["127.0.0.1"], "https, http", "192.0.2.1", 403),
        ],
    )
    def test_a_trusted_one_is_believed(
        self, build: Any, serve: Any, trusted: list[str], protocol: str, client: str, status: int
    ) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore(), allowed_networks=["192.0.2.0/24"])
        if build is asgi.application:  # uvicorn would resolve the headers of a loopback client itself

            def serve(application: Any) -> Any:
                config = uvicorn.Config(application, port=0, log_level="critical", proxy_headers=False, ws="none")
                return running(uvicorn.Server(config))

        headers = {"X-Forwarded-Proto": protocol, "X-Forwarded-For": client}
        assert self.send(build(inbox, trusted_proxies=trusted), serve, **headers) == status

    def test_flask_behind_its_proxy_fix(self) -> None:
        application = flask_application(WebhookInbox(SECRET, MemoryStore(), allowed_networks=["192.0.2.0/24"]))
        application.wsgi_app = ProxyFix(application.wsgi_app, x_for=1, x_proto=1)
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
        assert self.send(application, serving_werkzeug, **headers) == 200

    def test_fastapi_behind_uvicorns_proxy_headers(self) -> None:
        application = fastapi_application(WebhookInbox(SECRET, MemoryStore(), allowed_networks=["192.0.2.0/24"]))
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
        assert self.send(application, serving_asgi, **headers) == 200

    @pytest.mark.parametrize(
        ("trusted", "expected"),
        [([], ("unix", False)), (["unix"], ("192.0.2.1", True)), (["10.0.0.0/8"], ("unix", False))],
    )
    def test_a_proxy_on_a_socket_of_the_file_system(self, trusted: list[str], expected: tuple[str, bool]) -> None:
        found = peer("", False, "192.0.2.1", "https", False, Networks(trusted))
        assert (found.client, found.secure) == expected
        assert found.forwarded

    def test_addresses_from_stripes_file(self, tmp_path: Path) -> None:
        as_json, as_text = tmp_path / "ips.json", tmp_path / "ips.txt"
        as_json.write_text('{"WEBHOOKS": ["192.0.2.1", "192.0.2.2"]}')
        as_text.write_text("192.0.2.1\n192.0.2.2\n")
        assert stripe_addresses(as_json) == stripe_addresses(as_text) == ["192.0.2.1", "192.0.2.2"]
        for wrong in ("", "{}", "<html>", '{"WEBHOOKS": []}'):
            as_json.write_text(wrong)
            with pytest.raises(ConfigurationError):
                stripe_addresses(as_json)
        with pytest.raises(ConfigurationError):
            stripe_addresses(tmp_path / "missing")


@contextlib.contextmanager
def running(server: uvicorn.Server) -> Iterator[int]:
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


class TestDjangoTransactions:
    def test_a_commit_that_fails_is_not_acknowledged(self) -> None:
        """Under ATOMIC_REQUESTS the commit would come after the reply; here the handler's own block raises."""
        inbox = WebhookInbox(SECRET, MemoryStore())
        orphan = [True]
        keep = connection
        keep.ensure_connection()
        with keep.cursor() as cursor:
            cursor.execute("CREATE TABLE buyer (id INTEGER PRIMARY KEY)")
            cursor.execute(
                "CREATE TABLE paid (id INTEGER PRIMARY KEY, buyer INTEGER"
                " REFERENCES buyer (id) DEFERRABLE INITIALLY DEFERRED)"
            )

        @inbox.on("invoice.paid")
        def paid(event: Event) -> None:
            assert not connection.in_atomic_block
            with transaction.atomic(), connection.cursor() as cursor:
                if not orphan[0]:
                    cursor.execute("INSERT INTO buyer VALUES (7)")
                cursor.execute("INSERT INTO paid (buyer) VALUES (7)")

        from django.test import Client

        urlpatterns[:] = [route(PATH[1:], for_django.view(inbox))]
        django.urls.clear_url_caches()
        client = Client(enforce_csrf_checks=True)
        given = event("invoice.paid")

        def send() -> int:
            request = signed_request(given)
            return client.post(
                PATH,
                request.body,
                content_type="application/json",
                headers={"Stripe-Signature": request.signature},
                secure=True,
            ).status_code

        assert send() == 500
        orphan[0] = False
        assert [send(), send()] == [200, 200]
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM paid")
            assert cursor.fetchone() == (1,)


def test_django_s_own_limit_is_a_limit_too() -> None:
    made = Shop("django")
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=300), serving_wsgi(django_application(made.inbox)) as made.port:
        assert made.deliver(event("invoice.paid"))[0] == 413


class TestLambda:
    def call(self, inbox: WebhookInbox, **changes: Any) -> dict[str, Any]:
        request = signed_request(event("invoice.paid"))
        given = {
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
            "body": request.body.decode(),
            "isBase64Encoded": False,
            **changes,
        }
        if changes.get("isBase64Encoded") and "body" not in changes:
            given["body"] = base64.b64encode(request.body).decode()
        return aws_lambda.handler(inbox, single_host=True)(given, None)

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({}, 200),
            ({"isBase64Encoded": True}, 200),
            ({"isBase64Encoded": True, "body": "%%%"}, 400),
            ({"body": None}, 400),
            ({"headers": None}, 400),
            ({"body": "x" * (1 << 20) + "y"}, 413),
            ({"requestContext": {"http": {"method": "GET", "sourceIp": "192.0.2.1"}}}, 405),
            ({"requestContext": {"identity": {"sourceIp": "192.0.2.1"}}, "httpMethod": "POST"}, 200),
            ({"requestContext": {"http": {"method": "POST", "sourceIp": "198.51.100.1"}}}, 403),
            ({"requestContext": {"elb": {}}, "httpMethod": "POST"}, 403),
        ],
    )
    def test_events_of_gateways(self, changes: dict[str, Any], status: int) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore(), allowed_networks=["192.0.2.0/24"])
        answer = self.call(inbox, **changes)
        assert answer["statusCode"] == status
        assert json.loads(answer["body"]) == {"received": status == 200}

    @pytest.mark.parametrize(("protocol", "status"), [("https", 200), ("http", 403)])
    def test_behind_a_load_balancer(self, protocol: str, status: int) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore(), allowed_networks=["192.0.2.0/24"])
        request = signed_request(event("invoice.paid"))
        seen = {"x-forwarded-proto": protocol, "x-forwarded-for": "198.51.100.1, 192.0.2.1"}
        headers = {**{name.lower(): value for name, value in request.headers.items()}, **seen}
        answer = self.call(
            inbox, headers=headers, body=request.body.decode(), httpMethod="POST", requestContext={"elb": {}}
        )
        assert answer["statusCode"] == status

    def test_behind_a_load_balancer_with_headers_of_several_values(self) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore())
        request = signed_request(event("invoice.paid"))
        seen = {**request.headers, "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1"}
        answer = self.call(
            inbox, headers=None, multiValueHeaders={name.lower(): [value] for name, value in seen.items()},
            body=request.body.decode(), httpMethod="POST", requestContext={"elb": {}},
        )  # fmt: skip
        assert answer["statusCode"] == 200
        assert answer["multiValueHeaders"]["Content-Type"] == ["application/json"]

    def test_a_store_of_one_host_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="share no disk"):
            aws_lambda.handler(WebhookInbox(SECRET, MemoryStore()))


def test_no_adapter_is_longer_than_it_has_to_be() -> None:
    folder = Path(wsgi.__file__).parent
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in folder.glob("*.py")}
    assert max(lengths.values()) <= 80, lengths
