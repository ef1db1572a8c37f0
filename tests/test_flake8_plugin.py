"""The plugin inside the real flake8. Each known trap has a test here."""

from __future__ import annotations

import ast
import re
import sys
from argparse import Namespace
from importlib.metadata import entry_points

import pytest
from shop import CLEAN, CONSTANT_KEY, UNKEYED, Outcome, Shop

from stripe_lint.flake8_plugin import Plugin

OFF_BY_DEFAULT = "severity=Severity.ERROR, default=False"
ANYWHERE = "yield Hit(Span(1, 0, 1, 6), 'm')"
SPAWN = "import multiprocessing\nmultiprocessing.set_start_method('spawn')"


def ours(outcome: Outcome) -> list[tuple[str, int, str]]:
    """What the plugin reported."""
    return [finding for finding in outcome.found if finding[2].startswith("STP")]


@pytest.fixture
def both(shop: Shop) -> Shop:
    """A folder with a warning of STP201 and an error of STP203."""
    shop.write("pay.py", UNKEYED + CONSTANT_KEY)
    return shop


def test_the_entry_point_is_a_prefix_that_flake8_accepts() -> None:
    (ours,) = (point for point in entry_points(group="flake8.extension") if point.value.startswith("stripe_lint"))
    assert ours.name == "STP"
    assert re.fullmatch("[A-Z]{1,3}[0-9]{0,3}", ours.name)
    assert ours.load() is Plugin


def test_findings_are_shown_without_any_option(both: Shop) -> None:
    outcome = both.flake8("pay.py")
    assert ours(outcome) == [("pay.py", 3, "STP201"), ("pay.py", 6, "STP203")]
    assert outcome.code == 1


def test_flake8_names_the_plugin(shop: Shop) -> None:
    assert "stripe-lint:" in shop.flake8("--version").out


@pytest.mark.parametrize(
    "code",
    [
        "import stripe\n\nx = 'é名'; stripe.PaymentIntent.create(amount=1, currency='usd')\n",
        "import stripe\r\n\r\nx = 'é'; stripe.PaymentIntent.create(amount=1, currency='usd')\r\n",
        "\ufeffimport stripe; x = 'é'\n\nx = 1; stripe.PaymentIntent.create(amount=1, currency='usd')\n",
        "import stripe\n\x0c\nstripe.PaymentIntent.create(\n    amount=1, currency='usd')\n",
        "import stripe\nif 1:\n\tstripe.PaymentIntent.create(amount=1, currency='usd')",
    ],
    ids=["wide", "crlf", "bom", "form-feed", "tab"],
)
def test_places_are_those_of_the_command(shop: Shop, code: str) -> None:
    shop.write("pay.py", code)
    lines = [line for line in shop.flake8("--select", "STP", "pay.py").out.splitlines() if line]
    assert lines
    assert lines == [line for line in shop.check("pay.py").out.splitlines() if " STP" in line]


def test_trap_rules_that_are_off_by_default_need_their_own_option(shop: Shop) -> None:
    shop.add_rule("STP998", ANYWHERE, OFF_BY_DEFAULT)
    shop.write("pay.py", CLEAN)
    for words in ((), ("--ignore", "E"), ("--ignore", ""), ("--select", "STP"), ("--select", "STP998")):
        assert ours(shop.flake8(*words, "pay.py")) == [], words
    assert ours(shop.flake8("--extend-select", "STP998", "pay.py")) == []
    for chosen in ("STP998", "STP9", "STP", "test-rule-998", "STP101,STP998"):
        assert ours(shop.flake8("--stripe-extend-select", chosen, "pay.py")) == [("pay.py", 1, "STP998")]


