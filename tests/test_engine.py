"""From bytes to findings: what may go wrong with one file, and that it stays with that file."""

from __future__ import annotations

import json
import sys

import pytest
from shop import CLEAN, CONSTANT_KEY, UNKEYED, Shop

SPAWN = "import multiprocessing\nmultiprocessing.set_start_method('spawn')"


def many(shop: Shop, number: int) -> None:
    """Makes so many files with a finding each, and one of each other kind."""
    for index in range(number):
        shop.write(f"app/{index:03}.py", UNKEYED if index % 2 else CONSTANT_KEY)
    shop.write("app/broken.py", "import stripe (\n")
    shop.write("app/other.py", "x = 1\n")
    shop.write("app/clean.py", CLEAN)


def test_findings_are_sorted_by_place_and_reported_once(shop: Shop) -> None:
    shop.add_rule(
        "STP901",
        "yield Hit(Span(3, 0, 3, 6), 'third')\n"
        "yield Hit(Span(1, 7, 1, 9), 'second')\n"
        "yield Hit(Span(1, 0, 1, 6), 'b')\n"
        "yield Hit(Span(1, 0, 1, 6), 'b')\n"
        "yield Hit(Span(1, 0, 1, 9), 'a')",
    )
    shop.add_rule("STP899", "yield Hit(Span(1, 0, 1, 6), 'z')")
    shop.write("a.py", CLEAN)
    lines = shop.check().out.splitlines()
    assert lines[:-1] == [
        "a.py:1:1: STP899 z",
        "a.py:1:1: STP901 b",
        "a.py:1:8: STP901 second",
        "a.py:3:1: STP901 third",
    ]


def test_a_hit_may_differ_from_its_rule_in_severity_and_confidence(shop: Shop) -> None:
    shop.add_rule(
        "STP901",
        "from stripe_lint.model import Confidence\n"
        "yield Hit(Span(1, 0, 1, 6), 'm', Severity.INFO, Confidence.MEDIUM)\n"
        "yield Hit(Span(2, 0, 2, 0), 'm')",
    )
    shop.write("a.py", CLEAN)
    findings = shop.check("--format", "json").document["findings"]
    assert [(finding["severity"], finding["confidence"]) for finding in findings] == [
        ("info", "medium"),
        ("error", "high"),
    ]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            "import json\njson.loads('?')\nyield",
            "JSONDecodeError: Expecting value: line 1 column 1 (char 0) (stp901.py:10)",
        ),
        ("raise KeyError('x')\nyield", "KeyError: 'x' (stp901.py:9)"),
        ("return 5", "TypeError: 'int' object is not iterable"),
        ("def f(): f()\nf()\nyield", "RecursionError: maximum recursion depth exceeded (stp901.py:9)"),
        ("raise MemoryError\nyield", "MemoryError:  (stp901.py:9)"),
        ("raise ValueError('a\\nb')\nyield", "ValueError: a b (stp901.py:9)"),
    ],
)
def test_a_rule_that_crashes_fails_the_file_and_the_run_goes_on(shop: Shop, body: str, problem: str) -> None:
    shop.add_rule("STP901", body)
    shop.write("a.py", UNKEYED)
    shop.write("b.py", CONSTANT_KEY)
    outcome = shop.check()
    assert outcome.code == 2
    assert outcome.found == [("a.py", 1, "STP000"), ("a.py", 3, "STP201"), ("b.py", 1, "STP000"), ("b.py", 3, "STP203")]
    assert f"a.py:1:1: STP000 rule STP901 crashed: {' '.join(problem.split())}" in outcome.out
    assert outcome.out.endswith("Found 3 errors, 1 warning, 0 infos. Checked 0 files, could not check 2.\n")


def test_what_a_rule_found_before_it_crashed_is_reported(shop: Shop) -> None:
    shop.add_rule("STP901", "yield Hit(Span(2, 0, 2, 0), 'm')\nraise KeyError")
    shop.write("a.py", CLEAN)
    assert shop.check().codes == ["STP000", "STP901"]


def test_a_crash_can_not_be_suppressed_or_ignored_with_exit_zero(shop: Shop) -> None:
    shop.add_rule("STP901", "raise KeyError\nyield")
    shop.write("a.py", f"# flake8: noqa\n{UNKEYED}")
    outcome = shop.check("--exit-zero")
    assert outcome.codes == ["STP000"]
    assert outcome.code == 2


def test_an_analysis_that_crashes_fails_the_file(shop: Shop) -> None:
    shop.write("a.py", UNKEYED)
    shop.at_start("import stripe_lint.project\nstripe_lint.project.Project.load = lambda *_: 1 / 0")
    outcome = shop.check()
    assert outcome.code == 2
    assert "a.py:1:1: STP000 the analysis crashed: ZeroDivisionError: division by zero" in outcome.out


