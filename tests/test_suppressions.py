"""``# noqa``: the command and flake8 agree on every line."""

from __future__ import annotations

import pytest
from shop import Shop

CALL = 'stripe.PaymentIntent.create(amount=1, currency="usd")'

SILENT = {
    "blanket": f"{CALL}  # noqa",
    "upper": f"{CALL}  # NOQA",
    "code": f"{CALL}  # noqa: STP201",
    "no-blank": f"{CALL}  # noqa:STP201",
    "beginning": f"{CALL}  # noqa: STP2",
    "letter": f"{CALL}  # noqa: STP20",
    "several": f"{CALL}  # noqa: E501,STP201",
    "several-blank": f"{CALL}  # noqa: E501, STP201",
    "several-no-comma": f"{CALL}  # noqa: E501 STP201",
    "text-after": f"{CALL}  # noqa: STP201 this is why",
    "no-digits": f"{CALL}  # noqa: STP",
    "blank-before-colon": f"{CALL}  # noqa : E501",
    "after-another": f"{CALL}  # type: ignore # noqa: STP201",
    "in-a-string": f'{CALL}; x = "# noqa"',
    "string-over-lines": CALL.replace(")", ', description="""a\nb""")  # noqa: STP201'),
    "backslash": f"x = \\\n    {CALL}  # noqa: STP201",
    "backslash-after": f"x = {CALL} + \\\n    1  # noqa: STP201",
    "first-line": CALL.replace("amount=1, ", "  # noqa: STP201\n    amount=1,\n    ") + "",
}

LOUD = {
    "other": f"{CALL}  # noqa: E501",
    "lower": f"{CALL}  # noqa: stp201",
    "longer": f"{CALL}  # noqa: STP2011",
    "semicolon": f"{CALL}  # noqa: E501;STP201",
    "no-space": f"{CALL}  #noqa",
    "line-above": f"# noqa: STP201\n{CALL}",
    "line-below": f"{CALL}\n# noqa: STP201",
    "inner-line": CALL.replace("amount=1, ", "\n    amount=1,  # noqa: STP201\n    "),
    "last-line": CALL.replace("amount=1, ", "\n    amount=1,\n    ").replace(")", "\n)  # noqa: STP201"),
    "own-words": f"{CALL}  # no qa",
}

SILENT_FILES = {
    "file": f"# flake8: noqa\nimport stripe\n{CALL}\n",
    "file-upper": f"import stripe\n{CALL}\n# FLAKE8: NOQA\n",
    "file-equals": f"import stripe\n{CALL}\n   # flake8=noqa\n",
    "file-codes": f"# flake8: noqa: E501\nimport stripe\n{CALL}\n",
    "file-why": f"# flake8: noqa because\nimport stripe\n{CALL}\n",
}

LOUD_FILES = {
    "file-trailing": f"import stripe  # flake8: noqa is no own line\n{CALL}\n",
    "file-no-blank": f"#flake8: noqa\nimport stripe\n{CALL}\n",
    "file-other": f"# ruff: noqa\nimport stripe\n{CALL}\n",
}


@pytest.fixture(scope="module")
def silent_in(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """For each of the two consumers the names of the cases in which it reports nothing."""
    root = tmp_path_factory.mktemp("suppressions")
    shop = Shop(root, root)
    cases = {name: f"import stripe\n\n{code}\n" for name, code in (SILENT | LOUD).items()} | SILENT_FILES | LOUD_FILES
    for name, text in cases.items():
        shop.write(f"{name}.py", text)
    outcomes = {"command": shop.check(), "flake8": shop.flake8("--select", "STP", "--isolated")}
    assert {outcome.err for outcome in outcomes.values()} == {""}
    assert {code for outcome in outcomes.values() for code in outcome.codes} == {"STP201"}
    return {
        consumer: set(cases) - {path.removesuffix(".py") for path, _, _ in outcome.found}
        for consumer, outcome in outcomes.items()
    }


@pytest.mark.parametrize("consumer", ["command", "flake8"])
@pytest.mark.parametrize("case", [*SILENT, *SILENT_FILES])
def test_a_suppression_works(silent_in: dict[str, set[str]], consumer: str, case: str) -> None:
    assert case in silent_in[consumer]


@pytest.mark.parametrize("consumer", ["command", "flake8"])
@pytest.mark.parametrize("case", [*LOUD, *LOUD_FILES])
def test_what_is_no_suppression_for_the_line_leaves_the_finding(
    silent_in: dict[str, set[str]], consumer: str, case: str
) -> None:
    assert case not in silent_in[consumer]


def test_only_the_finding_on_the_line_is_suppressed(shop: Shop) -> None:
    shop.write("pay.py", f"import stripe\n{CALL}  # noqa: STP201\n{CALL}\n")
    assert shop.check().found == [("pay.py", 3, "STP201")]


def test_a_file_that_could_not_be_checked_is_never_suppressed(shop: Shop) -> None:
    shop.write("pay.py", "# flake8: noqa\nimport stripe (  # noqa\n")
    outcome = shop.check()
    assert outcome.codes == ["STP000"]
    assert outcome.code == 2
