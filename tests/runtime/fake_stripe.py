"""A Stripe over HTTP that keeps idempotency keys as version 1 of the API does, and fails as it is told.

Status and body are kept once execution began, 500s included, and played back with ``Idempotent-Replayed``. The same
key with other parameters is an ``idempotency_error``. Keys are forgotten after 24 hours of the clock it is given.
Faults are named by the header ``X-Fault``, which a test puts on its requests:

``401``, ``429``, ``lock``, ``in_use``
    Refused before execution.
``card``
    Executed and declined.
``invalid``
    Executed and refused.
``500``
    Executed and failed: the object exists, and every replay is a 500 too.
``500-before``
    Failed before execution: nothing is kept.
``reset-before``, ``reset-after``
    The connection is closed without an answer, before or after the execution.
"""

from __future__ import annotations

import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = 86400.0


class FakeStripe:
    """The server. ``objects`` are what was made, with the key that made each."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, str, int, dict[str, Any]]] = {}
        self.objects: list[dict[str, Any]] = []
        self.first_seen: dict[str, float] = {}
        self.requests = 0
        self.too_late: list[str] = []
        """Keys that were sent after they could have been forgotten."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                answer = outer.answer(
                    self.path, body, self.headers["Idempotency-Key"] or "", self.headers.get("X-Fault") or ""
                )
                if answer is None:
                    self.close_connection = True
                    return
                status, content, replayed = answer
                data = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Request-Id", f"req_{outer.requests}")
                self.send_header("Content-Length", str(len(data)))
                if replayed:
                    self.send_header("Idempotent-Replayed", "true")
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                data = json.dumps(outer.ledger()).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """Clients are killed in the middle of requests."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def ledger(self) -> dict[str, Any]:
        """What has happened, for a test in another process: it gets it from any path."""
        with self._lock:
            return {"objects": self.objects, "requests": self.requests, "too_late": self.too_late}

    def serve(self) -> None:
        """Serves in this thread, for ever."""
        self._server.serve_forever(0.05)

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: str, key: str, fault: str) -> tuple[int, dict[str, Any], bool] | None:
        with self._lock:
            self.requests += 1
            now = self._now()
            if now - self.first_seen.setdefault(key, now) > DAY:
                self.too_late.append(key)
            refused = {
                "401": (401, "invalid_request_error", None),
                "429": (429, "invalid_request_error", "rate_limit"),
                "lock": (409, "invalid_request_error", "lock_timeout"),
                "in_use": (409, "idempotency_error", "idempotency_key_in_use"),
                "500-before": (500, "api_error", None),
            }.get(fault)
            if refused:
                return *_error(*refused), False
            if fault == "reset-before":
                return None
            kept = self._kept.get(key)
            if kept and now - kept[0] > DAY:
                kept = None
            if kept and kept[1] != path + body:
                return *_error(400, "idempotency_error", None), False
            replayed = kept is not None
            if kept is None:
                kept = (now, path + body, *self._execute(path, body, key, fault))
                self._kept[key] = kept
            if fault == "reset-after":
                return None
            return kept[2], kept[3], replayed

    def _execute(self, path: str, body: str, key: str, fault: str) -> tuple[int, dict[str, Any]]:
        if fault == "card":
            return _error(402, "card_error", "card_declined")
        if fault == "invalid":
            return _error(400, "invalid_request_error", "parameter_invalid")
        sent = dict(urllib.parse.parse_qsl(body))
        kind = path.rsplit("/", 1)[-1].rstrip("s")
        made = {"id": f"pi_{len(self.objects) + 1}", "object": kind, "operation": sent.get("metadata[operation]")}
        self.objects.append({**made, "key": key, "amount": sent.get("amount")})
        return _error(500, "api_error", None) if fault == "500" else (200, made)


def _error(status: int, kind: str, code: str | None) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"type": kind, "code": code, "message": "a message"}}
