"""Suppressions by comments: the command and flake8 agree on every line."""

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
    "own-code": f"{CALL}  # stripe-lint: ignore[STP201]",
    "own-name": f"{CALL}  # stripe-lint: ignore[missing-idempotency-key]",
    "own-reason": f"{CALL}  # stripe-lint: ignore[STP203, STP201] -- by hand, see #12",
    "own-no-blank": f"{CALL}  #stripe-lint:ignore[STP201]--by hand",
    "own-and-another": f"{CALL}  # type: ignore # stripe-lint: ignore[STP201] # nosec",
    "own-above": f"# stripe-lint: ignore[STP201]\n\n# another comment\n{CALL}",
    "own-above-statement": f"# stripe-lint: ignore[STP201]\nx = [\n    1,\n    {CALL},\n]",
    "own-within-brackets": f"x = [\n    1,\n    # stripe-lint: ignore[STP201]\n    {CALL},\n]",
    "own-last-line": CALL.replace("amount=1, ", "\n    amount=1,\n    ") + "  # stripe-lint: ignore[STP201]",
    "own-decorated": f"# stripe-lint: ignore[STP201]\n@print\n@print\ndef f(x={CALL}):\n    pass",
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
    "own-blanket": f"{CALL}  # stripe-lint: ignore",
    "own-empty": f"{CALL}  # stripe-lint: ignore[]",
    "own-other": f"{CALL}  # stripe-lint: ignore[STP203]",
    "own-beginning": f"{CALL}  # stripe-lint: ignore[STP2]",
    "own-lower": f"{CALL}  # stripe-lint: ignore[stp201]",
    "own-colon": f"{CALL}  # stripe-lint : ignore[STP201]",
    "own-no-dashes": f"{CALL}  # stripe-lint: ignore[STP201] by hand",
    "own-twice": f"{CALL}  # stripe-lint: ignore[STP203] # stripe-lint: ignore[STP201]",
    "own-in-a-string": f'{CALL}; x = "# stripe-lint: ignore[STP201]"',
    "own-above-another": f"# stripe-lint: ignore[STP201]\nx = 1\n{CALL}",
    "own-below": f"{CALL}\n# stripe-lint: ignore[STP201]",
    "own-inner-line": CALL.replace("amount=1, ", "\n    amount=1,  # stripe-lint: ignore[STP201]\n    "),
    "own-behind-next": f"{CALL}\nx = 1  # stripe-lint: ignore[STP201]",
}

SILENT_FILES = {
    "file": f"# flake8: noqa\nimport stripe\n{CALL}\n",
    "file-upper": f"import stripe\n{CALL}\n# FLAKE8: NOQA\n",
    "file-equals": f"import stripe\n{CALL}\n   # flake8=noqa\n",
    "file-codes": f"# flake8: noqa: E501\nimport stripe\n{CALL}\n",
    "file-why": f"# flake8: noqa because\nimport stripe\n{CALL}\n",
}

SILENT_FILES["own-file"] = f"import stripe\n{CALL}\n# stripe-lint: ignore-file[STP201] -- by hand\n"

LOUD_FILES = {
    "own-file-trailing": f"import stripe  # stripe-lint: ignore-file[STP201]\n{CALL}\n",
    "own-file-blanket": f"# stripe-lint: ignore-file\nimport stripe\n{CALL}\n",
    "own-file-other": f"# stripe-lint: ignore-file[STP203]\nimport stripe\n{CALL}\n",
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
    outcomes = {"command": shop.check("--ignore", "STP900"), "flake8": shop.flake8("--select", "STP", "--isolated")}
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


@pytest.mark.parametrize(
    ("comment", "reported"),
    [
        ("# stripe-lint: ignore[STP201]", True),
        ("# stripe-lint: ignore[STP201] --", True),
        ("# stripe-lint: ignore[STP201] -- by hand", False),
        ("# noqa: STP201", True),
        ("# noqa: STP201 - by hand", False),
        ("# noqa", True),
    ],
)
def test_a_reason_can_be_required(shop: Shop, comment: str, reported: bool) -> None:
    shop.write("pay.py", f"import stripe\n{CALL}  {comment}\n")
    assert shop.check().codes == []
    shop.configure("require-reason = true")
    assert shop.check().codes == (["STP900"] if reported else [])


def test_what_a_rule_that_did_not_run_would_need_is_left_alone(shop: Shop) -> None:
    shop.write("pay.py", f"import stripe\n{CALL}  # noqa: STP201, STP203\n")
    assert shop.check().codes == ["STP900"]
    assert shop.check("--ignore", "STP203").codes == []
    assert shop.check("--ignore", "STP201").codes == ["STP900"]
    assert shop.check("--select", "STP900").codes == []


def test_a_suppression_in_test_code_is_left_alone(shop: Shop) -> None:
    shop.write("tests/test_pay.py", f"import stripe\n{CALL}  # noqa: STP201\n")
    assert shop.check().codes == []


def test_flake8_reports_no_suppression(shop: Shop) -> None:
    shop.write("pay.py", f"import stripe\n{CALL}  # noqa: STP201, STP203\n# stripe-lint: ignore\n")
    assert shop.check().codes == ["STP900", "STP900"]
    assert shop.flake8("--select", "STP", "--isolated").codes == []


def test_suppressions_are_judged_where_nothing_else_is_found(shop: Shop) -> None:
    shop.write("pay.py", "import stripe  # noqa: STP201\n")
    outcome = shop.check()
    assert outcome.found == [("pay.py", 1, "STP900")]
    assert outcome.code == 1


def test_a_crashed_rule_makes_no_suppression_unused(shop: Shop) -> None:
    shop.add_rule("STP998", "raise ValueError")
    shop.write("pay.py", "import stripe  # noqa: STP201\n")
    assert shop.check().codes == ["STP000"]