@pytest.mark.parametrize("line", ["ignore = E203,W503", "ignore =", "select = E,F,W,STP", "select = STP"])
def test_trap_lists_in_a_configuration_file_do_not_switch_rules_on(shop: Shop, line: str) -> None:
    shop.add_rule("STP998", ANYWHERE, OFF_BY_DEFAULT)
    shop.write("pay.py", UNKEYED)
    shop.write(".flake8", f"[flake8]\n{line}\n")
    assert ours(shop.flake8("pay.py")) == [("pay.py", 3, "STP201")]


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (("--ignore", "S"), []),
        (("--extend-ignore", "S"), []),
        (("--select", "S"), ["STP201", "STP203"]),
        (("--select", "E,F,W"), []),
        (("--ignore", "STP201"), ["STP203"]),
        (("--ignore", "STP2"), []),
        (("--select", "STP203"), ["STP203"]),
        (("--ignore", "S", "--select", "STP"), ["STP201", "STP203"]),
        (("--per-file-ignores", "pay.py:STP203"), ["STP201"]),
    ],
)
def test_trap_choosing_is_flake8s_and_goes_by_the_first_letters(
    both: Shop, words: tuple[str, ...], codes: list[str]
) -> None:
    assert [code for _, _, code in ours(both.flake8(*words, "pay.py"))] == codes


def test_trap_codes_fit_the_lists_of_configuration_files(both: Shop) -> None:
    both.write("setup.cfg", "[flake8]\nextend-ignore = STP201,E501\n")
    outcome = both.flake8("pay.py")
    assert ours(outcome) == [("pay.py", 6, "STP203")]
    assert outcome.err == ""


def test_trap_choices_in_our_own_table_do_not_count_inside_flake8(both: Shop) -> None:
    both.configure('select = ["STP101"]\nignore = ["STP201"]\nexclude = ["pay.py"]')
    assert [code for _, _, code in ours(both.flake8("pay.py"))] == ["STP201", "STP203"]


def test_noqa_is_flake8s(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED.rstrip() + "  # noqa: STP201\n")
    assert ours(shop.flake8("pay.py")) == []
    assert ours(shop.flake8("--disable-noqa", "pay.py")) == [("pay.py", 3, "STP201")]


@pytest.mark.parametrize("start", ["", SPAWN], ids=["default", "spawn"])
def test_trap_several_processes_find_what_one_does(shop: Shop, start: str) -> None:
    shop.add_rule("STP998", ANYWHERE, "severity=Severity.INFO, default=False")
    if start:
        shop.at_start(start)
    for index in range(9):
        shop.write(f"app/{index}.py", UNKEYED if index % 2 else CONSTANT_KEY)
    options = ("--select", "STP", "--stripe-extend-select", "STP998", "--stripe-fail-on", "info")
    alone = shop.flake8("-j1", *options, "app")
    assert len(ours(alone)) == 18
    names = [f"app/{index}.py" for index in (3, 1, 8, 0, 2, 7, 5, 4, 6)]
    for words in (("-j2", *options, "app"), ("-j2", *options, *names), ("-j1", *options, *names)):
        outcome = shop.flake8(*words)
        assert outcome.out == alone.out
        assert outcome.err == ""


def test_the_command_finds_the_same(shop: Shop) -> None:
    for index in range(6):
        shop.write(f"app/{index}.py", UNKEYED + CONSTANT_KEY)
    shop.write("tests/pay.py")
    shop.write("app/test_pay.py")
    findings = ours(shop.flake8("--select", "STP", "."))
    assert len(findings) == 12
    assert findings == shop.check(".").found


def test_trap_standard_input_is_judged_by_the_name_it_is_given(shop: Shop) -> None:
    shop.write("pay.py", CLEAN)
    outcome = shop.flake8("--select", "STP", "--stdin-display-name", "pay.py", "-", stdin=UNKEYED)
    assert outcome.found == [("pay.py", 3, "STP201")]
    assert shop.flake8("--select", "STP", "--stdin-display-name", "tests/pay.py", "-", stdin=UNKEYED).out == ""
    assert shop.flake8("--select", "STP", "-", stdin=UNKEYED).found == [("stdin", 3, "STP201")]


