"""What is logged of a delivery, and what never is."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import time
import traceback
from typing import Any

import pytest
import stripe
from refusing import SECRETS, refuse

from stripe_lint.runtime import PermanentError, WebhookInbox
from stripe_lint.runtime.audit import AUDIT, AuditLog
from stripe_lint.runtime.reception import Visit
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.testing import deliver, event, signed_request

CANARY = "customer@canary.example"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """The audit lines so far."""
    caplog.set_level(logging.INFO)

    def found() -> list[dict[str, Any]]:
        return [json.loads(each.getMessage()) for each in caplog.records if each.name == AUDIT.name]

    return found


class TestAudit:
    def test_a_line_a_decision(self, lines: Any) -> None:
        inbox = WebhookInbox(SECRETS, MemoryStore(), consumer="shop", endpoint="eu")
        errors: list[Exception] = [ValueError(CANARY)]

        @inbox.on("invoice.paid")
        def paid(event: Any) -> None:
            if errors:
                raise errors.pop()

        deliver(inbox, event("invoice.paid", {"email": CANARY}, id="evt_1", account="acct_1"), times=3)
        failed, done, duplicate = lines()
        for line in lines():
            assert line["ts"] == pytest.approx(time.time(), abs=60)
            assert (line["endpoint"], line["consumer"], line["client"]) == ("eu", "shop", "127.0.0.1")
            assert (line["event_id"], line["type"], line["account"]) == ("evt_1", "invoice.paid", "acct_1")
            assert (line["livemode"], line["secret_slot"]) == (False, 1)
            assert line["body_bytes"] > 100
        assert (failed["outcome"], failed["status"], failed["error"]) == ("handler_failed", 500, "ValueError")
        assert re.fullmatch(r"[0-9a-f]{16}", failed["error_digest"])
        assert (done["outcome"], done["attempt"], done["token"]) == ("succeeded", 2, 2)
        assert (duplicate["outcome"], duplicate.get("attempt")) == ("duplicate", None)

    def test_a_refusal_names_client_and_reason_and_no_event(self, lines: Any) -> None:
        refuse(WebhookInbox(SECRETS, MemoryStore()), idempotency_key="k\n\x1b[31m" + "x" * 300)
        (line,) = lines()
        assert (line["outcome"], line["reason"], line["client"]) == ("unverified", "malformed_header", "192.0.2.1")
        assert "event_id" not in line
        assert len(line["idempotency_key"]) == 201

    def test_a_refusal_names_the_type_of_what_the_sdk_raised(self, lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A forgery and a release that fails at everything are answered alike, and must be told apart."""
        inbox = WebhookInbox(SECRETS, MemoryStore())
        request = signed_request(event("invoice.paid", {"email": CANARY}))

        def failing(payload: str, header: str, secret: str, tolerance: int | None = None) -> bool:
            raise TypeError(f"{payload} {header} {secret}") if secret == SECRETS[1] else RuntimeError(payload)

        deliver(inbox, signed_request(request.body, secret=SECRETS[1][:-4] + "dead"))
        monkeypatch.setattr(stripe.WebhookSignature, "verify_header", failing)
        assert deliver(inbox, request)[0].status == 400
        monkeypatch.undo()
        deliver(inbox, request)
        forged, failed, _ = lines()
        assert (forged["reason"], forged["error"]) == ("no_matching_signature", "SignatureVerificationError")
        assert (failed["reason"], failed["error"]) == ("no_matching_signature", "RuntimeError, TypeError")
        for line in lines():
            assert not any(hidden in repr(line) for hidden in (CANARY, *SECRETS, "v1=", request.signature))

    def test_a_refusal_by_the_header_names_no_error(self, lines: Any) -> None:
        refuse(WebhookInbox(SECRETS, MemoryStore()))
        assert "error" not in lines()[0]

    def test_control_characters_are_escaped(self, caplog: pytest.LogCaptureFixture) -> None:
        refuse(WebhookInbox(SECRETS, MemoryStore()), idempotency_key="k\n\x1b[31m")
        assert "\\u001b[31m" in caplog.messages[0]
        assert "\n" not in caplog.messages[0]

    def test_of_many_refusals_some_are_written_and_the_rest_counted(self, lines: Any) -> None:
        moment = [0.0]
        log = AuditLog({}, per_second=10, clock=lambda: moment[0])
        for _ in range(500):
            log.refusal({"outcome": "unverified"})
        assert len(lines()) == 10
        moment[0] += 1
        log.refusal({"outcome": "unverified"})
        assert lines()[-1]["suppressed"] == 490

    def test_a_fork_takes_no_lock_along(self) -> None:
        """A thread that writes a refusal while another one forks must not leave the child waiting for it."""
        script = (
            "import os, signal\n"
            "from stripe_lint.runtime.audit import AuditLog\n"
            "log = AuditLog({})\n"
            "log.refusal({})\n"
            "(bucket,) = log._buckets.values()\n"
            "bucket.lock.acquire()\n"
            "if not os.fork():\n"
            "    signal.alarm(20)\n"
            "    log.refusal({})\n"
            "    os._exit(0)\n"
            "print(os.wait()[1])\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
        assert done.stdout == "0\n", done.stderr

    def test_a_worker_that_is_stopped_leaves_a_line(self, lines: Any) -> None:
        inbox = WebhookInbox(SECRETS, MemoryStore())

        @inbox.on("invoice.paid")
        def paid(event: Any) -> None:
            raise SystemExit

        with pytest.raises(SystemExit):
            deliver(inbox, event("invoice.paid", id="evt_1"))
        (line,) = lines()
        assert (line["outcome"], line["event_id"], line["error"]) == ("stopped", "evt_1", "SystemExit")
        assert "status" not in line

    @pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1)])
    def test_an_exception_of_a_handler_carries_nothing_of_the_body(self, error: BaseException) -> None:
        """Trackers read the exception, its chain, and the local variables of the frames that it has come through."""
        caught: list[BaseException] = []
        inbox = WebhookInbox(SECRETS, MemoryStore(), on_error=lambda error, event: caught.append(error))

        @inbox.on("invoice.paid")
        def paid(event: Any, delivery: Any) -> None:
            raise error

        request = signed_request(event("invoice.paid", {"email": CANARY}))
        visit = Visit("POST", True, "192.0.2.1", False, request.signature, len(request.body))
        try:
            inbox.handle(visit, lambda _: request.body)
        except SystemExit as stopped:
            caught.append(stopped)
        assert caught == [error]
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename != __file__]
        assert any(frame.f_code.co_name == "_handled" for frame in frames)
        text = "\n".join([*traceback.format_exception(error), *[repr(frame.f_locals) for frame in frames]])
        for hidden in (CANARY, *SECRETS, "v1="):
            assert hidden not in text

    def test_nothing_of_the_content_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        inbox = WebhookInbox(SECRETS, MemoryStore())

        @inbox.on("invoice.paid", "invoice.voided")
        def paid(event: Any, delivery: Any) -> None:
            delivery.after_commit(lambda: {}[event.object["email"]])
            raise PermanentError(event.object["email"]) if event.type == "invoice.voided" else KeyError(CANARY)

        for name in ("invoice.paid", "invoice.voided", "invoice.created"):
            given = signed_request(event(name, {"email": CANARY}))
            deliver(inbox, given, times=2)
            deliver(inbox, signed_request(given.body + b"}"))
        text = "\n".join(f"{each.getMessage()} {each.args!r} {each.exc_info}" for each in caplog.records)
        for hidden in (CANARY, *SECRETS, "v1=", given.signature):
            assert hidden not in text
        assert "KeyError" in text
        assert "test_audit.py" in text

    def test_what_is_genuine_and_unusable_is_an_error(self, caplog: pytest.LogCaptureFixture) -> None:
        deliver(WebhookInbox(SECRETS, MemoryStore()), signed_request(b"[]"))
        (record,) = [each for each in caplog.records if each.name == AUDIT.name]
        assert record.levelno == logging.ERROR
        assert json.loads(record.getMessage())["reason"] == "verified_but_unusable"

    def test_a_dead_event_is_an_error(self, caplog: pytest.LogCaptureFixture) -> None:
        inbox = WebhookInbox(SECRETS, MemoryStore())

        @inbox.on("invoice.paid")
        def paid(event: Any) -> None:
            raise PermanentError

        deliver(inbox, event("invoice.paid"))
        assert [each.levelno for each in caplog.records if each.name == AUDIT.name] == [logging.ERROR]

    def test_an_error_tracker_gets_the_exception(self) -> None:
        caught: list[Any] = []

        def tracker(error: BaseException, event: Any) -> None:
            caught.append((error, event.id))
            raise RuntimeError

        inbox = WebhookInbox(SECRETS, MemoryStore(), on_error=tracker)

        @inbox.on("invoice.paid")
        def paid(event: Any) -> None:
            raise ValueError

        assert deliver(inbox, event("invoice.paid", id="evt_1"))[0].status == 500
        assert [(type(error), event_id) for error, event_id in caught] == [(ValueError, "evt_1")]
