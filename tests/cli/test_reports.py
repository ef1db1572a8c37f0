"""What is written about the findings, for people and for programs."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys

import pytest
from shop import CLEAN, UNKEYED, Shop

from stripe_lint import __version__

STEPS = (
    "yield Hit(Span(3, 0, 3, 6), 'the message', steps=(\n"
    "    Step(str(module.path.with_name('views.py')), 9, 'the body is read'),\n"
    "    Step('relative.py', 4, 'handed on'),\n"
    "))"
)
COLORED = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}


def test_json_holds_every_field_of_a_finding(shop: Shop) -> None:
    shop.add_rule(
        "STP901",
        "from stripe_lint.model import Confidence\n" + STEPS,
        "severity=Severity.INFO, confidence=__import__('stripe_lint.model').model.Confidence.MEDIUM",
    )
    shop.write("sub/pay.py", CLEAN)
    document = shop.check("--format", "json").document
    assert list(document) == ["schema_version", "tool", "findings", "errors", "summary"]
    assert document["schema_version"] == 1
    assert document["tool"] == {"name": "stripe-lint", "version": __version__}
    assert document["errors"] == []
    assert document["findings"] == [
        {
            "path": "sub/pay.py",
            "line": 3,
            "column": 1,
            "end_line": 3,
            "end_column": 7,
            "code": "STP901",
            "name": "test-rule-901",
            "severity": "info",
            "confidence": "medium",
            "message": "the message",
            "cwe": [],
            "steps": [
                {"path": "sub/views.py", "line": 9, "text": "the body is read"},
                {"path": "relative.py", "line": 4, "text": "handed on"},
            ],
            "fix": None,
        }
    ]


def test_json_names_the_weaknesses_of_a_finding(shop: Shop) -> None:
    shop.write("pay.py", "import stripe\nstripe.verify_ssl_certs = False\n")
    (finding,) = shop.check("--format", "json").document["findings"]
    assert (finding["code"], finding["cwe"]) == ("STP403", [295])


def test_json_tells_whether_a_fix_is_safe(shop: Shop) -> None:
    options = "severity=Severity.INFO, fix=__import__('stripe_lint.model').model.FixClass.{}"
    shop.add_rule("STP901", "yield Hit(Span(1, 0, 1, 6), 'm')", options.format("SAFE"))
    shop.add_rule("STP902", "yield Hit(Span(1, 0, 1, 6), 'm')", options.format("UNSAFE"))
    shop.write("pay.py", CLEAN)
    findings = shop.check("--format", "json").document["findings"]
    assert [finding["fix"] for finding in findings] == [{"safety": "safe"}, {"safety": "unsafe"}]


def test_json_tells_what_the_fix_may_do_to_this_very_finding(shop: Shop) -> None:
    shop.write(
        "pay.py",
        "import stripe\n\n\n"
        "def once(order):\n"
        "    return stripe.Charge.create(amount=order.cents, currency='eur')\n\n\n"
        "def again(order):\n"
        "    for _ in range(3):\n"
        "        try:\n"
        "            return stripe.Refund.create(charge=order.charge)\n"
        "        except stripe.APIConnectionError:\n"
        "            pass\n",
    )
    findings = shop.check("--format", "json", "--select", "STP201").document["findings"]
    assert [finding["fix"] for finding in findings] == [{"safety": "safe"}, {"safety": "unsafe"}]


def test_json_counts_columns_in_characters_over_several_lines(shop: Shop) -> None:
    shop.write("pay.py", "import stripe\nstripe.PaymentIntent.create(\n    amount=1, currency='é')\n")
    (finding,) = shop.check("--format", "json").document["findings"]
    assert (finding["line"], finding["column"], finding["end_line"], finding["end_column"]) == (2, 1, 3, 28)


def test_json_lists_what_could_not_be_checked(shop: Shop) -> None:
    shop.write("a.py", "import stripe\nx = (\n")
    document = shop.check("--format", "json", "a.py", "missing.py").document
    assert [(error["path"], error["line"]) for error in document["errors"]] == [("missing.py", 1), ("a.py", 2)]
    assert document["errors"][0]["message"] == "can't be read: No such file or directory"
    assert [finding["code"] for finding in document["findings"]] == ["STP000", "STP000"]
    assert document["findings"][0]["severity"] == "error"


def test_json_is_ascii_and_survives_any_file_name(shop: Shop) -> None:
    shop.write(os.fsdecode(b"caf\xe9.py"))
    shop.write("名.py")
    outcome = shop.check("--format", "json", env={"PYTHONIOENCODING": "ascii"})
    assert outcome.out.isascii()
    assert {finding["path"] for finding in outcome.document["findings"]} == {"caf\udce9.py", "名.py"}


def test_text_survives_any_file_name_and_encoding(shop: Shop) -> None:
    shop.write(os.fsdecode(b"caf\xe9.py"))
    shop.write("名.py")
    shop.write("new\nline\x1b[31m.py")
    outcome = shop.check(env={"PYTHONIOENCODING": "ascii"})
    assert outcome.code == 1
    assert sorted(path for path, _, _ in outcome.found) == ["\\u540d.py", "caf\\udce9.py", "new\\nline\\x1b[31m.py"]


def test_text_is_one_line_a_finding_where_no_one_looks(shop: Shop) -> None:
    shop.add_rule("STP901", STEPS)
    shop.write("pay.py", CLEAN)
    assert shop.check().out == ("pay.py:3:1: STP901 the message\nFound 1 error, 0 warnings, 0 infos. Checked 1 file.\n")


def test_text_shows_source_and_steps_on_a_terminal(shop: Shop) -> None:
    shop.add_rule("STP901", STEPS)
    shop.write("pay.py", CLEAN)
    assert shop.check(env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out == (
        "pay.py:3:1: STP901 the message\n"
        '    3 | stripe.Customer.retrieve("cus_1")\n'
        "      | ^^^^^^\n"
        "      views.py:9: the body is read\n"
        "      relative.py:4: handed on\n"
        "\n"
        "Found 1 error, 0 warnings, 0 infos. Checked 1 file.\n"
    )


def test_text_is_the_same_without_the_library_for_colours(shop: Shop) -> None:
    shop.add_rule("STP901", STEPS)
    shop.write("pay.py", CLEAN)
    plain = shop.check(env={"FORCE_COLOR": "1", "NO_COLOR": "1"})
    shop.at_start("import sys\nsys.modules['rich'] = None\nsys.modules['rich.console'] = None")
    assert shop.check(env=COLORED) == plain


@pytest.mark.parametrize(
    ("line", "span", "underline"),
    [
        ("\tstripe", "1, 1, 1, 7", "    ^^^^^^"),
        ("名 stripe", "1, 4, 1, 10", "   ^^^^^^"),
        ("é stripe", "1, 3, 1, 9", "  ^^^^^^"),
        ("stripe(  ", "1, 0, 2, 1", "^^^^^^^"),
        ("stripe", "1, 6, 1, 6", "      ^"),
    ],
    ids=["tab", "wide", "accent", "several-lines", "empty"],
)
def test_the_underline_stands_below_what_is_meant(shop: Shop, line: str, span: str, underline: str) -> None:
    shop.add_rule("STP901", f"yield Hit(Span({span}), 'm')")
    # The excerpt is of the text that was read, whatever is parsed.
    shop.at_start("import ast, stripe_lint.parsing\nstripe_lint.parsing.parse = lambda text: ast.parse('')")
    shop.write("pay.py", f"{line}\n)")
    lines = shop.check("--select", "STP901", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out.splitlines()
    assert [each.removeprefix("      | ") for each in lines if "^" in each] == [underline]


def test_code_can_not_steer_the_terminal(shop: Shop) -> None:
    shop.write("pay.py", "import stripe\n\nstripe.PaymentIntent.create(amount='\x1b[2J\u202e')\n")
    outcome = shop.check(env={"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert "amount='\ufffd[2J\ufffd'" in outcome.out
    assert "\x1b[2J" not in outcome.out


def on_a_terminal(shop: Shop, **environment: str) -> str:
    """What ``check`` writes when standard output is a terminal."""
    leader, follower = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    command = [sys.executable, "-m", "stripe_lint", "check"]
    try:
        subprocess.run(command, cwd=shop.root, env={**kept, **environment}, stdout=follower, check=False, timeout=60)
    finally:
        os.close(follower)
    written = b""
    # Linux ends the conversation with an error, other systems with nothing.
    with contextlib.suppress(OSError):
        while chunk := os.read(leader, 4096):
            written += chunk
    os.close(leader)
    return written.decode().replace("\r\n", "\n")


def test_a_terminal_gets_colours_and_the_source(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED)
    written = on_a_terminal(shop, TERM="xterm-256color")
    assert "\x1b[1;33mSTP201\x1b[0m" in written
    assert "    3 | " in written
    assert "^^^^" in written


def test_a_terminal_gets_no_colours_when_asked_not_to(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED)
    written = on_a_terminal(shop, TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b" not in written
    assert "    3 | " in written


def test_colours_can_be_forced(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED)
    assert "\x1b[1;33mSTP201\x1b[0m" in shop.check(env=COLORED).out


def test_a_long_line_is_not_broken(shop: Shop) -> None:
    shop.write("pay.py", f"import stripe\n\nstripe.PaymentIntent.create(amount=1, description='{'x' * 300}')\n")
    outcome = shop.check(env={"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "40"})
    assert len(outcome.out.splitlines()) == 5


def test_a_report_in_a_file_is_plain(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED)
    shop.check("--output", "report.txt", env={"NO_COLOR": "1"})
    lines = (shop.root / "report.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("pay.py:3:1: STP201 ")