def test_trap_a_syntax_error_is_flake8s_to_report(shop: Shop) -> None:
    shop.write("pay.py", "import stripe (\n")
    assert shop.flake8("pay.py").codes == ["E999"]
    assert shop.flake8("--select", "STP", "pay.py").out == ""


def test_a_file_that_is_not_utf8_is_read_as_flake8_reads_it(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED.encode() + b"x = '\xe9'\n")
    assert ours(shop.flake8("pay.py")) == [("pay.py", 3, "STP201")]


@pytest.mark.parametrize(
    "body",
    ["raise KeyError('x')\nyield", "def f(): f()\nf()\nyield", "return 5"],
    ids=["error", "recursion", "no-list"],
)
@pytest.mark.parametrize("processes", ["-j1", "-j2"])
def test_trap_a_rule_that_crashes_does_not_end_flake8(shop: Shop, body: str, processes: str) -> None:
    shop.add_rule("STP901", body)
    shop.write("a.py", UNKEYED)
    shop.write("b.py", CONSTANT_KEY)
    outcome = shop.flake8("--select", "STP", processes, ".")
    assert outcome.found == [("a.py", 3, "STP201"), ("b.py", 3, "STP203")]
    assert "a.py could not be checked: rule STP901 crashed: " in outcome.err
    assert outcome.err.count("\n") == 2


def test_trap_an_analysis_that_crashes_does_not_end_flake8(shop: Shop) -> None:
    shop.write("a.py", UNKEYED + "x=1\n")
    shop.at_start("import stripe_lint.engine\nstripe_lint.engine.find_in = lambda *_: 1 / 0")
    outcome = shop.flake8("a.py")
    assert "E225" in outcome.codes
    assert "a.py could not be checked: ZeroDivisionError" in outcome.err


def test_the_tree_that_other_plugins_see_is_not_changed(shop: Shop) -> None:
    path = shop.write("pay.py", UNKEYED)
    tree = ast.parse(UNKEYED)
    before = ast.dump(tree, include_attributes=True)
    attributes = [vars(node).keys() for node in ast.walk(tree)]
    options = Namespace(stripe_extend_select=None, stripe_fail_on=None, stripe_config=None, stripe_include_tests=None)
    found = list(Plugin(tree, str(path), UNKEYED.splitlines(keepends=True), options).run())
    assert [(line, column, text[:7], owner) for line, column, text, owner in found] == [(3, 0, "STP201 ", Plugin)]
    assert ast.dump(tree, include_attributes=True) == before
    assert [vars(node).keys() for node in ast.walk(tree)] == attributes


def test_a_file_without_stripe_costs_nothing(shop: Shop) -> None:
    shop.write("other.py", "x = 1\n")
    probe = (
        "import sys\nfrom flake8.main.cli import main\nmain(['other.py'])\n"
        "ours = ('stripe_lint.engine', 'stripe_lint.rules.stp')\n"
        "print([name for name in sys.modules if name.startswith(ours)])"
    )
    assert shop.run(sys.executable, "-c", probe).out == "[]\n"


SEVERITIES = {"STP901": "INFO", "STP902": "WARNING", "STP903": "ERROR"}


@pytest.fixture
def graded(shop: Shop) -> Shop:
    """A file with one finding of each severity, all on line 1."""
    for code, severity in SEVERITIES.items():
        shop.add_rule(code, ANYWHERE, f"severity=Severity.{severity}")
    shop.write("pay.py", CLEAN)
    return shop


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ((), 2),
        (("--stripe-fail-on", "info"), 3),
        (("--stripe-fail-on", "warning"), 2),
        (("--stripe-fail-on=error",), 1),
    ],
)
def test_findings_below_the_threshold_are_not_shown(graded: Shop, words: tuple[str, ...], number: int) -> None:
    assert len(ours(graded.flake8(*words, "pay.py"))) == number


