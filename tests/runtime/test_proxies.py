"""Which proxies are believed, and what a client's address and protocol are behind them."""

from __future__ import annotations

import functools
import http.client
from typing import TYPE_CHECKING, Any

import pytest
from applications import PATH, fastapi_application, flask_application
from servers import serving_asgi, serving_werkzeug, serving_wsgi
from werkzeug.middleware.proxy_fix import ProxyFix

from stripe_lint.runtime import ConfigurationError, WebhookInbox
from stripe_lint.runtime.adapters import asgi, wsgi
from stripe_lint.runtime.networks import Networks, peer, stripe_addresses
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.testing import SECRET, event, signed_request

if TYPE_CHECKING:
    from pathlib import Path


class TestProxies:
    def send(self, application: Any, serve: Any, **headers: str) -> int:
        request = signed_request(event("invoice.paid"))
        with serve(application) as port:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("POST", PATH, request.body, {**request.headers, **headers})
            status = connection.getresponse().status
            connection.close()
        return status

    @pytest.mark.parametrize(
        ("build", "serve"),
        [(wsgi.application, serving_wsgi), (asgi.application, functools.partial(serving_asgi, proxy_headers=False))],
        ids=["wsgi", "asgi"],
    )
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
