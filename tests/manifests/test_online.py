"""``--online`` with the user's own pip, against an index and a database of advisories that run here."""

from __future__ import annotations

import json
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from stripe_lint.data.releases import newest
from stripe_lint.manifests import online

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shop import Shop

NEXT = f"{Version(newest()).major + 3}.0.0"
ADVISORY = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "summary": "Keys\n are printed",
    "affected": [
        {
            "package": {"name": "stripe", "ecosystem": "PyPI"},
            "ranges": [
                {"type": "GIT", "events": [{"introduced": "0"}]},
                {"type": "ECOSYSTEM", "events": [{"introduced": "15.0.0"}, {"fixed": "16.2.0"}]},
            ],
        }
    ],
}


@dataclass
class Web:
    """A package index and OSV in one server, and what they were asked."""

    url: str = ""
    releases: list[str] = field(default_factory=lambda: [newest(), NEXT])
    advisories: Any = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hang: threading.Event | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": f"{self.url}/simple",
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_FIND_LINKS": "",
            "PIP_NO_INDEX": "",
            "PIP_NO_CACHE_DIR": "1",
            "no_proxy": "127.0.0.1",
            "STRIPE_LINT_OSV_URL": self.url,
        }


def handler_of(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            files = [f"stripe-{release}-py3-none-any.whl" for release in web.releases]
            links = "".join(f'<a href="{web.url}/files/{name}#sha256={"0" * 64}">{name}</a>' for name in files)
            self.answer("text/html", f"<!DOCTYPE html><html><body>{links}</body></html>")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert json.loads(body) == {"package": {"name": "stripe", "ecosystem": "PyPI"}}
            said = web.advisories
            self.answer("application/json", said if isinstance(said, str) else json.dumps(said))

        def answer(self, kind: str, body: str) -> None:
            web.asked.append(self.path)
            if web.hang is not None:
                web.hang.wait(30)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    return Handler


@contextmanager
def served(web: Web) -> Iterator[Web]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    web.url = f"http://127.0.0.1:{server.server_port}"
    server.RequestHandlerClass = handler_of(web)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        if web.hang is not None:
            web.hang.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    with served(Web()) as running:
        yield running


def check(shop: Shop, web: Web, *words: str) -> tuple[list[str], str, str, int]:
    command = (sys.executable, "-m", "stripe_lint", "check", "--ignore", "STP504", *words)
    outcome = shop.run(*command, env=web.environment)
    return outcome.codes, outcome.out, outcome.err, outcome.code


def test_a_newer_release_and_an_advisory_change_the_answer(shop: Shop, web: Web) -> None:
    shop.write("requirements.txt", "stripe==16.1.0\n")
    assert check(shop, web)[0] == []
    assert web.asked == []

    codes, out, err, code = check(shop, web, "--online")
    assert (codes, err, code) == (["STP501"], "", 1)
    assert f"is 3 major versions behind {NEXT}" in out
    assert web.asked == ["/simple/stripe/", "/v1/query"]

    web.advisories = {"vulns": [ADVISORY]}
    codes, out, err, code = check(shop, web, "--online")
    assert (codes, err, code) == (["STP503"], "", 1)
    assert "stripe 16.1.0 is affected by GHSA-aaaa-bbbb-cccc (Keys are printed); take 16.2.0 or newer" in out
    assert "1 error" in out


def test_an_advisory_on_other_versions_changes_nothing(shop: Shop, web: Web) -> None:
    web.releases = [newest()]
    web.advisories = {"vulns": [ADVISORY, {**ADVISORY, "id": "PYSEC-1", "withdrawn": "2026-01-01T00:00:00Z"}]}
    shop.write("requirements.txt", "stripe==16.2.0\n")
    assert check(shop, web, "--online")[0] == []


@pytest.mark.parametrize(
    "advisories",
    ["no JSON", "[]", {"vulns": 5}, {"vulns": [5, {}, {"id": "x", "affected": [{"package": None}]}]}],
)
def test_what_the_database_says_wrong_is_no_crash(shop: Shop, web: Web, advisories: object) -> None:
    web.advisories = advisories
    shop.write("requirements.txt", "stripe==7.8.0\n")
    codes, _, err, code = check(shop, web, "--online")
    assert (codes, code) == (["STP503"], 1)
    assert len(err.splitlines()) <= 1
    assert all(line.startswith("stripe-lint: --online: could not ask OSV: ") for line in err.splitlines())


def test_nobody_is_asked_where_no_manifest_names_the_package(shop: Shop, web: Web) -> None:
    shop.write("pay.py", "import stripe\n")
    shop.write("requirements.txt", "flask\n")
    assert check(shop, web, "--online") == ([], *check(shop, web)[1:])
    assert web.asked == []


def test_what_can_not_be_asked_is_one_line_each(shop: Shop) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        web = Web(url=f"http://127.0.0.1:{closed.getsockname()[1]}")
        shop.write("requirements.txt", "stripe==7.8.0\n")
        codes, _, err, code = check(shop, web, "--online")
    assert (codes, code) == (["STP503"], 1)
    first, second = err.splitlines()
    assert first.startswith("stripe-lint: --online: could not ask the package index: ")
    assert second.startswith("stripe-lint: --online: could not ask OSV: ")


def test_nobody_is_waited_for_longer_than_the_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "SECONDS", 1)
    with served(Web(hang=threading.Event())) as web:
        for name, value in web.environment.items():
            monkeypatch.setenv(name, value)
        knowledge, notes = online.ask()
    assert str(knowledge.newest) == newest()
    assert len(notes) == 2
    assert "index" in notes[0]
    assert "OSV" in notes[1]
