"""What handlers fetch from Stripe, over HTTP, with the SDK that is installed."""

from __future__ import annotations

import asyncio
import functools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from stripe_lint.runtime import ConfigurationError, Verifier
from stripe_lint.runtime.delivery import Delivery
from stripe_lint.runtime.stores import Claim
from stripe_lint.runtime.testing import SECRET, event, signed_request

if TYPE_CHECKING:
    from collections.abc import Iterator


class Served:
    """What was asked for, and what is answered by path."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.objects: dict[str, Any] = {}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    served = Served()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            account = self.headers["Stripe-Account"] or self.headers["Stripe-Context"]
            served.asked.append((self.path, self.headers["Authorization"], account))
            data = json.dumps(served.objects[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setattr(stripe, "api_base", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(stripe, "api_key", "sk_test_global")
    yield served
    server.shutdown()
    server.server_close()


def delivery_of(given: dict[str, Any], api_key: str | None = "sk_test_1") -> Delivery:
    request = signed_request(given)
    found = Verifier(SECRET, api_key=api_key).verify(request.body, request.signature).event
    unit: Any = object()
    return Delivery(found, Claim(found.key("shop"), 1, 1, False, None), unit, api_key)


SESSION = {"id": "cs_1", "object": "checkout.session", "payment_status": "unpaid"}


@pytest.mark.parametrize(("api_key", "sent"), [("sk_test_1", "Bearer sk_test_1"), (None, "Bearer sk_test_global")])
@pytest.mark.parametrize("account", [None, "acct_1"])
def test_an_object_as_it_is_now(api: Served, account: str | None, api_key: str | None, sent: str) -> None:
    api.objects["/v1/checkout/sessions/cs_1"] = {**SESSION, "payment_status": "paid"}
    delivery = delivery_of(event("checkout.session.completed", SESSION, account=account), api_key)
    found = delivery.fetch_latest()
    assert found.payment_status == "paid"
    assert delivery.event.object["payment_status"] == "unpaid"
    assert api.asked == [("/v1/checkout/sessions/cs_1", sent, account)]


def test_on_an_event_loop(api: Served) -> None:
    api.objects["/v1/checkout/sessions/cs_1"] = {**SESSION, "payment_status": "paid"}
    delivery = delivery_of(event("checkout.session.completed", SESSION))
    if hasattr(stripe.checkout.Session, "create_async"):
        assert asyncio.run(delivery.fetch_latest_async()).payment_status == "paid"


def test_what_cannot_be_fetched_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="fetched by itself"):
        delivery_of(event("balance.available", {"object": "balance.unknown"})).fetch_latest()
    monkeypatch.setattr(stripe, "api_key", None)
    with pytest.raises(ConfigurationError, match="API key"):
        delivery_of(event("checkout.session.completed", SESSION), None).fetch_latest()


def thin(url: object) -> dict[str, Any]:
    return {
        "id": "evt_test_1",
        "object": "v2.core.event",
        "type": "v1.billing.meter.error_report_triggered",
        "livemode": False,
        "created": "2026-11-21T08:00:00.000Z",
        "context": "acct_1",
        "related_object": {"id": "mtr_1", "type": "billing.meter", "url": url},
    }


@pytest.mark.parametrize("ask", ["fetch_latest", "fetch_latest_async"])
def test_the_object_of_a_thin_event(api: Served, ask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/v1/billing/meters/mtr_1"
    api.objects[path] = {"id": "mtr_1", "object": "billing.meter", "status": "active"}
    client = functools.partial(stripe.StripeClient, base_addresses={"api": stripe.api_base})
    monkeypatch.setattr(stripe, "StripeClient", client)
    delivery = delivery_of(thin(path))

    def fetched() -> Any:
        found = getattr(delivery, ask)()
        return asyncio.run(found) if asyncio.iscoroutine(found) else found

    if hasattr(client.func, "raw_request"):
        assert fetched().status == "active"
        assert api.asked == [(path, "Bearer sk_test_1", "acct_1")]
    else:
        with pytest.raises(ConfigurationError, match="stripe 11"):
            fetched()


@pytest.mark.parametrize(
    "url",
    [
        ".evil.example/x",
        "@evil.example/v1/x",
        "//evil.example/v1/x",
        "https://evil.example/v1/x",
        "/v1/../evil",
        "/v1/x\r\nX: y",
        "/oauth/token",
        "",
        None,
        5,
    ],
)
def test_no_key_goes_to_where_the_event_points(api: Served, url: object) -> None:
    with pytest.raises(ConfigurationError):
        delivery_of(thin(url)).fetch_latest()
    with pytest.raises(ConfigurationError):
        asyncio.run(delivery_of(thin(url)).fetch_latest_async())
    assert api.asked == []
