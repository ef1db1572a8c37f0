"""The command around its subcommands, and the two small ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from shop import UNKEYED, Shop

from stripe_lint import __version__


@pytest.mark.parametrize("how", ["script", "module"])
def test_the_version_is_printed_before_anything_is_imported(shop: Shop, how: str) -> None:
    script = str(Path(sys.executable).with_name("stripe-lint"))
    command = [script] if how == "script" else [sys.executable, "-m", "stripe_lint"]
    outcome = shop.run(*command, "--version")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"stripe-lint {__version__}\n", "")
    probe = "import sys\nfrom stripe_lint.cli import main\nmain(['--version'])\nprint(*sys.modules)"
    loaded = shop.run(sys.executable, "-c", probe).out.split()
    assert not {"click", "stripe_lint.rules", "stripe_lint.model", "ast", "json", "dataclasses"}.intersection(loaded)


@pytest.mark.parametrize("words", ["--version", "rules", "rules --format json", "explain STP201", "check"])
def test_a_reader_who_left_sees_no_complaint(shop: Shop, words: str) -> None:
    command = [sys.executable, "-m", "stripe_lint", *words.split()]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, cwd=shop.root, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.stderr == (b"stripe-lint: no Python files found in .\n" if words == "check" else b"")
    assert done.returncode == 0


def test_the_script_and_the_module_do_the_same(shop: Shop) -> None:
    shop.write("pay.py")
    script = str(Path(sys.executable).with_name("stripe-lint"))
    assert shop.run(script, "check", "pay.py") == shop.check("pay.py")


def test_without_a_command_the_commands_are_listed(shop: Shop) -> None:
    outcome = shop.stripe_lint()
    assert outcome.code == 2
    for command in ("check", "explain", "rules"):
        assert command in outcome.out + outcome.err
    assert shop.stripe_lint("--help").code == 0


def test_an_unknown_command_is_an_error(shop: Shop) -> None:
    outcome = shop.stripe_lint("chekc")
    assert outcome.code == 2
    assert "No such command" in outcome.err


def test_a_path_in_place_of_a_command_gets_a_hint(shop: Shop) -> None:
    shop.write("pay.py")
    outcome = shop.stripe_lint("pay.py")
    assert outcome.code == 2
    assert "did you mean `stripe-lint check pay.py`?" in outcome.err


def test_an_error_of_our_own_is_one_line_and_asks_for_a_report(shop: Shop) -> None:
    shop.at_start("import stripe_lint.discovery\nstripe_lint.discovery.discover = lambda *_, **__: 1 / 0")
    outcome = shop.check()
    assert outcome.code == 2
    assert outcome.err == "stripe-lint: internal error, please report it: ZeroDivisionError: division by zero\n"


@pytest.mark.parametrize("word", ["STP201", "stp201", "missing-idempotency-key"])
def test_explain_prints_the_page_of_a_rule(shop: Shop, word: str) -> None:
    outcome = shop.stripe_lint("explain", word)
    assert outcome.code == 0
    assert outcome.out.startswith("STP201 missing-idempotency-key\n\n")
    assert len(outcome.out.splitlines()) > 2


def test_explain_knows_the_diagnostic_of_the_engine(shop: Shop) -> None:
    assert shop.stripe_lint("explain", "STP000").out.startswith("STP000 could-not-check\n\nA file that could not")


@pytest.mark.parametrize("word", ["STP2O1", "STP2", "missing-idempotency", "E501", ""])
def test_explain_names_what_may_have_been_meant(shop: Shop, word: str) -> None:
    outcome = shop.stripe_lint("explain", word)
    assert outcome.code == 2
    assert outcome.err.startswith(f'stripe-lint: unknown rule "{word}"; ')
    assert outcome.err.count("\n") == 1


def test_without_docstrings_explain_falls_back_to_the_summary(shop: Shop) -> None:
    (described,) = [
        rule for rule in shop.stripe_lint("rules", "--format", "json").document["rules"] if rule["code"] == "STP201"
    ]
    outcome = shop.run(sys.executable, "-OO", "-m", "stripe_lint", "explain", "STP201")
    assert outcome.out == f"STP201 missing-idempotency-key\n\n{described['summary']}\n"


def test_rules_lists_every_rule_once(shop: Shop) -> None:
    shop.add_rule("STP998", "yield", "severity=Severity.INFO, default=False, in_tests=True")
    rules = shop.stripe_lint("rules", "--format", "json").document["rules"]
    codes = [rule["code"] for rule in rules]
    assert codes == sorted(set(codes))
    assert {"STP201", "STP203", "STP998"} <= set(codes)
    assert rules[codes.index("STP998")] == {
        "code": "STP998",
        "name": "test-rule-998",
        "summary": "s",
        "severity": "info",
        "confidence": "high",
        "cwe": [],
        "default": False,
        "fix": "none",
        "in_tests": True,
        "since": "0.1.0",
    }
    lines = shop.stripe_lint("rules").out.splitlines()
    assert [line.split()[0] for line in lines] == codes
    assert lines[codes.index("STP998")].split() == ["STP998", "test-rule-998", "off", "info", "s"]


def test_a_rule_whose_code_is_not_its_file_name_is_refused(shop: Shop) -> None:
    shop.add_rule("STP997", "yield")
    path = shop.root.parent / "extra" / "rules" / "stp997.py"
    path.rename(path.with_name("stp996.py"))
    outcome = shop.stripe_lint("rules")
    assert outcome.code == 2
    assert "stp996 must define RULE, a Rule with the code STP996" in outcome.err


def test_a_rule_module_may_have_words_after_its_code(shop: Shop) -> None:
    shop.add_rule("STP997", "yield Hit(Span(1, 0, 1, 6), 'm')")
    path = shop.root.parent / "extra" / "rules" / "stp997.py"
    path.rename(path.with_name("stp997_with_words.py"))
    path.with_name("stp_notes.py").write_text("1 / 0", encoding="utf-8")
    path.with_name("_webhooks.py").write_text("1 / 0", encoding="utf-8")
    shop.write("pay.py", UNKEYED)
    assert shop.check("--select", "STP99").codes == ["STP997"]
    assert shop.stripe_lint("explain", "STP997").out == "STP997 test-rule-997\n\nSTP997 is a rule of the test suite.\n"
