"""Small servers with mistakes, started before and after their repair, get real deliveries."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import stripe
from rule_cases import make_project

from stripe_lint.config import Configurations
from stripe_lint.fixing.options import Options
from stripe_lint.fixing.run import fix_paths, write
from stripe_lint.options import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SERVERS = HERE / "servers"
RULES = ["STP101", "STP103", "STP104", "STP105", "STP106", "STP108", "STP114", "STP301"]
SECRET, OTHER_SECRET = "whsec_of_this_endpoint", "whsec_of_somebody_else"
SECONDS_TO_START = 20
LEAKS = (b"signature found", b"signatures found", b"extract timestamp", b"tolerance", b"Expecting", b"Traceback")

GENUINE, SPACED, FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED, BASE64 = (
    *("genuine", "spaced", "forged", "stale", "unsigned", "tampered", "malformed", "base64"),
)

WRONG_BEFORE = {
    "aiohttp_parsed": {GENUINE, SPACED, FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED},
    "aiohttp_unverified": {FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED},
    "django_swallowed": {FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED},
    "django_text_of_bytes": {GENUINE, SPACED, MALFORMED},
    "django_unverified": {FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED},
    "drf_parsed_data": {GENUINE, SPACED, FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED},
    "drf_unverified": {FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED},
    "fastapi_model": {FORGED, STALE, UNSIGNED, TAMPERED},
    "fastapi_suppressed": {FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED},
    "fastapi_uncaught": {FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED},
    "fastapi_written_again": {GENUINE, SPACED},
    "flask_construct_from": {FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED},
    "flask_parsed_and_swallowed": {FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED},
    "flask_uncaught": {FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED},
    "flask_unverified": {FORGED, STALE, UNSIGNED, TAMPERED},
    "flask_written_again": {GENUINE, SPACED, FORGED, STALE, UNSIGNED, TAMPERED},
    "lambda_base64": {FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED, BASE64},
    "lambda_unverified": {FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED, BASE64},
}
"""For each server the deliveries that it treats wrongly before it is repaired."""

FILLED_FROM_BODY = {"fastapi_model", "fastapi_written_again"}
"""Servers whose framework parses the body: what is no JSON never gets to their handler, and is a 422."""


ANSWERED_WRONGLY = {
    # the order can't be marked as paid, as there is no such table
    "flask_failure_acknowledged": ("checkout.session.completed", 200, 500),
    "django_unknown_refused": ("invoice.paid", 400, 200),
}
"""Servers that verify, and tell Stripe the wrong thing: the type of the event, the wrong status and the right one."""


class Delivery(NamedTuple):
    """One request as Stripe, or somebody else, sends it; ``order`` names what it would fulfil."""

    kind: str
    order: str
    body: bytes
    headers: dict[str, str]

    @property
    def genuine(self) -> bool:
        return self.kind in {GENUINE, SPACED, BASE64}


def deliveries(server: str, event_type: str = "checkout.session.completed") -> Iterator[Delivery]:
    now = int(time.time())
    for kind in (GENUINE, SPACED, FORGED, STALE, UNSIGNED, TAMPERED, MALFORMED, BASE64):
        if kind == BASE64 and not server.startswith("lambda"):
            continue
        order = f"order-{kind}"
        event = {
            "id": f"evt_{kind}",
            "object": "event",
            "api_version": "2025-03-31.basil",
            "created": now,
            "livemode": False,
            "pending_webhooks": 1,
            "type": event_type,
            "data": {"object": {"id": "cs_1", "object": "checkout.session", "metadata": {"order": order, "né": "ü"}}},
        }
        text = json.dumps(event, ensure_ascii=False, indent=2 if kind != GENUINE else None, separators=(", ", ": "))
        if kind == MALFORMED:
            text = '{"type": "checkout.session.completed", '
        when = now - 3600 if kind == STALE else now
        signed = text.replace(order, "order-other") if kind == TAMPERED else text
        secret = OTHER_SECRET if kind in {FORGED, MALFORMED} else SECRET
        signature = stripe.WebhookSignature.generate_signature_header(signed, secret, when)
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if kind != UNSIGNED:
            headers["Stripe-Signature"] = signature
        if kind == BASE64:
            headers["X-Gateway"] = "base64"
        yield Delivery(kind, order, text.encode(), headers)


class Answer(NamedTuple):
    """What came back, and what was fulfilled for it."""

    status: int
    body: bytes
    fulfilled: list[str]


@contextmanager
def running(folder: Path, server: str) -> Iterator[int]:
    """The port on which a server listens; it ends with the block."""
    environment = {
        **os.environ,
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "LEDGER": str(folder / "ledger.txt"),
        "SERVER": server,
        "DJANGO_SETTINGS_MODULE": "shop_settings",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, str(HERE / "serve.py"), server]
    with (
        (folder / "log.txt").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.strip().isdigit(), (folder / "log.txt").read_text(encoding="utf-8")
            yield int(line)
        finally:
            process.kill()


def send(port: int, delivery: Delivery, ledger: Path) -> Answer:
    ledger.write_text("", encoding="utf-8")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_TO_START)
    connection.request("POST", "/stripe/webhook", delivery.body, delivery.headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return Answer(response.status, body, ledger.read_text(encoding="utf-8").split())


def is_right(server: str, delivery: Delivery, answer: Answer) -> bool:
    if delivery.genuine:
        return 200 <= answer.status < 300 and answer.fulfilled == [delivery.order]
    if answer.fulfilled:
        return False
    if delivery.kind == MALFORMED and server in FILLED_FROM_BODY:
        return answer.status == 422
    return answer.status == 400 and not any(leak in answer.body for leak in LEAKS)


def wrongly_treated(folder: Path, server: str) -> dict[str, Answer]:
    """The deliveries that a server treats wrongly, with its answers."""
    wrong = {}
    with running(folder, server) as port:
        for delivery in deliveries(server):
            answer = send(port, delivery, folder / "ledger.txt")
            if not is_right(server, delivery, answer):
                wrong[delivery.kind] = answer
    return wrong


def make_copy(folder: Path, server: str) -> None:
    make_project(folder)
    for name in (server, "ledger", "shop_settings"):
        shutil.copy(SERVERS / f"{name}.py", folder / f"{name}.py")


def repair(folder: Path) -> int:
    """Repairs everything in ``folder``; how much was found. Nothing may be left."""
    configurations = Configurations(None, {"select": RULES}, Place("test ", folder))
    report = fix_paths([folder], configurations, Options(unsafe=True), jobs=1)
    write(report)
    assert [(each.finding, each.reason) for file in report.files for each in file.not_fixed] == []
    return sum(len(file.fixed) for file in report.files)


def test_every_server_is_tested() -> None:
    servers = {path.stem for path in SERVERS.glob("*.py")} - {"ledger", "shop_settings"}
    assert servers == WRONG_BEFORE.keys() | ANSWERED_WRONGLY.keys()


@pytest.mark.parametrize("server", sorted(WRONG_BEFORE))
def test_a_repaired_server_accepts_genuine_deliveries_only(server: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    make_copy(folder, server)
    assert set(wrongly_treated(folder, server)) == WRONG_BEFORE[server]
    assert repair(folder) > 0
    assert wrongly_treated(folder, server) == {}


@pytest.mark.parametrize("server", ANSWERED_WRONGLY)
def test_a_repaired_server_tells_stripe_what_is_true(server: str, tmp_path: Path) -> None:
    event_type, wrong, right = ANSWERED_WRONGLY[server]
    folder = tmp_path / "project"
    make_copy(folder, server)
    genuine = next(each for each in deliveries(server, event_type) if each.kind == GENUINE)
    forged = next(each for each in deliveries(server, event_type) if each.kind == FORGED)
    for expected in (wrong, right):
        with running(folder, server) as port:
            assert send(port, genuine, folder / "ledger.txt").status == expected
            assert send(port, forged, folder / "ledger.txt").status == 400
        assert expected == right or repair(folder) == 1