def test_a_rule_that_is_off_does_not_run(shop: Shop) -> None:
    shop.add_rule("STP901", "raise KeyError\nyield")
    shop.write("a.py", UNKEYED)
    assert shop.check("--ignore", "STP901").codes == ["STP201"]


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("import stripe\nx = (\n", "2:"),
        ("import stripe\n  x = 1\n", "2:"),
        ("import stripe\nprint 'x'\n", "2:"),
        ("import stripe\nx = '\n", "2:"),
        ("import stripe\nif 1:\n\tx\n        y\n", "4:"),
    ],
    ids=["open", "indent", "python-2", "string", "tabs"],
)
def test_a_syntax_error_is_one_line_with_place_and_version(shop: Shop, code: str, place: str) -> None:
    shop.write("a.py", code)
    shop.write("b.py", UNKEYED)
    outcome = shop.check()
    assert outcome.code == 2
    assert outcome.codes == ["STP000", "STP201"]
    assert outcome.out.startswith(f"a.py:{place}")
    version = f"read as Python {sys.version_info.major}.{sys.version_info.minor}"
    assert version in outcome.out.splitlines()[0]


def test_warnings_about_the_code_are_not_shown(shop: Shop) -> None:
    shop.write("a.py", "import stripe\nx = '\\d'\nassert (1, 2)\nx is 1\n")
    outcome = shop.run(sys.executable, "-W", "error", "-m", "stripe_lint", "check", "a.py")
    assert (outcome.code, outcome.err) == (0, "")


def test_only_some_rules_report_in_test_code(shop: Shop) -> None:
    shop.add_rule("STP901", "yield Hit(Span(1, 0, 1, 6), 'm')", "severity=Severity.ERROR, in_tests=True")
    for name in ("tests/pay.py", "test_pay.py", "pay_test.py", "conftest.py", "factories.py", "pay.py"):
        shop.write(name)
    outcome = shop.check()
    assert [path for path, _, code in outcome.found if code == "STP201"] == ["pay.py"]
    assert len([path for path, _, code in outcome.found if code == "STP901"]) == 6


def test_the_counts_say_what_happened_to_every_file(shop: Shop) -> None:
    many(shop, 4)
    summary = shop.check("--format", "json", ".", "missing.py").document["summary"]
    assert summary == {
        "files_found": 7,
        "files_checked": 5,
        "files_skipped": 1,
        "files_failed": 2,
        "baselined": 0,
        "findings": {"error": 4, "warning": 2, "info": 0},
    }


def test_one_process_and_several_find_the_same_in_the_same_order(shop: Shop) -> None:
    many(shop, 60)
    alone = shop.check("--format", "json", "-j", "1")
    assert len(alone.document["findings"]) == 61
    for words in ([], ["-j", "2"], ["-j", "7"]):
        assert shop.check("--format", "json", *words).out == alone.out
    shop.at_start(SPAWN)
    assert shop.check("--format", "json", "-j", "3").out == alone.out


def test_the_order_of_the_arguments_does_not_change_what_is_found(shop: Shop) -> None:
    many(shop, 6)
    files = sorted(str(path.relative_to(shop.root)) for path in shop.root.rglob("*.py"))
    forward = shop.check("--format", "json", *files).document
    backward = shop.check("--format", "json", *reversed(files)).document

    def key(finding: object) -> str:
        return json.dumps(finding, sort_keys=True)

    assert sorted(map(key, forward["findings"])) == sorted(map(key, backward["findings"]))
    assert forward["summary"] == backward["summary"]


@pytest.mark.parametrize("start", ["", SPAWN], ids=["default", "spawn"])
def test_a_worker_that_dies_costs_one_file(shop: Shop, start: str) -> None:
    shop.add_rule("STP901", "if 'poison' in module.text:\n    os._exit(9)\nyield from ()")
    if start:
        shop.at_start(start)
    for index in range(12):
        shop.write(f"{index:02}.py", UNKEYED)
    shop.write("05.py", UNKEYED + "# poison\n")
    outcome = shop.check("-j", "2")
    assert outcome.code == 2
    assert outcome.codes.count("STP201") == 11
    assert [path for path, _, code in outcome.found if code == "STP000"] == ["05.py"]
    assert "05.py:1:1: STP000 the process that checked it died" in outcome.out


def test_without_semaphores_the_run_goes_on_in_one_process(shop: Shop) -> None:
    many(shop, 4)
    shop.at_start(
        "import concurrent.futures\n"
        "def refuse(*_, **__):\n"
        "    raise NotImplementedError('no semaphores here')\n"
        "concurrent.futures.ProcessPoolExecutor = refuse"
    )
    assert len(shop.check("-j", "2").codes) == 5
