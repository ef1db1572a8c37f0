"""The baseline: what is known stays quiet, and nothing else does."""

from __future__ import annotations

import json

import pytest
from shop import CONSTANT_KEY, UNKEYED, Shop

REFUND = 'stripe.Refund.create(charge="ch_1")\n'
FILE = ("--baseline", "baseline.json")


def written(shop: Shop) -> dict[str, int]:
    """How many findings the baseline holds by path and code."""
    document = json.loads((shop.root / "baseline.json").read_text(encoding="utf-8"))
    return {f"{path} {each['code']}": each["count"] for path, entries in document["files"].items() for each in entries}


@pytest.fixture
def known(shop: Shop) -> Shop:
    """A folder with two findings that are in the baseline."""
    shop.write("pay.py", UNKEYED)
    shop.write("app/refund.py", CONSTANT_KEY)
    outcome = shop.check(*FILE, "--update-baseline")
    assert (outcome.codes, outcome.code) == ([], 0)
    assert outcome.err == "stripe-lint: baseline.json now holds 2 findings\n"
    return shop


def test_what_is_known_is_not_reported(known: Shop) -> None:
    outcome = known.check(*FILE)
    assert outcome.out == "Found nothing new. 2 known findings in the baseline. Checked 2 files.\n"
    assert (outcome.code, outcome.err) == (0, "")
    summary = known.check(*FILE, "--format", "json").document["summary"]
    assert summary["baselined"] == 2
    assert known.check().codes == ["STP203", "STP201"]


def test_the_file_says_nothing_of_lines_and_is_stable(known: Shop) -> None:
    before = (known.root / "baseline.json").read_bytes()
    known.write("pay.py", '"""Moved."""\n\n' + UNKEYED)
    assert known.check(*FILE).codes == []
    known.check(*FILE, "--update-baseline", "-j", "2")
    assert (known.root / "baseline.json").read_bytes() == before
    assert written(known) == {"app/refund.py STP203": 1, "pay.py STP201": 1}


def test_another_layout_is_the_same_finding(known: Shop) -> None:
    known.write("pay.py", 'import stripe\n\nstripe.PaymentIntent.create(\n    amount=1,\n    currency="usd",\n)\n')
    assert known.check(*FILE).codes == []


def test_one_more_of_a_known_kind_is_reported(known: Shop) -> None:
    known.write("pay.py", UNKEYED + UNKEYED + UNKEYED)
    outcome = known.check(*FILE)
    assert outcome.found == [("pay.py", 6, "STP201"), ("pay.py", 9, "STP201")]
    assert outcome.code == 1


@pytest.mark.parametrize("text", [UNKEYED.replace("amount=1", "amount=2"), "import stripe\n\n" + REFUND])
def test_another_finding_in_its_place_is_reported(known: Shop, text: str) -> None:
    known.write("pay.py", text)
    outcome = known.check(*FILE)
    assert outcome.codes == ["STP201"]
    assert outcome.err == (
        "stripe-lint: baseline.json: STP201 is no longer found in pay.py; --update-baseline takes it out\n"
    )


def test_the_same_in_another_file_is_reported(known: Shop) -> None:
    known.write("other.py", UNKEYED)
    assert known.check(*FILE).found == [("other.py", 3, "STP201")]


@pytest.mark.parametrize("rest", ["import stripe\n", "x = 1\n", None], ids=["clean", "no-stripe", "gone"])
def test_what_is_gone_is_told_and_taken_out(known: Shop, rest: str | None) -> None:
    path = known.root / "pay.py"
    path.unlink() if rest is None else known.write("pay.py", rest)
    outcome = known.check(*FILE)
    assert outcome.code == 0
    assert "STP201 is no longer found in pay.py" in outcome.err
    assert known.check(*FILE, "--update-baseline").err == "stripe-lint: baseline.json now holds 1 finding\n"
    assert written(known) == {"app/refund.py STP203": 1}
    assert known.check(*FILE).err == ""


def test_a_run_over_some_files_says_nothing_of_the_others(known: Shop) -> None:
    outcome = known.check(*FILE, "pay.py")
    assert (outcome.code, outcome.err) == (0, "")
    known.write("pay.py", "import stripe\n")
    known.check(*FILE, "--update-baseline", "pay.py")
    assert written(known) == {"app/refund.py STP203": 1}


def test_paths_are_relative_to_the_baseline(known: Shop) -> None:
    inner = Shop(known.root / "app", known.root / "extra")
    assert inner.check("--baseline", "../baseline.json").codes == []
    assert known.check("--baseline", str(known.root / "baseline.json"), str(known.root)).codes == []


def test_a_file_that_could_not_be_checked_is_never_known(known: Shop) -> None:
    known.write("pay.py", "import stripe (\n")
    for words in ((), ("--update-baseline",)):
        outcome = known.check(*FILE, *words)
        assert (outcome.codes, outcome.code) == (["STP000"], 2)
    assert written(known) == {"app/refund.py STP203": 1, "pay.py STP201": 1}


def test_a_baseline_that_is_not_there_is_an_error(shop: Shop) -> None:
    outcome = shop.check(*FILE)
    assert outcome.code == 2
    assert outcome.err == "stripe-lint: baseline.json: there is no such baseline; --update-baseline writes it\n"


def test_updating_needs_a_file(shop: Shop) -> None:
    outcome = shop.check("--update-baseline")
    assert outcome.code == 2
    assert "--baseline FILE" in outcome.err


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b'{"version": 1, "files": []}',
        b'{"version": 1, "files": {"a.py": [{"code": "STP201", "fingerprint": "x", "count": 1}]}}',
        b'{"version": 1, "files": {"a.py": [{"code": "STP201", "fingerprint": "0123456789abcdef", "count": 0}]}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_baseline_is_one_clear_line(shop: Shop, content: bytes) -> None:
    shop.write("baseline.json", content)
    outcome = shop.check(*FILE)
    assert outcome.code == 2
    assert outcome.err.startswith("stripe-lint: baseline.json: not a baseline")
    assert outcome.err.count("\n") == 1


def test_a_baseline_of_another_format_is_told_apart(shop: Shop) -> None:
    shop.write("baseline.json", '{"version": 99, "files": {}}')
    outcome = shop.check(*FILE)
    assert (outcome.code, "another release of stripe-lint" in outcome.err) == (2, True)


def test_a_baseline_that_can_not_be_written_is_an_error(shop: Shop) -> None:
    outcome = shop.check("--baseline", "missing/baseline.json", "--update-baseline")
    assert outcome.code == 2
    assert "missing/baseline.json: can't be written: " in outcome.err
