"""What the fixes make of every fixture: as it is stored, and with everything that every fix promises."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from rule_cases import Case, all_cases, check, make_project
from variants import SAME_FINDINGS, Code, Variant

from stripe_lint import catalogue
from stripe_lint.catalogue import UNUSED_SUPPRESSION
from stripe_lint.config import Configurations
from stripe_lint.fixing.options import Options
from stripe_lint.fixing.run import FixReport, fix_paths, write
from stripe_lint.options import Place

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from pytest_snapshot.plugin import Snapshot

SUPPRESSION = re.compile(r"# noqa: ?.*STP\d|# stripe-lint: ignore", re.IGNORECASE)
"""The only comments that a fix may take out."""

SAFE, UNSAFE = Options(), Options(unsafe=True)
FIXABLE = [case for case in all_cases() if catalogue.rule(case.code).repair is not None]
BAD = [case for case in FIXABLE if case.is_bad and not case.is_declined]
DECLINED = [case for case in FIXABLE if case.is_declined]
GOOD = [case for case in FIXABLE if not case.is_bad]

each_way = pytest.mark.parametrize("options", [SAFE, UNSAFE], ids=["fixed", "unsafe"])


def each(cases: list[Case]) -> pytest.MarkDecorator:
    assert cases
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def look(project: Path, code: str, options: Options) -> FixReport:
    """What the fixes of one rule would do in ``project``."""
    configurations = Configurations(None, {"select": [code]}, Place("test ", project))
    report = fix_paths([project], configurations, options, jobs=1)
    assert report.failed == 0
    return report


def fix(project: Path, code: str, options: Options) -> FixReport:
    report = look(project, code, options)
    write(report)
    return report


def fixed(report: FixReport) -> int:
    return sum(len(file.fixed) for file in report.files)


def gone(report: FixReport) -> int:
    """How many findings are no more; where a repair is a part of what is to do, its rule has something milder left."""
    return sum(not each.partly for file in report.files for each in file.fixed)


def comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def contents(project: Path) -> dict[str, bytes]:
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in sorted(project.rglob("*.py"))}


def counts(project: Path, code: str) -> Counter[str]:
    return Counter(found.code for found in check(project, code))


def keep_promises(
    before: dict[str, bytes],
    found: Counter[str],
    project: Path,
    code: str,
    options: Options,
    emptied: Container[str] = (),
) -> Counter[str]:
    """Everything that holds for whatever was fixed in ``project``, which held ``before`` and where that was found.

    Returns what is found now. ``emptied`` are the files that have nothing left, and so no line end.
    """
    for name, data in contents(project).items():
        text = data.decode("utf-8-sig")
        ast.parse(text)
        lost = comments(before[name].decode("utf-8-sig")) - comments(text)
        assert not lost or code == UNUSED_SUPPRESSION
        assert all(SUPPRESSION.search(comment) for comment in lost)
        assert data.startswith(b"\xef\xbb\xbf") == before[name].startswith(b"\xef\xbb\xbf")
        assert (b"\r\n" in data) == (b"\r\n" in before[name])
        assert data.count(b"\n") == data.count(b"\r\n") or b"\r\n" not in data
        assert name in emptied or data.endswith(b"\n") == before[name].endswith(b"\n")
    left = counts(project, code)
    assert not left - found
    again = look(project, code, options)
    assert again.changed == ()
    assert fixed(again) == 0
    return left


@each_way
@each(BAD)
def test_a_bad_case_is_fixed_as_it_is_stored(case: Case, options: Options, tmp_path: Path, snapshot: Snapshot) -> None:
    project = tmp_path / "project"
    case.copy_to(project)
    before, found = contents(project), counts(project, case.code)
    report = fix(project, case.code, options)
    after = contents(project)
    kind = "unsafe" if options.unsafe else "fixed"
    stored = case.stored(kind)
    emptied = {name for name, path in stored.items() if not path.stat().st_size}
    left = keep_promises(before, found, project, case.code, options, emptied)
    assert found[case.code] - left[case.code] == gone(report)
    changed = {name: data.decode() for name, data in after.items() if data != before[name]}
    if case.is_folder:
        snapshot.snapshot_dir = case.path.with_name(f"{case.path.name}.{kind}")
    else:
        snapshot.snapshot_dir = case.path.parent
        changed = {f"{case.path.stem}.{kind}.py": text for text in changed.values()}
    for name, text in changed.items():
        snapshot.assert_match(text, snapshot.snapshot_dir / name)
    assert {*stored.values()} <= {snapshot.snapshot_dir / name for name in changed}


@each(DECLINED)
def test_a_declined_case_stays_and_each_finding_has_its_reason(case: Case, tmp_path: Path) -> None:
    project = tmp_path / "project"
    case.copy_to(project)
    report = look(project, case.code, UNSAFE)
    assert report.changed == ()
    for file in report.files:
        lines = file.before.decode().splitlines()
        for left in file.not_fixed:
            above = lines[left.finding.span.line - 2]
            assert re.sub(r"^\s*# not fixed: ", "", above) == left.reason
        assert len(file.not_fixed) == sum("# not fixed: " in line for line in lines)
    assert any(file.not_fixed for file in report.files)


@each(GOOD)
def test_nothing_is_done_to_a_good_case(case: Case, tmp_path: Path) -> None:
    project = tmp_path / "project"
    case.copy_to(project)
    assert look(project, case.code, UNSAFE).changed == ()


def each_variant(cases: Iterable[Case]) -> pytest.MarkDecorator:
    singles = [case for case in cases if not case.is_folder]
    codes = {case: Code(case.path.read_text(encoding="utf-8")) for case in singles}
    pairs = [(variant, case) for variant in SAME_FINDINGS for case in singles if variant.applies(codes[case])]
    assert {variant.name for variant, _ in pairs} == {variant.name for variant in SAME_FINDINGS}
    ids = [f"{variant.name}-{case.name}" for variant, case in pairs]
    return pytest.mark.parametrize(("variant", "case"), pairs, ids=ids)


@cache
def fixed_in(case: Case) -> int:
    """How many findings of a case as it is written are fixed."""
    with TemporaryDirectory() as folder:
        project = Path(folder, "project")
        case.copy_to(project)
        return fixed(look(project, case.code, UNSAFE))


@each_variant(BAD)
def test_a_variant_is_fixed_like_the_case(variant: Variant, case: Case, tmp_path: Path) -> None:
    project = tmp_path / "variant"
    make_project(project)
    text = variant.rewrite(Code(case.path.read_text(encoding="utf-8")))
    (project / case.path.name).write_bytes(variant.encode(text))
    before, found = contents(project), counts(project, case.code)
    report = fix(project, case.code, UNSAFE)
    assert fixed(report) == fixed_in(case)
    keep_promises(before, found, project, case.code, UNSAFE)
