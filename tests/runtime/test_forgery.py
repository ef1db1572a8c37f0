"""Mutants of genuine deliveries, by a plain seeded mutator. ``pytest --full`` makes a million."""

from __future__ import annotations

import json
import logging
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from stripe_lint.runtime import Reason, Refused, Verifier, WebhookInbox
from stripe_lint.runtime.reception import Visit
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.testing import SECRET, event, signed_request

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "canary-7f3a"
TOKENS = [
    "t=",
    "v1=",
    "v0=",
    ",",
    "=",
    "1",
    "a",
    "\u00e9",
    "\x00",
    " ",
    "\n",
    "_",
    "+",
    "whsec_",
    "0" * 64,
    "999999999999",
]


def mutated(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(text) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            text = text[:place] + chance.choice(TOKENS) + text[place:]
        elif kind == 1:
            text = text[:place] + text[place + chance.randint(1, 9) :]
        elif kind == 2:
            text = text[:place] + chr(chance.randrange(256)) + text[place + 1 :]
        elif kind == 3:
            other = chance.randrange(len(text) + 1)
            text = text[: min(place, other)] + text[max(place, other) :] + text[min(place, other) : max(place, other)]
        elif kind == 4:
            parts = text.split(",")
            chance.shuffle(parts)
            text = ",".join(parts + parts[: chance.randrange(2)])
        else:
            text = text.swapcase() if chance.random() < 0.2 else text + chance.choice(TOKENS)
    return text


def forged(header: str, genuine: str) -> bool:
    """Whether a header is not the genuine one in effect: its first ``t`` or every ``v1`` differs."""
    parts = [item.split("=", 1) for item in header.split(",")]
    moments = [part[1:] for part in parts if part[0] == "t"]
    signed = dict(item.split("=", 1) for item in genuine.split(","))
    return not moments or moments[0] != [signed["t"]] or ["v1", signed["v1"]] not in parts


class CountingStore(MemoryStore):
    """Counts whatever asks it for its connection."""

    statements = 0

    def _connection(self, operation: str) -> Any:
        self.statements += 1
        return super()._connection(operation)


class Collected(logging.Handler):
    """Keeps what was logged, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.text.append(f"{record.getMessage()} {record.exc_info} {record.args!r}")


@pytest.fixture
def logged() -> Iterator[Collected]:
    handler = Collected()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def seed() -> int:
    number = time.time_ns() % 10**9
    print(f"seed {number}")
    return number


def test_no_mutated_header_is_accepted(full: bool, logged: Collected) -> None:
    chance = random.Random(seed())
    store = CountingStore()
    inbox = WebhookInbox([SECRET, SECRET[:-3] + "abc"], store)
    inbox.on("invoice.paid")(lambda _: pytest.fail("a forged event was handled"))
    statements = store.statements
    request = signed_request(event("invoice.paid", {"id": "in_1", "note": CANARY}))
    tried = 0
    for number in range(1_000_000 if full else 20_000):
        if number % 100_000 == 0:
            request = signed_request(request.body)
        header = mutated(request.signature, chance)
        if not forged(header, request.signature):
            continue
        tried += 1
        visit = Visit("POST", True, "192.0.2.1", False, header)
        assert inbox.handle(visit, lambda _, body=request.body: body).status == 400, repr(header)
    assert tried > number * 0.6
    assert store.statements == statements
    assert_clean(logged)


def test_no_mutated_body_is_accepted(full: bool, logged: Collected) -> None:
    chance = random.Random(seed())
    store = CountingStore()
    inbox = WebhookInbox(SECRET, store)
    inbox.on("invoice.paid")(lambda _: pytest.fail("a forged event was handled"))
    statements = store.statements
    genuine = json.dumps(event("invoice.paid", {"id": "in_1", "note": CANARY}))
    request = signed_request(genuine.encode())
    for number in range(50_000 if full else 3_000):
        if number % 10_000 == 0:
            request = signed_request(request.body)
        text = mutated(genuine, chance)
        body = text.encode("utf-8" if chance.random() < 0.5 else "latin-1", "replace")
        if body == request.body:
            continue
        visit = Visit("POST", True, "192.0.2.1", False, request.signature)
        assert inbox.handle(visit, lambda _, body=body: body).status == 400, repr(body)
    assert store.statements == statements
    assert_clean(logged)


def assert_clean(logged: Collected) -> None:
    text = "\n".join(logged.text)
    assert "unverified" in text
    assert CANARY not in text
    assert "whsec_" not in text
    assert "v1=" not in text
    assert len(logged.text) < 60_000


def test_the_oracle_knows_what_is_genuine() -> None:
    request = signed_request(event("invoice.paid"))
    assert not forged(request.signature, request.signature)
    assert not forged(request.signature + ",v0=a", request.signature)
    assert forged("t=1," + request.signature, request.signature)
    assert Verifier(SECRET).examine(request.body, "t=1," + request.signature) == Refused(Reason.MALFORMED_HEADER)
