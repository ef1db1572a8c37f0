"""What is logged and measured, and that alerts fire when they should."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import time
import traceback
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from conformance import FACTS
from prometheus_client import CollectorRegistry, generate_latest

from stripe_lint.runtime import IdempotencyKeys, OutcomeNotRecorded, PermanentError, WebhookInbox
from stripe_lint.runtime.audit import AUDIT, AuditLog
from stripe_lint.runtime.event import EventKey
from stripe_lint.runtime.metrics import METRICS
from stripe_lint.runtime.prometheus import PREFIX, PrometheusMetrics
from stripe_lint.runtime.reception import Visit
from stripe_lint.runtime.stores import Claim
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.testing import SECRET, deliver, event, signed_request

if TYPE_CHECKING:
    from pathlib import Path

    from conformance import Clock

SECRETS = [SECRET[:-4] + "beef", SECRET]
CANARY = "customer@canary.example"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """The audit lines so far."""
    caplog.set_level(logging.INFO)

    def found() -> list[dict[str, Any]]:
        return [json.loads(each.getMessage()) for each in caplog.records if each.name == AUDIT.name]

    return found


def refuse(inbox: WebhookInbox, header: str | None = "t=1", **changes: Any) -> None:
    inbox.handle(Visit("POST", True, "192.0.2.1", False, header, **changes), lambda _: b"{}")


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
        assert "test_observability.py" in text

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


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def inbox(registry: CollectorRegistry) -> WebhookInbox:
    made = WebhookInbox(SECRETS, MemoryStore(), metrics=PrometheusMetrics(registry))

    @made.on("invoice.paid", "invoice.voided")
    def paid(event: Any) -> None:
        if event.type == "invoice.voided":
            raise PermanentError
        if event.object.get("fails"):
            raise ValueError

    return made


class TestMetrics:
    def test_of_deliveries(self, inbox: WebhookInbox, registry: CollectorRegistry) -> None:
        paid = event("invoice.paid")
        deliver(inbox, paid, times=3)
        deliver(inbox, {**paid, "created": 5})
        deliver(inbox, event("invoice.voided"))
        deliver(inbox, event("invoice.paid", {"fails": True}))
        refuse(inbox)

        def value(name: str, **labels: str) -> float | None:
            return registry.get_sample_value(PREFIX + name, labels)

        assert value("deliveries_total", endpoint="default", outcome="succeeded") == 1
        assert value("deliveries_total", endpoint="default", outcome="duplicate") == 3
        assert value("deliveries_total", endpoint="default", outcome="dead") == 1
        assert value("deliveries_total", endpoint="default", outcome="unverified") == 1
        assert value("verify_failures_total", endpoint="default", reason="malformed_header") == 1
        assert value("secret_slot_total", endpoint="default", slot="1") == 6
        assert value("handler_seconds_count", type="invoice.paid") == 2
        assert value("handler_errors_total", type="invoice.paid") == 1
        assert value("dead_total") == 1
        assert value("payload_drift_total") == 1
        assert value("inflight") == 0
        assert value("store_seconds_count", op="find") == 6
        assert value("store_seconds_count", op="complete") == 1
        assert value("signature_age_seconds_count") == 6

    def test_every_metric_is_used_and_every_use_is_known(self) -> None:
        source = "".join(
            path.read_text() for path in (files("stripe_lint") / "runtime").iterdir() if path.name.endswith(".py")
        )
        used = set(re.findall(r'(?:_?metrics\.(?:count|add|observe)|Sample)\(\s*"(\w+)"', source))
        assert used == set(METRICS)


class TestGaugesOfTheStore:
    """They are read when the numbers are, and nothing is read for a delivery."""

    def value(self, registry: CollectorRegistry, name: str, **labels: str) -> float | None:
        return registry.get_sample_value(PREFIX + name, labels)

    def test_of_events(self, store: Any, clock: Clock, registry: CollectorRegistry) -> None:
        inbox = WebhookInbox(SECRETS, store, consumer="shop", metrics=PrometheusMetrics(registry))
        WebhookInbox(SECRETS, store, consumer="mail", metrics=PrometheusMetrics(CollectorRegistry()))

        @inbox.on("invoice.paid", "invoice.voided")
        def paid(event: Any) -> None:
            if event.type == "invoice.voided":
                raise PermanentError
            if event.object.get("fails"):
                raise ValueError

        states = ("processing", "failed", "dead")

        def counts() -> list[float | None]:
            return [self.value(registry, "events", consumer="shop", state=each) for each in states]

        assert counts() == [0, 0, 0]
        assert self.value(registry, "oldest_unfinished_seconds", consumer="shop") == 0
        failing = event("invoice.paid", {"fails": True})
        deliver(inbox, event("invoice.voided"))
        clock.now += 100
        deliver(inbox, failing, times=4)
        deliver(inbox, event("invoice.paid"), times=2)
        assert isinstance(store.claim(EventKey("shop", "", False, "evt_9"), FACTS, lease=60, worker="w"), Claim)
        assert isinstance(store.claim(EventKey("mail", "", False, "evt_9"), FACTS, lease=60, worker="w"), Claim)
        clock.now += 1000
        assert counts() == [1, 1, 1]
        assert self.value(registry, "oldest_unfinished_seconds", consumer="shop") == 1000
        assert self.value(registry, "attempts", consumer="shop") == 4
        failing["data"]["object"]["fails"] = False
        deliver(inbox, failing)
        assert counts() == [1, 0, 1]
        assert self.value(registry, "attempts", consumer="shop") == 1

    def test_of_operations(self, store: Any, clock: Clock, registry: CollectorRegistry) -> None:
        keys = IdempotencyKeys(store, "shop-test", metrics=PrometheusMetrics(registry))
        states = ("pending", "unknown", "executed", "conflict")

        def counts() -> list[float | None]:
            return [self.value(registry, "ops", namespace="shop-test", state=each) for each in states]

        def oldest(api: str) -> float | None:
            return self.value(registry, "ops_unknown_oldest_seconds", namespace="shop-test", api=api)

        assert counts() == [0, 0, 0, 0]
        with pytest.raises(OutcomeNotRecorded), keys.operation("a", 1, {}):
            pass
        with keys.operation("a", 2, {}) as op:
            op.succeeded({"id": "pi_1"})
        clock.now += 100
        keys.operation("a", 3, {}, api="v2").__enter__()
        assert counts() == [1, 1, 0, 0]
        assert (oldest("v1"), oldest("v2")) == (100, None)
        clock.now += 100  # the sender of the third one died
        assert counts() == [0, 2, 0, 0]
        assert (oldest("v1"), oldest("v2")) == (200, 100)

    def test_a_store_that_fails_takes_only_its_own_away(self, registry: CollectorRegistry) -> None:
        store = MemoryStore(busy_timeout=0.01)
        inbox = WebhookInbox(SECRETS, store, metrics=PrometheusMetrics(registry))
        blocking = store.transaction()
        assert PREFIX + "inflight" in generate_latest(registry).decode()
        assert self.value(registry, "attempts", consumer="default") is None
        blocking.close(discard=False)
        assert self.value(registry, "attempts", consumer="default") == 0
        assert self.value(registry, "store_errors_total", op="unfinished_events") == 2
        assert deliver(inbox, event("invoice.paid"))[0].status == 200

    def test_of_two_stores_with_one_name_the_worse_is_shown(self, registry: CollectorRegistry) -> None:
        metrics = PrometheusMetrics(registry)
        for number in (1, 3, 2):
            store = MemoryStore()
            WebhookInbox(SECRETS, store, metrics=metrics)
            for each in range(number):
                store.claim(EventKey("default", "", False, f"evt_{each}"), FACTS, lease=60, worker="w")
        assert self.value(registry, "events", consumer="default", state="processing") == 3

    def test_a_delivery_does_not_read_them(self, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(MemoryStore, "unfinished_events", lambda *_: pytest.fail("a delivery paid for a gauge"))
        inbox = WebhookInbox(SECRETS, MemoryStore(), metrics=PrometheusMetrics(registry))
        inbox.on("invoice.paid")(lambda event: None)
        assert deliver(inbox, event("invoice.paid"))[0].outcome == "succeeded"

    def test_where_several_processes_count(self, tmp_path: Path) -> None:
        """With the multiprocess mode of ``prometheus_client``, as its documentation says to set it up."""
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        command = [sys.executable, "-W", "ignore", "-c", MULTIPROCESS]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.stdout == "3.0 1\n", done.stderr


MULTIPROCESS = """
import os
from prometheus_client import CollectorRegistry, multiprocess
from stripe_lint.runtime import WebhookInbox
from stripe_lint.runtime.event import EventKey
from stripe_lint.runtime.prometheus import PrometheusMetrics
from stripe_lint.runtime.stores import EventFacts
from stripe_lint.runtime.testing import SECRET, MemoryStore, deliver, event
metrics, store = PrometheusMetrics(), MemoryStore()
inbox = WebhookInbox(SECRET, store, metrics=metrics)
facts = EventFacts("invoice.paid", 1, None, b"", None)
store.claim(EventKey("default", "", False, "evt_1"), facts, lease=60, worker="w")
for _ in range(2):
    if not os.fork():
        deliver(inbox, event("invoice.paid"))
        os._exit(0)
    os.wait()
