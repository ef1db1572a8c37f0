"""``stripe-lint fix``: what it writes, what it says, exit codes, options, standard input."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from shop import CLEAN, FIXED, UNKEYED, Shop

RETRIED = (
    "import stripe\n\n\ndef pay(order_id):\n    for attempt in range(3):\n        try:\n"
    "            return stripe.Refund.create(charge='ch_1')\n        except stripe.APIConnectionError:\n"
    "            continue\n"
)


def test_what_can_be_fixed_is_fixed_in_place(shop: Shop) -> None:
    path = shop.write("app/pay.py")
    outcome = shop.fix()
    assert path.read_text() == FIXED
    assert outcome.out.splitlines() == [
        "app/pay.py:6:1: STP201 fixed: a random key for this call",
        (
            "note: a random key protects the attempts of one call only: "
            "what a user or a queue repeats needs a key that is stored with it"
        ),
        "Fixed 1 finding in 1 file, 0 not fixed. Looked at 1 file.",
    ]
    assert outcome.err == ""
    assert outcome.code == 0


def test_what_is_left_is_reported_with_its_reason_and_fails_the_run(shop: Shop) -> None:
    path = shop.write("pay.py", RETRIED)
    outcome = shop.fix("pay.py")
    assert path.read_text() == RETRIED
    assert outcome.found == [("pay.py", 7, "STP201")]
    assert "; not fixed: the key has to be made before the retry (--unsafe-fixes does it)\n" in outcome.out
    assert outcome.out.endswith("Fixed 0 findings in 0 files, 1 not fixed. Looked at 1 file.\n")
    assert outcome.code == 1


def test_unsafe_fixes_are_made_on_request(shop: Shop) -> None:
    path = shop.write("pay.py", RETRIED)
    outcome = shop.fix("--unsafe-fixes", "pay.py")
    assert 'idempotency_key=f"order-{order_id}-refund"' in path.read_text()
    assert outcome.code == 0


def test_what_a_fix_brings_is_clean_to_the_check(shop: Shop) -> None:
    shop.write("pay.py")
    shop.write("retry.py", RETRIED)
    shop.fix("--unsafe-fixes")
    assert shop.check().code == 0


def test_a_second_run_writes_nothing(shop: Shop) -> None:
    path = shop.write("pay.py")
    shop.fix()
    before = path.stat()
    assert "Fixed 0 findings in 0 files" in shop.fix().out
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("option", ["--diff", "--check"])
def test_nothing_is_written_on_request(shop: Shop, option: str) -> None:
    path = shop.write("pay.py")
    outcome = shop.fix(option)
    assert path.read_text() == UNKEYED
    assert outcome.code == 1
    assert "Would fix 1 finding in 1 file, 0 not fixed." in outcome.out + outcome.err
    path.write_text(FIXED)
    assert shop.fix(option).code == 0


@pytest.mark.parametrize("content", [UNKEYED, UNKEYED.replace("\n", "\r\n"), UNKEYED.rstrip("\n"), "#\xf6\n" + UNKEYED])
def test_the_diff_can_be_applied(shop: Shop, content: str) -> None:
    path = shop.write("pay.py", content)
    outcome = shop.fix("--diff")
    shop.fix()
    expected = path.read_bytes()
    path.write_bytes(content.encode())
    subprocess.run(["git", "apply", "-"], cwd=shop.root, input=outcome.out.encode(), check=True)
    assert path.read_bytes() == expected


def test_the_diff_shows_no_secret(shop: Shop) -> None:
    secret = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    path = shop.write("pay.py", UNKEYED.replace("import stripe\n", f'import stripe\n\nstripe.api_key = "{secret}"\n'))
    outcome = shop.fix("--diff", "--select", "STP201")
    assert secret not in outcome.out + outcome.err
    assert f' stripe.api_key = "sk_live_{"*" * 24}"' in outcome.out.splitlines()
    assert "stripe-lint: pay.py: secrets are shown as stars" in outcome.err
    shop.fix("--select", "STP201")
    assert secret in path.read_text()


def test_only_selected_rules_are_fixed(shop: Shop) -> None:
    path = shop.write("pay.py")
    outcome = shop.fix("--select", "STP3")
    assert path.read_text() == UNKEYED
    assert outcome.code == 0
    assert shop.fix("--select", "STP201").code == 0
    assert path.read_text() == FIXED


def test_what_is_suppressed_is_left(shop: Shop) -> None:
    content = UNKEYED.replace('"usd")', '"usd")  # noqa: STP201')
    path = shop.write("pay.py", content)
    assert shop.fix().code == 0
    assert path.read_text() == content


def test_the_configuration_counts(shop: Shop) -> None:
    shop.configure('ignore = ["STP201"]')
    path = shop.write("pay.py")
    assert shop.fix().code == 0
    assert path.read_text() == UNKEYED


def test_test_code_is_left_unless_it_is_included(shop: Shop) -> None:
    path = shop.write("tests/test_pay.py")
    shop.fix()
    assert path.read_text() == UNKEYED
    shop.fix("--include-tests")
    assert path.read_text() == FIXED


def test_standard_input_is_fixed_to_standard_output(shop: Shop) -> None:
    outcome = shop.fix("-", stdin=UNKEYED)
    assert outcome.out == FIXED
    assert "<stdin>:6:1: STP201 fixed" in outcome.err
    assert outcome.code == 0


@pytest.mark.parametrize("content", ["x = 1\n", CLEAN, "import stripe (\n", ""])
def test_standard_input_that_is_not_fixed_comes_out_as_it_went_in(shop: Shop, content: str) -> None:
    outcome = shop.fix("-", stdin=content)
    assert outcome.out == content
    assert outcome.code == (2 if content.endswith("(\n") else 0)


def test_standard_input_can_be_asked_for_a_diff(shop: Shop) -> None:
    outcome = shop.fix("--diff", "--stdin-filename", "app/pay.py", "-", stdin=UNKEYED)
    assert outcome.out.startswith("--- a/app/pay.py\n+++ b/app/pay.py\n")
    assert outcome.code == 1
    assert shop.fix("--check", "-", stdin=UNKEYED).out == ""


def test_what_can_not_be_read_does_not_stop_the_rest(shop: Shop) -> None:
    shop.write("a.py", "import stripe (\n")
    path = shop.write("b.py")
    outcome = shop.fix("a.py", "b.py", "missing.py")
    assert path.read_text() == FIXED
    assert outcome.out.count("STP000") == 2
    assert outcome.code == 2


def test_several_processes_do_the_same(shop: Shop) -> None:
    for number in range(6):
        shop.write(f"pay{number}.py")
    outcome = shop.fix("--jobs", "3")
    assert "Fixed 6 findings in 6 files" in outcome.out
    assert {(shop.root / f"pay{number}.py").read_text() for number in range(6)} == {FIXED}


def test_a_file_and_a_link_to_it_are_one_file(shop: Shop) -> None:
    path = shop.write("pay.py")
    link = shop.root / "link.py"
    link.symlink_to("pay.py")
    outcome = shop.fix("pay.py", "link.py")
    assert path.read_text() == FIXED
    assert link.is_symlink()
    assert "Fixed 1 finding in 1 file, 0 not fixed." in outcome.out
    assert outcome.code == 0


def test_what_changed_meanwhile_is_left_and_the_rest_is_written(shop: Shop) -> None:
    shop.at_start(
        "import stripe_lint.fixing.run as run\nwrite = run.write\n"
        "def later(report):\n    open('a.py', 'a').write('x = 1\\n')\n    return write(report)\nrun.write = later"
    )
    path, other = shop.write("a.py"), shop.write("b.py")
    outcome = shop.fix()
    assert path.read_text() == UNKEYED + "x = 1\n"
    assert other.read_text() == FIXED
    assert "a.py:1:1: STP000 changed while it was being fixed" in outcome.out
    assert "Fixed 1 finding in 1 file" in outcome.out
    assert outcome.code == 2


@pytest.mark.parametrize("words", [("-", "a.py"), ("--select", "STP9999"), ("--config", "missing.toml")])
def test_wrong_words_end_in_2(shop: Shop, words: tuple[str, ...]) -> None:
    outcome = shop.fix(*words)
    assert outcome.code == 2
    assert outcome.err
    assert outcome.out == ""


def test_fixing_imports_no_framework(shop: Shop) -> None:
    shop.write("pay.py")
    script = "import sys\nfrom stripe_lint.cli import main\nmain(['fix'])\nprint(*sys.modules)"
    loaded = {name.partition(".")[0] for name in shop.run(sys.executable, "-c", script).out.splitlines()[-1].split()}
    assert "libcst" in loaded
    assert not loaded & {"stripe", "flake8", "rich"}


def test_on_a_terminal_a_bar_shows_the_progress_of_long_runs(shop: Shop) -> None:
    for number in range(3):
        shop.write(f"pay{number}.py")
    shop.at_start("import stripe_lint.reports.progress as progress\nprogress.SHOWN_AFTER_SECONDS = 0.0")
    primary, secondary = os.openpty()
    environment = {**os.environ, "PYTHONPATH": shop._environment["PYTHONPATH"], "TERM": "xterm"}
    environment.pop("PRE_COMMIT", None)
    done = subprocess.run(
        [sys.executable, "-m", "stripe_lint", "fix"],
        cwd=shop.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=secondary,
        check=False,
    )
    os.close(secondary)
    shown = os.read(primary, 65536).decode()
    os.close(primary)
    assert "Fixing" in shown
    assert done.returncode == 0
    assert b"Fixed 3 findings" in done.stdout
