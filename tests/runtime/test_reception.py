"""What is refused or ignored: before the body is read, before it is verified, and what the inbox does not serve."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from stripe_lint.runtime import Event, PermanentError, WebhookInbox
from stripe_lint.runtime.reception import Visit
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET, deliver, event, signed_request

if TYPE_CHECKING:
    from pathlib import Path


class TestReception:
    def visit(self, **changes: Any) -> Visit:
        request = signed_request(event("invoice.paid"))
        values = {"method": "POST", "secure": True, "client": "192.0.2.7", "forwarded": False}
        return Visit(**{**values, "signature": request.signature, "setting": "the setting", **changes})

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"method": "GET"}, 405),
            ({"secure": False}, 403),
            ({"secure": False, "client": "127.0.0.1"}, 200),
            ({"secure": False, "client": "::1"}, 200),
            ({"secure": False, "client": "127.0.0.1", "forwarded": True}, 403),
            ({"secure": False, "client": None}, 403),
            ({"secure": False, "client": "unix"}, 403),
            ({"length": 1 << 20}, 200),
            ({"length": (1 << 20) + 1}, 413),
        ],
    )
    def test_what_needs_no_look_at_the_body(self, changes: Any, status: int) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore())
        request = signed_request(event("invoice.paid"))
        read: list[int] = []

        def body(limit: int) -> bytes:
            read.append(limit)
            return request.body

        reply = inbox.handle(self.visit(signature=request.signature, **changes), body)
        assert reply.status == status
        assert bool(read) == (status == 200)
        assert dict(reply.headers).get("Allow") == ("POST" if status == 405 else None)
        assert reply.body == (b'{"received":true}' if status == 200 else b'{"received":false}')

    @pytest.mark.parametrize(("seconds", "expected"), [(300, "max-age=300"), (None, None)])
    def test_browsers_are_told_as_much_as_the_application_wants(
        self, seconds: int | None, expected: str | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore(), hsts=seconds)

        @inbox.on("invoice.paid")
        def paid(event: Event) -> None:
            raise PermanentError

        for reply in (inbox.handle(self.visit(method="GET"), lambda _: b""), deliver(inbox, event("invoice.paid"))[0]):
            assert dict(reply.headers).get("Strict-Transport-Security") == expected
            assert dict(reply.headers)["Cache-Control"] == "no-store"
        assert reply.status == 200

    def test_a_refusal_of_plain_http_names_the_setting(self, caplog: pytest.LogCaptureFixture) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore())
        for _ in range(5):
            inbox.handle(self.visit(secure=False), lambda _: b"")
        (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert "the setting" in record.getMessage()

    @pytest.mark.parametrize(
        ("client", "status"), [("192.0.2.7", 400), ("::ffff:192.0.2.7", 400), ("198.51.100.1", 403)]
    )
    def test_other_networks_are_refused_before_the_verification(self, client: str, status: int) -> None:
        inbox = WebhookInbox(SECRET, MemoryStore(), allowed_networks=["192.0.2.0/24"])
        assert inbox.handle(self.visit(client=client), lambda _: b"").status == status

    def test_a_header_of_a_megabyte_is_refused_unread(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        long = "x" * (1 << 20)
        given = self.visit(signature="t=1,v1=" + long, idempotency_key=long, client=long)
        assert WebhookInbox(SECRET, MemoryStore()).handle(given, lambda _: b"{}").status == 400
        assert all(len(record.getMessage()) < 2000 for record in caplog.records)

    def test_secrets_that_cannot_be_had_are_no_fault_of_the_senders(self, caplog: pytest.LogCaptureFixture) -> None:
        """Nobody is verified, Stripe sends it again, and strangers can't fill the log with it."""
        broken: list[Exception] = []

        def secrets() -> str:
            if broken:
                raise broken[0]
            return SECRET

        inbox = WebhookInbox(secrets, MemoryStore())
        inbox.on("invoice.paid")(lambda event: None)
        broken.append(OSError("the file of whsec_secrets"))
        replies = deliver(inbox, event("invoice.paid"), times=5)
        assert {(reply.status, reply.outcome) for reply in replies} == {(503, "secrets_unavailable")}
        (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert "OSError" in record.getMessage()
        assert "whsec_" not in caplog.text
        broken.clear()
        assert deliver(inbox, event("invoice.paid"))[0].outcome == "succeeded"

    def test_a_body_that_cannot_be_read_is_refused(self) -> None:
        def read(limit: int) -> bytes:
            raise ConnectionError

        assert WebhookInbox(SECRET, MemoryStore()).handle(self.visit(), read).status == 400


class TestWhatIsServed:
    @pytest.mark.parametrize(("livemode", "served"), [(None, [True, False]), (True, [True]), (False, [False])])
    def test_livemode(self, store: Any, livemode: Any, served: list[bool]) -> None:
        inbox = WebhookInbox(SECRET, store, livemode=livemode)
        seen: list[bool] = []
        inbox.on("invoice.paid")(lambda event: seen.append(event.livemode))
        for live in (True, False):
            assert deliver(inbox, event("invoice.paid", livemode=live))[0].status == 200
        assert seen == served

    def test_with_a_live_api_key_test_events_are_ignored(self, tmp_path: Path) -> None:
        secret = SECRET[:-4] + "beef"
        inbox = WebhookInbox(secret, SQLiteStore(tmp_path / "a.db"), api_key="sk_live_" + "x" * 24)
        inbox.on("invoice.paid")(lambda event: None)
        assert deliver(inbox, event("invoice.paid", livemode=False), secret=secret)[0].outcome == "ignored"
        assert deliver(inbox, event("invoice.paid", livemode=True), secret=secret)[0].outcome == "succeeded"

    def test_accounts(self, store: Any) -> None:
        inbox = WebhookInbox(SECRET, store, accounts=[None, "acct_1"])
        inbox.on("invoice.paid")(lambda event: None)
        outcomes = [
            deliver(inbox, event("invoice.paid", account=each))[0].outcome for each in (None, "acct_1", "acct_2")
        ]
        assert outcomes == ["succeeded", "succeeded", "ignored"]

    def test_draining_refuses_what_is_new(self, store: Any) -> None:
        inbox = WebhookInbox(SECRET, store)
        inbox.on("invoice.paid")(lambda event: None)
        assert inbox.drain(0.1)
        reply = deliver(inbox, event("invoice.paid"))[0]
        assert (reply.outcome, reply.status) == ("draining", 503)

    def test_draining_waits_for_what_is_running(self, store: Any) -> None:
        inbox = WebhookInbox(SECRET, store)
        entered, done = threading.Event(), []

        @inbox.on("invoice.paid")
        def paid(event: Event) -> None:
            entered.set()
            time.sleep(0.2)
            done.append(event.id)

        thread = threading.Thread(target=deliver, args=(inbox, event("invoice.paid")))
        thread.start()
        assert entered.wait(10)
        assert inbox.drain(10)
        assert done
        thread.join()
