"""Every rule on every fixture, as it is written and in mechanical variants, through the front door."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from rule_cases import (
    Case,
    Expectation,
    Found,
    MalformedExpectationError,
    all_cases,
    check,
    differences,
    expectations,
    expected_in,
    make_project,
)
from variants import NO_KEY_FINDINGS, SAME_FINDINGS, SAME_KEY_FINDINGS, Code, Variant

from stripe_lint.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

CASES = all_cases()
KEY_RULES = "STP2"


@cache
def code_of(case: Case) -> Code:
    return Code(case.path.read_text(encoding="utf-8"))


def each(cases: Iterable[Case]) -> pytest.MarkDecorator:
    listed = list(cases)
    assert listed
    return pytest.mark.parametrize("case", listed, ids=[case.name for case in listed])


def each_in(variants: Iterable[Variant], cases: Iterable[Case]) -> pytest.MarkDecorator:
    """Each variant of each single-file case that it applies to."""
    singles = [case for case in cases if case.is_code and not case.is_folder]
    pairs = [(variant, case) for variant in variants for case in singles if variant.applies(code_of(case))]
    assert {variant.name for variant, _ in pairs} == {variant.name for variant in variants}
    ids = [f"{variant.name}-{case.name}" for variant, case in pairs]
    return pytest.mark.parametrize(("variant", "case"), pairs, ids=ids)


def about_keys(cases: Iterable[Case]) -> list[Case]:
    return [case for case in cases if case.code.startswith(KEY_RULES)]


@each(CASES)
def test_a_case_is_found_as_its_comments_say(case: Case, tmp_path: Path) -> None:
    case.copy_to(tmp_path / "project")
    assert differences(check(tmp_path / "project", case.code), case.files) == []


@each(CASES)
def test_only_a_bad_case_expects_its_own_rule(case: Case) -> None:
    assert case.path.name.startswith(("bad_", "declined_", "good_"))
    codes = {code for _, _, code in expected_in(case.files)}
    assert (case.code in codes) == case.is_bad


def found_in(variant: Variant, case: Case, project: Path) -> tuple[str, list[Found]]:
    """The text of the variant, which must be another file than the case and valid, and what is found in it."""
    original = code_of(case).text
    text = variant.rewrite(code_of(case))
    data = variant.encode(text)
    assert data != original.encode()
    compile(data, case.path.name, "exec", dont_inherit=True)
    make_project(project)
    (project / case.path.name).write_bytes(data)
    return text, check(project, case.code)


@cache
def found_in_original(case: Case) -> list[Found]:
    """What is found in a case as it is written; asked once for all its variants."""
    with TemporaryDirectory() as folder:
        project = Path(folder, "project")
        case.copy_to(project)
        return check(project, case.code)


def compare(variant: Variant, case: Case, folder: Path) -> None:
    """Holds the variant to the expectations that moved with its lines, and its columns to those of the case."""
    text, found = found_in(variant, case, folder / "variant")
    assert len(expectations(text)) == len(expectations(code_of(case).text))
    assert differences(found, {case.path.name: text}) == []
    if variant.keeps_text:
        original = found_in_original(case)
        assert [(each.code, each.source) for each in found] == [(each.code, each.source) for each in original]


@each_in(SAME_FINDINGS, CASES)
def test_a_variant_is_found_like_the_case(variant: Variant, case: Case, tmp_path: Path) -> None:
    compare(variant, case, tmp_path)


@each_in(SAME_KEY_FINDINGS, about_keys(CASES))
def test_requests_in_coroutines_are_found_like_others(variant: Variant, case: Case, tmp_path: Path) -> None:
    compare(variant, case, tmp_path)


def expects_key_findings(case: Case) -> bool:
    return any(expected.code.startswith(KEY_RULES) for text in case.files.values() for expected in expectations(text))


@each_in(NO_KEY_FINDINGS, filter(expects_key_findings, about_keys(CASES)))
def test_what_only_looks_like_stripe_is_no_request(variant: Variant, case: Case, tmp_path: Path) -> None:
    _, found = found_in(variant, case, tmp_path / "variant")
    assert [str(each) for each in found if each.code.startswith((KEY_RULES, "STP0"))] == []


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# expect: STP101", [Expectation(1, "STP101")]),
        ("x = 1  # expect: STP101[info]", [Expectation(1, "STP101", Severity.INFO)]),
        ("\n# expect: STP101, STP104[error]", [Expectation(2, "STP101"), Expectation(2, "STP104", Severity.ERROR)]),
        ("# expected is what the header holds", []),
        ("expect: STP101", []),
    ],
)
def test_expectations_are_read(comment: str, expected: list[Expectation]) -> None:
    assert expectations(comment) == expected


@pytest.mark.parametrize(
    "comment",
    [
        "# expect:",
        "# expect STP101",
        "# expects: STP101",
        "# Expect: STP101",
        "#expect: STP101",
        "# expect: STP1",
        "# expect: STP101 STP104",
        "# expect: STP101,STP104",
        "# expect: STP101,",
        "# expect: STP101, STP101",
        "# expect: STP101[]",
        "# expect: STP101[fatal]",
        "# expect: STP101  # noqa",
    ],
)
def test_what_is_almost_an_expectation_is_an_error(comment: str) -> None:
    with pytest.raises(MalformedExpectationError, match="line 2"):
        expectations(f"x = 1\ny = 2  {comment}\n")
