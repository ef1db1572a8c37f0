"""An inbox behind gateways and load balancers of AWS."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from stripe_lint.runtime import ConfigurationError, WebhookInbox
from stripe_lint.runtime.adapters import aws_lambda
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.testing import SECRET, event, signed_request


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
