"""Every adapter behind a real server: what Stripe sees, and what strangers get."""

from __future__ import annotations

import http.client
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from applications import APPLICATIONS, LIMIT, PATH, Shop
from servers import serving_wsgi

from stripe_lint.runtime.adapters import wsgi
from stripe_lint.runtime.testing import SECRET, event, signed_request

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNKED = ("asgi", "flask", "fastapi")
"""Those behind a server that decodes chunks; the one of the standard library does not."""


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


def test_no_adapter_is_longer_than_it_has_to_be() -> None:
    folder = Path(wsgi.__file__).parent
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in folder.glob("*.py")}
    assert max(lengths.values()) <= 80, lengths
