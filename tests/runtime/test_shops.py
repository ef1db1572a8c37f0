"""The example shops run, and a Stripe that misbehaves does them no harm."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TOOLS = Path(sys.executable).parent

COMMANDS = {
    "flask_shop": [str(TOOLS / "flask"), "--app", "{folder}/app.py", "run", "--port", "{port}"],
    "django_shop": [sys.executable, "{folder}/manage.py", "runserver", "--noreload", "127.0.0.1:{port}"],
    "fastapi_shop": [str(TOOLS / "uvicorn"), "--app-dir", "{folder}", "app:app", "--port", "{port}"],
}

OUTCOME = """\
genuine: 200
the same again: 200
another event of the same payment: 200
eight at once: none failed
forged: 400
stale: 400
of a type that nobody handles: 200
paid: {'first': 1, '-b': 1}
"""


@pytest.fixture(params=COMMANDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [word.format(folder=EXAMPLES / request.param, port=port) for word in COMMANDS[request.param]]
    environment = {**os.environ, "SHOP_FOLDER": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 60
    while True:
        assert server.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < until
        try:
            with urllib.request.urlopen(f"{url}/orders"):
                break
        except urllib.error.URLError:
            time.sleep(0.1)
    yield url
    server.terminate()
    server.wait(20)


def test_a_shop_and_a_stripe_that_misbehaves(address: str) -> None:
    command = [sys.executable, str(EXAMPLES / "play_stripe.py"), address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == OUTCOME, done.stderr


def test_the_linter_finds_nothing_in_the_shops_and_in_the_runtime() -> None:
    places = [EXAMPLES / name for name in (*COMMANDS, "play_stripe.py")]
    places.append(EXAMPLES.parent / "src" / "stripe_lint" / "runtime")
    command = [str(TOOLS / "stripe-lint"), "check", "--extend-select", "STP", *map(str, places)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Checked 0 files" not in done.stdout
