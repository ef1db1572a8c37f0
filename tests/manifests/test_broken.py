"""A broken manifest ends in one clear line and exit code 2, and the rest is checked."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shop import Shop

CASES = sorted((Path(__file__).parent / "broken").iterdir())
EXPECTED = re.compile(r"(?P<path>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<message>.*)")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_manifest_is_one_line_and_the_rest_is_checked(case: Path, shop: Shop) -> None:
    expected = EXPECTED.fullmatch((case / "expected.txt").read_text(encoding="utf-8").strip("\n"))
    assert expected
    shutil.copytree(case, shop.root / "broken")
    shop.write("pay.py")
    shop.write("requirements.txt", "stripe==7.8.0\n")
    outcome = shop.check("--ignore", "STP504")
    assert outcome.code == 2
    assert outcome.err == ""
    first, *others = outcome.out.splitlines()
    assert first.startswith(
        f"broken/{expected['path']}:{expected['line']}:{expected['column']}: STP000 {expected['message']}"
    )
    assert outcome.codes == ["STP000", "STP201", "STP503"]
    assert others[-1].endswith("could not check 1.")


def test_a_manifest_that_does_not_mention_stripe_is_not_parsed(shop: Shop) -> None:
    shop.write("inner/pyproject.toml", "[project\n")
    shop.write("inner/uv.lock", "<<<<<<< HEAD\n")
    shop.write("inner/requirements.txt", b"\xff\xff flask ==> 5\n")
    assert shop.check("inner").code == 0


@pytest.mark.parametrize("requirement", ["stripe=={}\n", "stripe>={},<9\n"])
def test_a_version_of_more_digits_than_python_reads_is_broken(shop: Shop, requirement: str) -> None:
    shop.write("requirements.txt", requirement.format("9" * 5_000))
    outcome = shop.check("requirements.txt")
    assert outcome.code == 2
    assert "a range of" in outcome.out
    assert "crashed" not in outcome.out


def test_a_missing_manifest_is_an_error(shop: Shop) -> None:
    outcome = shop.check("requirements.txt")
    assert outcome.code == 2
    assert "STP000 can't be read" in outcome.out


def test_a_manifest_is_not_reported_where_no_rule_looks_at_it(shop: Shop) -> None:
    shop.write("uv.lock", "stripe <<<<<<< HEAD\n")
    shop.write("pay.py")
    assert shop.check("--select", "STP2").codes == ["STP201"]
