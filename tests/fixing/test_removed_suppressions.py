"""The fix takes out suppressions that serve nothing, once everything else is done, and no other comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shop import Shop

READ = 'stripe.Refund.retrieve("re_1")'
CHARGE = 'stripe.Refund.create(charge="ch_1")'


def fixed(shop: Shop, text: str | bytes, *words: str) -> bytes:
    """What becomes of a file; the second run has nothing to do."""
    path = shop.write("pay.py", text)
    shop.fix(*words, "pay.py")
    after = path.read_bytes()
    again = shop.fix("--check", *words, "pay.py")
    assert "Would fix 0 findings" in again.out
    return after


@pytest.mark.parametrize("words", [[], ["--select", "STP900"]])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"import stripe\n{READ}  # noqa: STP201\n", f"import stripe\n{READ}\n"),
        (f"import stripe\r\n{READ}  # noqa: STP201\r\n", f"import stripe\r\n{READ}\r\n"),
        ("import stripe\r\n# noqa: STP201\r\nx = 1\r\n", "import stripe\r\nx = 1\r\n"),
        (f"import stripe\n{READ}\n# noqa: STP201", f"import stripe\n{READ}"),
        (f"import stripe\n{READ}  # größer # noqa: STP201", f"import stripe\n{READ}  # größer"),
        ("import stripe\nif stripe:\n\t# noqa: STP201\n\tpass\n", "import stripe\nif stripe:\n\tpass\n"),
    ],
)
def test_a_suppression_goes(shop: Shop, before: str, after: str, words: list[str]) -> None:
    assert fixed(shop, before.encode(), *words) == after.encode()


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# noqa: E501",
        "# noqa: STP202",
        "# stripe-lint: ignore[STP202]",
        "# noqa: STP201, STP900",
        "# see STP201",
        '# "noqa: STP201"',
    ],
)
def test_what_may_serve_elsewhere_stays(shop: Shop, comment: str) -> None:
    before = f"import stripe\n{READ}  {comment}\n".encode()
    assert fixed(shop, before) == fixed(shop, before, "--select", "STP900") == before


def test_a_rule_that_is_off_is_not_asked(shop: Shop) -> None:
    before = f"import stripe\n{READ}  # noqa: STP201, STP203\n".encode()
    after = before.replace(b"STP201, STP203", b"STP201")
    assert fixed(shop, before, "--select", "STP900", "--ignore", "STP201") == after
    shop.configure('ignore = ["STP201"]')
    assert fixed(shop, before) == after


def test_a_suppression_that_is_needed_stays_and_each_left_finding_has_its_reason(shop: Shop) -> None:
    before = f"import stripe\n{CHARGE}  # noqa: STP201, STP203\n{CHARGE}  # stripe-lint: ignore[STP2O1]\n"
    shop.write("pay.py", before)
    outcome = shop.fix("--ignore", "STP201", "pay.py")
    assert "STP203" not in (shop.root / "pay.py").read_text()
    assert "# noqa: STP201\n" in (shop.root / "pay.py").read_text()
    assert outcome.codes == ["STP900", "STP900"]
    assert "took out STP203" in outcome.out


def test_the_report_shows_the_line_that_the_comment_stood_on(shop: Shop) -> None:
    shop.write("pay.py", f"# noqa: STP201\n# noqa: STP203\nimport stripe\n{READ}  # noqa: STP201\n{CHARGE}\n")
    outcome = shop.fix("--select", "STP900", "pay.py")
    assert [(line, code) for _, line, code in outcome.found] == [(1, "STP900"), (1, "STP900"), (2, "STP900")]
