"""Serves one of the small servers over HTTP on a free port, and prints the port: ``python serve.py MODULE``."""

from __future__ import annotations

import base64
import importlib
import json
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server


def main(name: str) -> None:
    sys.path.insert(0, str(Path.cwd()))
    module = importlib.import_module(name)
    if hasattr(module, "handler"):
        serve_lambda(module.handler)
    kind = type(module.app).__module__.partition(".")[0]
    if kind == "aiohttp":
        serve_aiohttp(module.app)
    elif kind == "fastapi":
        serve_asgi(module.app)
    else:
        serve_wsgi(module.app)


def announce(port: int) -> None:
    print(port, flush=True)


def listening() -> socket.socket:
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    held.listen()
    announce(held.getsockname()[1])
    return held


def serve_wsgi(app: Any) -> None:
    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        announce(server.server_port)
        server.serve_forever()


def serve_asgi(app: Any) -> None:
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    server.run(sockets=[listening()])


def serve_aiohttp(app: Any) -> None:
    from aiohttp import web

    web.run_app(app, sock=listening(), print=None, access_log=None)


def serve_lambda(function: Any) -> None:
    """What API Gateway does for a REST API with binary media types: the body of the event is base64 or text."""

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            encoded = self.headers.get("X-Gateway") == "base64"
            event = {
                "headers": dict(self.headers.items()),
                "body": base64.b64encode(body).decode() if encoded else body.decode(),
                "isBase64Encoded": encoded,
            }
            try:
                answer = function(event, None)
            except Exception:
                answer = {"statusCode": 502, "body": json.dumps({"message": "Internal server error"})}
            text = answer.get("body", "").encode()
            self.send_response(answer["statusCode"])
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        announce(server.server_port)
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
