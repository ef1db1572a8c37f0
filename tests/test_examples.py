"""The sample application: every mistake that it holds is found, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHOP = Path("examples/shop")

MISTAKES = (
    ("app.py", 'return problem(f"Payment failed: {error}", 502)', "STP301"),
    ("billing.py", "return stripe.Customer.create(", "STP203"),
    ("billing.py", "return stripe.PaymentIntent.create(", "STP201"),
    ("billing.py", "stripe.InvoiceItem.create(", "STP204"),
    ("billing.py", "return stripe.Refund.create(", "STP205"),
    ("webhooks.py", "event = json.loads(payload)", "STP104"),
    ("webhooks.py", 'intent = event["data"]["object"]', "STP102"),
    ("webhooks.py", "except stripe.SignatureVerificationError as error:", "STP103"),
    ("webhooks.py", "event = verified(json.dumps(request.get_json()), settings.STRIPE_DISPUTES_SECRET)", "STP105"),
    ("webhooks.py", "event = stripe.Event.construct_from(request.get_json(), stripe.api_key)", "STP101"),
)
"""File, the beginning of the only line there that begins like this, and the code that is reported on it."""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def place_of(file: str, start: str) -> tuple[str, int]:
    lines = (ROOT / SHOP / file).read_text(encoding="utf-8").splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if line.strip().startswith(start))
    return (SHOP / file).as_posix(), number


@pytest.fixture(scope="module")
def expected() -> list[tuple[str, int, str]]:
    return sorted((*place_of(file, start), code) for file, start, code in MISTAKES)


def test_the_command_finds_each_mistake_on_its_line(expected: list[tuple[str, int, str]]) -> None:
    done = run(sys.executable, "-m", "stripe_lint", "check", "--format", "json", SHOP.as_posix())
    findings = json.loads(done.stdout)["findings"]
    assert sorted((each["path"], each["line"], each["code"]) for each in findings) == expected
    assert {each["severity"] for each in findings} == {"error", "warning"}
    assert done.returncode == 1


def test_flake8_finds_the_same(expected: list[tuple[str, int, str]]) -> None:
    done = run(sys.executable, "-m", "flake8", "--isolated", "--select", "STP", SHOP.as_posix())
    places = (line.split(":", 3) for line in done.stdout.splitlines())
    assert sorted((path, int(line), text.split()[0]) for path, line, _, text in places) == expected


def test_the_shop_is_tidy_otherwise() -> None:
    options = ("--isolated", "--no-cache", "--line-length", "120", "--select", "E,F,W,S,B,BLE,TRY")
    done = run(sys.executable, "-m", "ruff", "check", *options, SHOP.as_posix())
    assert done.returncode == 0, done.stdout


def test_the_page_about_the_shop_tells_of_each_mistake() -> None:
    text = (ROOT / "examples/README.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    assert sorted((file.strip(" `"), code.strip()) for _, file, code, *_ in rows) == sorted(
        (file, code) for file, _, code in MISTAKES
    )
