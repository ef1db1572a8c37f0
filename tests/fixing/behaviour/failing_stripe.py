"""A Stripe on loopback that carries a request out once for each key, and fails at the first attempt."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

RESET, SERVER_ERROR, TIME_OUT = "reset after execute", "500", "time-out"
"""The ways in which the first attempt of an operation fails: what was asked for is done, and the answer is lost."""

SECONDS_AT_MOST = 10
"""How long an answer is held back from a client that does not give up."""


class Attempt(NamedTuple):
    """One request: what it asks for, with which key, and what of Stripe's it made or was given again."""

    operation: str
    key: str | None
    result: str


class FakeStripe:
    """What the server was asked for. ``port`` is where it listens."""

    def __init__(self, failure: str) -> None:
        """A server whose first attempt of each operation fails by ``failure``."""
        self.failure = failure
        self.attempts: list[Attempt] = []
        self.port = 0
        self._done: dict[str, str] = {}
        self._failed: set[str] = set()
        self._lock = Lock()

    def carry_out(self, operation: str, key: str | None) -> tuple[Attempt, bool]:
        """Do what is asked for, unless the key is known; whether the answer is to fail."""
        with self._lock:
            result = self._done.get(key) if key is not None else None
            if result is None:
                result = f"re_{len(self.attempts)}"
                if key is not None:
                    self._done[key] = result
            attempt = Attempt(operation, key, result)
            self.attempts.append(attempt)
            fails = operation not in self._failed
            self._failed.add(operation)
            return attempt, fails

    @property
    def carried_out(self) -> dict[str, set[str]]:
        """For each operation what was made for it."""
        found: dict[str, set[str]] = {}
        for attempt in self.attempts:
            found.setdefault(attempt.operation, set()).add(attempt.result)
        return found

    @property
    def keys(self) -> dict[str, set[str | None]]:
        """For each operation the keys that its attempts had."""
        found: dict[str, set[str | None]] = {}
        for attempt in self.attempts:
            found.setdefault(attempt.operation, set()).add(attempt.key)
        return found


@contextmanager
def fake_stripe(failure: str) -> Iterator[FakeStripe]:
    """A server that runs as long as the block."""
    stripe = FakeStripe(failure)

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            attempt, fails = stripe.carry_out(f"{self.path}?{form}", self.headers["Idempotency-Key"])
            if fails and stripe.failure == RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            if fails and stripe.failure == TIME_OUT:
                self.connection.settimeout(SECONDS_AT_MOST)
                self.connection.recv(1)
                self.close_connection = True
                return
            failed = fails and stripe.failure == SERVER_ERROR
            answer = {"error": {"type": "api_error"}} if failed else {"id": attempt.result, "object": "refund"}
            text = json.dumps(answer).encode()
            try:
                self.send_response(500 if failed else 200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A connection that was reset on purpose."""

    with Quiet(("127.0.0.1", 0), Api) as server:
        stripe.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield stripe
        finally:
            server.shutdown()
            thread.join()
