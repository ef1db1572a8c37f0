"""The pages say what is so: their code runs, and the guide's first handler is reported and its last is not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = Path(__file__).parent.parent.parent / "docs" / "runtime"
TOOLS = Path(sys.executable).parent

_BLOCK = re.compile(r"^```python\n(# (?P<name>[\w.]+)\n)(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)

DJANGO = """
import django
from django.conf import settings
settings.configure(ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"],
                   DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "d.db"}})
django.setup()
from django.test import Client
client = Client(enforce_csrf_checks=True)
def send(request):
    return client.post("/stripe/webhook", request.body, content_type="application/json", secure=True,
                       headers=dict(request.headers)).status_code
"""
FLASK = """
from app import app
client = app.test_client()
def send(request):
    return client.post("/stripe/webhook", data=request.body, headers=dict(request.headers)).status_code
"""
FASTAPI = """
from app import app
from fastapi.testclient import TestClient
client = TestClient(app, base_url="https://testserver")
def send(request):
    return client.post("/stripe/webhook", content=request.body, headers=dict(request.headers)).status_code
"""
GUIDE = FLASK.replace("from app", "from after")
SENDING = """
from stripe_lint.runtime.testing import event, signed_request
paid = event("invoice.paid", {"id": "in_1", "object": "invoice"})
print([send(signed_request(paid)) for _ in range(2)], send(signed_request(paid, timestamp=1000000000)))
"""


def blocks(page: str) -> dict[str, str]:
    """The code of a page that has a name."""
    return {match["name"]: match["body"] for match in _BLOCK.finditer((PAGES / page).read_text(encoding="utf-8"))}


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    from stripe_lint.runtime.testing import SECRET

    environment = {
        **os.environ,
        "STRIPE_WEBHOOK_SECRETS": SECRET,
        "STRIPE_INBOX_STORE": f"sqlite:///{folder}/inbox.db",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])),
    }
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path


@pytest.mark.parametrize(
    ("page", "setup"),
    [("flask.md", FLASK), ("django.md", DJANGO), ("fastapi.md", FASTAPI), ("from-a-flagged-handler.md", GUIDE)],
)
def test_what_is_to_be_pasted_receives_events(page: str, setup: str, project: Path) -> None:
    for name, body in blocks(page).items():
        (project / name).write_text(body, encoding="utf-8")
    done = run(project, sys.executable, "-W", "ignore", "-c", setup + SENDING)
    assert done.stdout.splitlines()[-1:] == ["[200, 200] 400"], done.stdout + done.stderr
    assert len(done.stdout.splitlines()) <= 2


def test_the_first_page_and_its_test(project: Path) -> None:
    for name, body in blocks("README.md").items():
        (project / name).write_text(body, encoding="utf-8")
    done = run(project, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_payments.py")
    assert "1 passed" in done.stdout, done.stdout
    assert run(project, sys.executable, "-c", "import inbox").returncode == 0


def test_a_refund_is_sent_once(project: Path) -> None:
    for name, body in blocks("keys.md").items():
        (project / name).write_text(body, encoding="utf-8")
    (project / "stub.py").write_text(
        "import stripe, refunds\n"
        "sent = []\n"
        "def create(**params):\n"
        "    sent.append(params)\n"
        "    return stripe.Refund.construct_from({'id': 're_1', 'object': 'refund'}, 'k')\n"
        "stripe.Refund.create = create\n"
        "order = {'id': 17, 'payment_intent': 'pi_1', 'total': 500}\n"
        "print(refunds.refund(order), refunds.refund(order), len(sent), sent[0]['idempotency_key'][:3])\n"
    )
    done = run(project, sys.executable, "stub.py")
    assert done.stdout == "re_1 re_1 1 sl_\n", done.stderr


def test_the_guide_starts_with_what_is_reported_and_ends_with_what_is_not(project: Path) -> None:
    for name, body in blocks("from-a-flagged-handler.md").items():
        (project / name).write_text(body, encoding="utf-8")
    before = run(project, str(TOOLS / "stripe-lint"), "check", "before.py")
    after = run(project, str(TOOLS / "stripe-lint"), "check", "after.py")
    assert (before.returncode, after.returncode) == (1, 0), before.stdout + after.stdout


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.md")))
def test_links_of_the_pages_lead_somewhere(page: str) -> None:
    text = (PAGES / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https://)([^)#]+)", text)
    assert [target for target in targets if not (PAGES / target).exists()] == []
