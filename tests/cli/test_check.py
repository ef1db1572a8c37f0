"""``stripe-lint check``: exit codes, options, standard input, output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from shop import CLEAN, CONSTANT_KEY, UNKEYED, Shop


def test_without_paths_the_current_folder_is_checked(shop: Shop) -> None:
    shop.write("app/pay.py")
    assert shop.check().found == shop.check(".").found == [("app/pay.py", 3, "STP201")]


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        (CLEAN, (), 0),
        ("x = 1\n", (), 0),
        (UNKEYED, (), 1),
        (CONSTANT_KEY, (), 1),
        (UNKEYED, ("--fail-on", "error"), 0),
        (CONSTANT_KEY, ("--fail-on", "error"), 1),
        (CONSTANT_KEY, ("--exit-zero",), 0),
        ("import stripe (\n", (), 2),
        ("import stripe (\n", ("--exit-zero",), 2),
    ],
)
def test_the_exit_code_says_what_was_found(shop: Shop, code: str, words: tuple[str, ...], expected: int) -> None:
    shop.write("pay.py", code)
    assert shop.check(*words, "pay.py").code == expected
    assert shop.check(*words).code == expected
    assert shop.check("--format", "json", *words).code == expected


def test_info_findings_are_reported_and_fail_only_on_request(shop: Shop) -> None:
    shop.add_rule("STP901", "yield Hit(Span(1, 0, 1, 6), 'm')", "severity=Severity.INFO")
    shop.write("pay.py", CLEAN)
    outcome = shop.check()
    assert outcome.codes == ["STP901"]
    assert outcome.code == 0
    assert shop.check("--fail-on", "info").code == 1


def test_what_can_not_be_checked_does_not_hide_the_rest(shop: Shop) -> None:
    shop.write("a.py", "import stripe (\n")
    shop.write("b.py", UNKEYED)
    outcome = shop.check("missing.py", "a.py", "b.py", "missing/")
    assert outcome.code == 2
    assert sorted(outcome.found) == [
        ("a.py", 1, "STP000"),
        ("b.py", 3, "STP201"),
        ("missing", 1, "STP000"),
        ("missing.py", 1, "STP000"),
    ]
    assert outcome.out.endswith("Found 3 errors, 1 warning, 0 infos. Checked 1 file, could not check 3.\n")


def test_standard_input_is_checked_without_a_name(shop: Shop) -> None:
    outcome = shop.check("-", stdin=UNKEYED)
    assert outcome.out.splitlines()[0].startswith("<stdin>:3:1: STP201 ")
    assert outcome.code == 1
    assert shop.check("-", stdin="x = 1\n").code == 0
    assert shop.check("-", stdin=b"").code == 0


def test_standard_input_can_have_a_name_with_its_configuration_and_place(shop: Shop) -> None:
    shop.configure('ignore = ["STP201"]', "quiet/pyproject.toml")
    named = ("--stdin-filename", "app/pay.py", "-")
    assert shop.check(*named, stdin=UNKEYED).found == [("app/pay.py", 3, "STP201")]
    assert shop.check("--stdin-filename", "quiet/pay.py", "-", stdin=UNKEYED).codes == []
    assert shop.check("--stdin-filename", "tests/pay.py", "-", stdin=UNKEYED).codes == []
    assert shop.check("--stdin-filename", str(shop.root / "app/pay.py"), "-", stdin=UNKEYED).found[0][0] == "app/pay.py"


def test_standard_input_is_read_and_not_the_file_of_that_name(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED)
    assert shop.check("--stdin-filename", "pay.py", "-", stdin=CLEAN).codes == []


@pytest.mark.parametrize("data", [b"import stripe (\n", b"\0", "stripe".encode("utf-16"), b"stripe = '\xe9'\n"])
def test_standard_input_that_can_not_be_read_as_python(shop: Shop, data: bytes) -> None:
    outcome = shop.check("-", stdin=data)
    assert outcome.codes == ["STP000"]
    assert outcome.code == 2


def test_standard_input_respects_exclusions_only_by_force(shop: Shop) -> None:
    words = ("--exclude", "pay.py", "--stdin-filename", "pay.py", "-")
    assert shop.check(*words, stdin=UNKEYED).codes == ["STP201"]
    outcome = shop.check("--force-exclude", *words, stdin=UNKEYED)
    assert (outcome.codes, outcome.code) == ([], 0)


def test_standard_input_goes_alone(shop: Shop) -> None:
    outcome = shop.check("-", "pay.py")
    assert outcome.code == 2
    assert "standard input can't be checked together with other paths" in outcome.err


def test_a_report_can_go_to_a_file(shop: Shop) -> None:
    shop.write("pay.py")
    outcome = shop.check("--format", "json", "--output", "report.json")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", "")
    document = json.loads((shop.root / "report.json").read_text(encoding="utf-8"))
    assert document == shop.check("--format", "json").document


@pytest.mark.parametrize("target", ["missing/report.json", "."])
def test_a_report_that_can_not_be_written_is_an_error(shop: Shop, target: str) -> None:
    shop.write("pay.py")
    outcome = shop.check("--output", target)
    assert outcome.code == 2
    assert target in outcome.err


@pytest.mark.parametrize("words", [("--no-such-option",), ("--format", "xml"), ("-j", "0"), ("-j", "many")])
def test_a_wrong_option_exits_with_2(shop: Shop, words: tuple[str, ...]) -> None:
    outcome = shop.check(*words)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Error: " in outcome.err


def test_help_says_what_there_is(shop: Shop) -> None:
    outcome = shop.check("--help")
    assert outcome.code == 0
    for option in ("--select", "--extend-exclude", "--stdin-filename", "--fail-on", "--jobs", "--config"):
        assert option in outcome.out


def test_options_and_no_options_give_the_same_report(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED + CONSTANT_KEY)
    assert shop.check("pay.py").out == shop.check("--format", "text", "pay.py").out


def test_a_reader_who_leaves_early_sees_no_complaint(shop: Shop) -> None:
    for index in range(400):
        shop.write(f"a_rather_long_name_for_a_file_{index:03}.py", UNKEYED)
    command = [sys.executable, "-m", "stripe_lint", "check", "-j1", "--format", "json"]
    with subprocess.Popen(command, cwd=shop.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


SLEEPING = "import time\ntime.sleep(60)\nopen('slept', 'a').close()\n"
"""What a rule does that leaves a file behind if nothing ends it."""


def test_an_interrupt_while_a_worker_is_started_ends_the_run(shop: Shop) -> None:
    shop.add_rule("STP901", SLEEPING + "yield")
    shop.at_start("import os, signal\nos.register_at_fork(after_in_parent=lambda: os.killpg(0, signal.SIGINT))")
    for index in range(4):
        shop.write(f"{index}.py", CLEAN)
    done = subprocess.run(
        [sys.executable, "-m", "stripe_lint", "check", "-j2"],
        cwd=shop.root,
        env={**os.environ, "PYTHONPATH": str(shop.root.parent / "extra")},
        capture_output=True,
        start_new_session=True,
        check=False,
    )
    assert done.returncode == 130
    assert not (shop.root / "slept").exists()


@pytest.mark.parametrize("processes", ["-j1", "-j2"])
def test_an_interrupt_ends_the_run_quietly(shop: Shop, processes: str) -> None:
    shop.add_rule("STP901", "print(end='x', flush=True)\n" + SLEEPING + "yield")
    for index in range(4):
        shop.write(f"{index}.py", CLEAN)
    command = [sys.executable, "-m", "stripe_lint", "check", processes]
    with subprocess.Popen(
        command,
        cwd=shop.root,
        env={**os.environ, "PYTHONPATH": str(shop.root.parent / "extra")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1) == b"x"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr.read().strip() == b""
        assert process.wait() == 130
    assert not (shop.root / "slept").exists()
