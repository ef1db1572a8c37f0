"""Real servers on free ports, each in a thread."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import wsgiref.simple_server
from typing import TYPE_CHECKING, Any

import uvicorn
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Iterator


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    """Logs no requests."""

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving_wsgi(application: Any) -> Iterator[int]:
    """That of the standard library; gives its port."""
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, application, handler_class=Quiet)
    yield from _serving(server)


@contextlib.contextmanager
def serving_werkzeug(application: Any) -> Iterator[int]:
    """That of Werkzeug, as Flask has it in development."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    yield from _serving(make_server("127.0.0.1", 0, application, threaded=True))


@contextlib.contextmanager
def serving_asgi(application: Any, *, proxy_headers: bool = True) -> Iterator[int]:
    """Uvicorn; ``proxy_headers`` says whether it resolves those of a loopback client itself."""
    config = uvicorn.Config(
        application, port=0, log_level="critical", lifespan="on", ws="none", proxy_headers=proxy_headers
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def _serving(server: Any) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()