@pytest.mark.parametrize("name", [".flake8", "setup.cfg", "tox.ini"])
@pytest.mark.parametrize("key", ["stripe-fail-on", "stripe_fail_on"])
def test_trap_options_can_stand_in_flake8s_configuration(graded: Shop, name: str, key: str) -> None:
    graded.write(name, f"[flake8]\n{key} = info\n")
    assert len(ours(graded.flake8("pay.py"))) == 3
    assert len(ours(graded.flake8("--stripe-fail-on", "error", "pay.py"))) == 1


def test_all_options_can_stand_in_flake8s_configuration(shop: Shop) -> None:
    shop.add_rule("STP998", ANYWHERE, OFF_BY_DEFAULT)
    shop.add_rule("STP997", ANYWHERE, OFF_BY_DEFAULT)
    shop.write("tests/pay.py", CLEAN)
    shop.write(
        ".flake8", "[flake8]\nstripe-include-tests = true\nstripe-extend-select =\n    STP998,\n    test-rule-997\n"
    )
    assert [code for _, _, code in ours(shop.flake8())] == ["STP997", "STP998"]


def test_our_own_table_fills_in_what_flake8_does_not_say(shop: Shop) -> None:
    shop.add_rule("STP998", ANYWHERE, "severity=Severity.INFO, default=False")
    shop.write("tests/pay.py", CLEAN)
    shop.configure('extend-select = ["STP998"]\nfail-on = "info"\ninclude-tests = true')
    assert ours(shop.flake8()) == [("tests/pay.py", 1, "STP998")]
    assert ours(shop.flake8("--stripe-fail-on", "warning")) == []


def test_our_own_table_is_that_of_the_file(graded: Shop) -> None:
    graded.write("inner/pay.py", CLEAN)
    graded.configure('fail-on = "error"', "inner/pyproject.toml")
    found = [path for path, _, _ in ours(graded.flake8())]
    assert (found.count("inner/pay.py"), found.count("pay.py")) == (1, 2)


@pytest.mark.parametrize("how", ["word", ".flake8"])
def test_a_file_for_our_table_can_be_named(graded: Shop, how: str) -> None:
    graded.configure('fail-on = "error"', "ci/lint.toml")
    if how == "word":
        outcome = graded.flake8("--stripe-config", "ci/lint.toml", "pay.py")
    else:
        graded.write(".flake8", "[flake8]\nstripe-config = ci/lint.toml\n")
        outcome = graded.flake8("pay.py")
    assert len(ours(outcome)) == 1


@pytest.mark.parametrize(
    ("words", "table", "problem"),
    [
        (("--stripe-fail-on", "fatal"), "", '--stripe-fail-on: must be info, warning or error, not "fatal"'),
        (("--stripe-extend-select", "STP999"), "", '--stripe-extend-select: unknown rule "STP999"'),
        (("--stripe-config", "missing.toml"), "", "missing.toml: can't be read: No such file or directory"),
        ((), "selct = []", 'pyproject.toml: [tool.stripe-lint] unknown key "selct"; did you mean "select"?'),
        ((), "select = [", "pyproject.toml: not valid TOML: "),
    ],
)
@pytest.mark.parametrize("processes", ["-j1", "-j2"])
def test_trap_a_wrong_configuration_stops_flake8_with_one_clear_line(
    both: Shop, words: tuple[str, ...], table: str, problem: str, processes: str
) -> None:
    both.configure(table)
    outcome = both.flake8(processes, *words, "pay.py", "pay.py")
    assert outcome.code == 1
    assert outcome.out.splitlines()[0] == "There was a critical error during execution of Flake8:"
    assert outcome.out.splitlines()[1].startswith(f"stripe-lint: {problem}")
    assert len(outcome.out.splitlines()) == 2


def test_a_wrong_configuration_further_down_does_not_end_flake8(shop: Shop) -> None:
    shop.write("a/pay.py")
    shop.write("b/pay.py")
    shop.configure("selct = []", "a/pyproject.toml")
    outcome = shop.flake8()
    assert ours(outcome) == [("b/pay.py", 3, "STP201")]
    assert "a/pay.py could not be checked: " in outcome.err
    assert 'unknown key "selct"' in outcome.err