deliver(inbox, event("invoice.paid"))
registry = CollectorRegistry()
multiprocess.MultiProcessCollector(registry)
registry.register(metrics.sampler)
print(registry.get_sample_value("stripe_inbox_deliveries_total", {"endpoint": "default", "outcome": "unhandled"}),
      registry.get_sample_value("stripe_inbox_events", {"consumer": "default", "state": "processing"}))
"""


RULES = {
    rule["alert"]: rule
    for group in yaml.safe_load((files("stripe_lint.runtime") / "alerts/prometheus.yml").read_text())["groups"]
    for rule in group["rules"]
}


class Series:
    """As much of PromQL as the rules have: increases over a window, gauges, sums, comparisons, ``and``.

    Each metric has one value before the window and one after it.
    """

    def __init__(self, before: dict[str, float], after: dict[str, float]) -> None:
        self._after = after
        self._grown = {name: after[name] - before.get(name, 0) for name in after}

    def holds(self, rule: str) -> bool:
        text = re.sub(r"sum(?: by \(\w+\))? \(?", "", RULES[rule]["expr"]).replace("\n", " ")
        text = re.sub(r"sum\(", "(", text)
        text = re.sub(
            r'increase\((\w+)(?:\{(\w+)="(\w+)"\})?\[\w+\]\)', lambda match: str(self._increase(*match.groups())), text
        )
        text = re.sub(r'(stripe_\w+)(?:\{(\w+)="(\w+)"\})?', lambda match: str(self._largest(*match.groups())), text)
        text = text.replace("(", " ").replace(")", " ")
        parts = [
            re.fullmatch(r"\s*([\d.e+-]+)\s*>\s*(?:([\d.]+)\s*\*\s*)?([\d.e+-]+)\s*", part)
            for part in text.split("and")
        ]
        assert all(parts), text
        return all(float(part[1]) > float(part[2] or 1) * float(part[3]) for part in parts if part)

    def _increase(self, name: str, label: str | None, value: str | None) -> float:
        wanted = f'{label}="{value}"' if label else ""
        return sum(grown for each, grown in self._grown.items() if each.split("{")[0] == name and wanted in each)

    def _largest(self, name: str, label: str | None, value: str | None) -> float:
        wanted = f'{label}="{value}"' if label else ""
        found = [value for each, value in self._after.items() if each.split("{")[0] == name and wanted in each]
        return max(found, default=0.0)


def samples(registry: CollectorRegistry) -> dict[str, float]:
    found = {}
    for metric in registry.collect():
        for sample in metric.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


class TestAlerts:
    def firing(self, registry: CollectorRegistry, before: dict[str, float]) -> set[str]:
        series = Series(before, samples(registry))
        return {name for name in RULES if series.holds(name)}

    def test_they_are_about_metrics_that_exist(self, registry: CollectorRegistry) -> None:
        PrometheusMetrics(registry)
        known = {PREFIX + name for name in METRICS} | {f"{PREFIX}{name}_count" for name in METRICS}
        for rule in RULES.values():
            assert set(re.findall(r"stripe_inbox_\w+", rule["expr"])) <= known
            assert rule["labels"]["severity"] in {"warning", "critical"}
            assert {"summary", "description"} <= set(rule["annotations"])

    def test_none_fires_while_all_is_well(self, inbox: WebhookInbox, registry: CollectorRegistry) -> None:
        before = samples(registry)
        for _ in range(60):
            deliver(inbox, event("invoice.paid"), times=2)
        for _ in range(5):
            refuse(inbox)
        deliver(inbox, event("invoice.paid", {"fails": True}))
        assert self.firing(registry, before) == set()

    def test_forgeries(self, inbox: WebhookInbox, registry: CollectorRegistry) -> None:
        before = samples(registry)
        for _ in range(20):
            deliver(inbox, event("invoice.paid"))
            refuse(inbox)
        assert self.firing(registry, before) == {"StripeVerificationFailures"}

    def test_handler_errors(self, inbox: WebhookInbox, registry: CollectorRegistry) -> None:
        before = samples(registry)
        for number in range(50):
            deliver(inbox, event("invoice.paid", {"fails": number % 10 == 0}))
        assert self.firing(registry, before) == {"StripeHandlerErrors"}

    def test_dead_events_and_unusable_ones(self, inbox: WebhookInbox, registry: CollectorRegistry) -> None:
        before = samples(registry)
        deliver(inbox, event("invoice.voided"))
        deliver(inbox, signed_request(b"[]"))
        assert self.firing(registry, before) == {"StripeDeadEvents", "StripeVerifiedButUnusable"}

    def test_store_errors(self, registry: CollectorRegistry) -> None:
        store = MemoryStore(busy_timeout=0.01)
        inbox = WebhookInbox(SECRETS, store, metrics=PrometheusMetrics(registry))
        inbox.on("invoice.paid")(lambda event: None)
        before = samples(registry)
        blocking = store.transaction()
        assert deliver(inbox, event("invoice.paid"))[0].status == 503
        blocking.close(discard=False)
        assert self.firing(registry, before) == {"StripeStoreErrors"}

    def test_events_that_are_not_finished(self, store: Any, clock: Clock, registry: CollectorRegistry) -> None:
        inbox = WebhookInbox(SECRETS, store, metrics=PrometheusMetrics(registry))
        inbox.on("invoice.paid")(lambda event: None)
        before = samples(registry)
        stuck = [event("invoice.paid") for _ in range(4)]
        for each in stuck:
            store.claim(EventKey("default", "", False, each["id"]), FACTS, lease=60, worker="w")
        clock.now += 890
        assert self.firing(registry, before) == set()
        clock.now += 20
        assert self.firing(registry, before) == {"StripeUnfinishedEvents"}
        for each in stuck:
            assert deliver(inbox, each)[0].outcome == "succeeded"
        assert self.firing(registry, before) == {"StripeTakeovers"}

    def test_operations_of_which_nobody_knows(self, store: Any, clock: Clock, registry: CollectorRegistry) -> None:
        keys = IdempotencyKeys(store, "shop-test", metrics=PrometheusMetrics(registry))
        for api in ("v1", "v2"):
            with pytest.raises(OutcomeNotRecorded), keys.operation("a", 1, {}, api=api):  # type: ignore[arg-type]
                pass
        before = samples(registry)
        clock.now += 20 * 3600 - 1
        assert self.firing(registry, before) == set()
        clock.now += 2
        assert self.firing(registry, before) == {"StripeUnknownOperations"}
        assert keys.reconcile(lambda record: "pi_1") == 2
        assert self.firing(registry, before) == set()
