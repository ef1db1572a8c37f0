"""The configuration, as it shows in what is checked."""

from __future__ import annotations

import pytest
from shop import CONSTANT_KEY, UNKEYED, Shop

BOTH = UNKEYED + CONSTANT_KEY


@pytest.fixture
def both(shop: Shop) -> Shop:
    """A folder with a warning of STP201 and an error of STP203."""
    shop.write("pay.py", BOTH)
    return shop


def test_without_configuration_the_default_rules_apply(both: Shop) -> None:
    outcome = both.check("pay.py")
    assert outcome.codes == ["STP201", "STP203"]
    assert outcome.code == 1


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ('select = ["STP203"]', ["STP203"]),
        ('select = ["constant-idempotency-key"]', ["STP203"]),
        ('select = ["STP2"]', ["STP201", "STP203"]),
        ('select = ["STP"]', ["STP201", "STP203"]),
        ('select = ["stp203"]', ["STP203"]),
        ('select = ["STP1"]', []),
        ("select = []", []),
        ('ignore = ["STP203"]', ["STP201"]),
        ('ignore = ["missing-idempotency-key"]', ["STP203"]),
        ('ignore = ["STP2"]', []),
        ('ignore = ["STP2"]\nextend-select = ["STP203"]', ["STP203"]),
        ('ignore = ["STP203"]\nextend-select = ["STP2"]', ["STP201"]),
        ('select = ["STP1"]\nextend-select = ["STP203"]', ["STP203"]),
        ('select = ["STP2"]\nignore = ["STP2"]', []),
        ('select = ["STP000", "STP201"]', ["STP201"]),
    ],
)
def test_rules_are_chosen_by_code_beginning_and_name(both: Shop, table: str, codes: list[str]) -> None:
    both.configure(table)
    assert both.check("pay.py").codes == codes


@pytest.mark.parametrize(
    ("table", "words", "codes"),
    [
        ('select = ["STP201"]', ["--select", "STP203"], ["STP203"]),
        ('ignore = ["STP201"]', ["--ignore", "STP203"], ["STP201"]),
        ('ignore = ["STP201"]', ["--select", "STP201"], ["STP201"]),
        ('select = ["STP201"]', ["--extend-select", "STP203"], ["STP201", "STP203"]),
        ('select = ["STP1"]\nextend-select = ["STP201"]', ["--extend-select", "STP203"], ["STP201", "STP203"]),
        ('extend-select = ["STP201"]', ["--select", "STP203"], ["STP203"]),
        ("", ["--select", "STP201,STP203"], ["STP201", "STP203"]),
        ("", ["--select", "STP201", "--select", "constant-idempotency-key"], ["STP201", "STP203"]),
        ("", ["--ignore", "STP201, STP203"], []),
    ],
)
def test_the_command_line_goes_over_the_file(both: Shop, table: str, words: list[str], codes: list[str]) -> None:
    both.configure(table)
    assert both.check(*words, "pay.py").codes == codes


def test_rules_that_are_off_by_default_are_switched_on_by_name_code_or_beginning(both: Shop) -> None:
    both.add_rule("STP998", "yield Hit(Span(1, 0, 1, 6), 'm')", "severity=Severity.ERROR, default=False")
    assert "STP998" not in both.check("pay.py").codes
    assert both.check("--extend-select", "test-rule-998", "pay.py").codes == ["STP998", "STP201", "STP203"]
    assert both.check("--select", "STP99", "pay.py").codes == ["STP998"]
    assert both.check("--select", "STP", "pay.py").codes == ["STP998", "STP201", "STP203"]


def test_the_nearest_file_with_the_table_decides_for_each_file(shop: Shop) -> None:
    shop.configure('select = ["STP203"]')
    shop.write("pay.py", BOTH)
    shop.write("inner/pyproject.toml", '[project]\nname = "no-table-here"\n')
    shop.write("inner/pay.py", BOTH)
    shop.configure('select = ["STP201"]', "other/pyproject.toml")
    shop.write("other/deep/pay.py", BOTH)
    assert shop.check().found == [
        ("inner/pay.py", 6, "STP203"),
        ("other/deep/pay.py", 3, "STP201"),
        ("pay.py", 6, "STP203"),
    ]


def test_a_named_file_replaces_every_other(both: Shop) -> None:
    both.configure('select = ["STP203"]')
    both.configure('select = ["STP201"]', "ci/lint.toml")
    assert both.check("--config", "ci/lint.toml", "pay.py").codes == ["STP201"]


def test_exclusions_are_relative_to_their_file_and_can_be_replaced_and_extended(shop: Shop) -> None:
    shop.configure('extend-exclude = ["/legacy", "gen*.py"]', "app/pyproject.toml")
    for name in ("app/legacy/a.py", "app/sub/legacy/b.py", "app/generated.py", "app/build/c.py", "app/d.py"):
        shop.write(name)
    paths = [path for path, _, _ in shop.check().found]
    assert paths == ["app/d.py", "app/sub/legacy/b.py"]
    paths = [path for path, _, _ in shop.check("--extend-exclude", "./app/sub").found]
    assert paths == ["app/d.py"]
    paths = [path for path, _, _ in shop.check("--exclude", "d.py").found]
    assert paths == ["app/build/c.py", "app/sub/legacy/b.py"]


def test_an_outer_file_can_exclude_a_folder_with_a_broken_one(shop: Shop) -> None:
    shop.configure('extend-exclude = ["vendored"]')
    shop.write("vendored/pyproject.toml", "[tool.stripe-lint")
    shop.write("vendored/pay.py")
    assert shop.check().code == 0


@pytest.mark.parametrize(
    ("threshold", "code"), [("info", 1), ("warning", 1), ("error", 0)], ids=["info", "warning", "error"]
)
def test_the_threshold_decides_whether_a_warning_fails_the_run(shop: Shop, threshold: str, code: int) -> None:
    shop.write("pay.py", UNKEYED)
    assert shop.check("--fail-on", threshold, "pay.py").code == code
    shop.configure(f'fail-on = "{threshold}"')
    outcome = shop.check("pay.py")
    assert outcome.code == code
    assert outcome.codes == ["STP201"]


def test_the_threshold_on_the_command_line_wins(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED)
    shop.configure('fail-on = "error"')
    assert shop.check("--fail-on", "warning", "pay.py").code == 1


def test_test_code_can_be_included(shop: Shop) -> None:
    shop.write("tests/pay.py", UNKEYED)
    assert shop.check().codes == []
    assert shop.check("--include-tests").codes == ["STP201"]
    shop.configure("include-tests = true")
    assert shop.check().codes == ["STP201"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('selct = ["STP101"]', 'unknown key "selct"; did you mean "select"?'),
        ('extend_select = ["STP101"]', 'unknown key "extend_select"; did you mean "extend-select"?'),
        ("zzz = 1", 'unknown key "zzz"; `stripe-lint config` lists them'),
        ("bogus = 1", 'unknown key "bogus"; `stripe-lint config` lists them'),
        ('select = ["bogus"]', 'unknown rule "bogus"; `stripe-lint rules` lists them'),
        ('select = "STP101"', 'select: must be a list of strings, not "STP101"'),
        ("select = [1]", "select: must be a list of strings, not a list with other things in it"),
        ("select = { a = 1 }", "select: must be a list of strings, not a table"),
        ("exclude = true", "exclude: must be a list of strings, not true"),
        ('include-tests = "yes"', 'include-tests: must be true or false, not "yes"'),
        ("include-tests = 1", "include-tests: must be true or false, not 1"),
        ('fail-on = "warn"', 'fail-on: must be info, warning or error, not "warn"'),
        ("fail-on = 3", "fail-on: must be info, warning or error, not 3"),
        ('select = ["STP2O1"]', 'select: unknown rule "STP2O1"; did you mean "STP201"?'),
        ('ignore = ["STP999"]', 'ignore: unknown rule "STP999"; did you mean "STP'),
        ('extend-select = ["E501"]', 'extend-select: unknown rule "E501"'),
        ('ignore = ["mising-idempotency-key"]', 'did you mean "missing-idempotency-key"?'),
        ('ignore = ["constant-key"]', 'did you mean "constant-idempotency-key"?'),
        ('ignore = [""]', 'ignore: unknown rule ""'),
        ('per-file-ignores = ["STP201"]', "per-file-ignores: must be a table, not a list with other things in it"),
        ('per-file-ignores = { "a.py" = "STP201" }', 'per-file-ignores."a.py": must be a list of strings'),
        ('per-file-ignores = { "a.py" = ["STP2O1"] }', 'did you mean "STP201"?'),
        ('per-file-ignores = { "a.py" = ["STP000"] }', "STP000 can't be ignored"),
        ('severity = "error"', 'severity: must be a table, not "error"'),
        ('severity = { STP201 = "fatal" }', 'severity.STP201: must be info, warning or error, not "fatal"'),
        ('severity = { STP2O1 = "info" }', 'severity: unknown rule "STP2O1"; did you mean "STP201"?'),
        ('severities = { STP201 = "info" }', 'unknown key "severities"; did you mean "severity"?'),
        ('verifiers = "verify"', 'verifiers: must be a list of strings, not "verify"'),
        ('verifiers = ["verify()"]', 'verifiers: must hold names such as "shop.payments.charge", not "verify()"'),
        ('verifier = ["verify"]', 'unknown key "verifier"; did you mean "verifiers"?'),
        ('stripe-version = "new"', 'stripe-version: "new" is no version (12.5.1) and no range of versions'),
        ('stripe-version = ""', 'stripe-version: must be a version or a range of versions, not ""'),
        ("stripe-version = 12", "stripe-version: must be a version or a range of versions, not 12"),
        ("extend = true", "extend: must be the path of a TOML file, not true"),
        ('extend = "missing.toml"', 'extend: there is no file "missing.toml"'),
        ('extend = "pyproject.toml"', 'extend: "pyproject.toml" leads back to this file'),
        ('extends = "base.toml"', 'unknown key "extends"; did you mean "extend"?'),
        ('ignore = ["STP000"]', "ignore: STP000 can't be ignored: it says that a file was not checked"),
    ],
)
def test_what_is_not_valid_is_one_clear_line(both: Shop, table: str, message: str) -> None:
    both.configure(table)
    outcome = both.check("pay.py")
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("stripe-lint: pyproject.toml: [tool.stripe-lint] ")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--select", "STP999"], 'stripe-lint: --select: unknown rule "STP999"; did you mean "STP'),
        (["--ignore", "STP201,nonsense"], 'stripe-lint: --ignore: unknown rule "nonsense"'),
        (["--ignore", "could-not-check"], "stripe-lint: --ignore: STP000 can't be ignored"),
        (["--select", ""], "the list is empty"),
        (["--fail-on", "fatal"], "Invalid value for '--fail-on'"),
        (["--config", "missing.toml"], "stripe-lint: missing.toml: can't be read: No such file or directory"),
        (["--config", "pay.py"], "stripe-lint: pay.py: not valid TOML"),
        (["--config", "empty.toml"], "stripe-lint: empty.toml: there is no [tool.stripe-lint] table"),
    ],
)
def test_a_wrong_option_is_an_error_even_without_files_to_check(both: Shop, words: list[str], message: str) -> None:
    both.write("empty.toml", "")
    outcome = both.check(*words, "empty.toml")
    assert outcome.code == 2
    assert message in outcome.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[tool.stripe-lint]\nselect = [", "not valid TOML: "),
        (b"neither TOML nor ours", "not valid TOML: "),
        (b"[tool.stripe-lint]\nselect = ['\xe9']", "not valid TOML: "),
        (b"a = " + b"[" * 5000, "not valid TOML: "),
        (b"\xef\xbb\xbf[tool.stripe-lint]\n", "begins with a byte order mark, which no TOML may; "),
        (b"[tool]\nstripe-lint = 1", "tool.stripe-lint must be a table, not 1"),
    ],
    ids=["unfinished", "no-toml", "latin-1", "nested", "byte-order-mark", "no-table"],
)
def test_a_broken_file_stops_the_run(both: Shop, content: bytes, message: str) -> None:
    both.write("pyproject.toml", content)
    outcome = both.check("pay.py")
    assert outcome.code == 2
    assert outcome.err.startswith(f"stripe-lint: pyproject.toml: {message}")
    assert outcome.err.count("\n") == 1


def test_a_broken_file_further_down_fails_only_what_lies_below(shop: Shop) -> None:
    shop.write("inner/pyproject.toml", "[tool.stripe-lint]\nselct = []\n")
    shop.write("inner/pay.py")
    shop.write("pay.py")
    outcome = shop.check()
    assert outcome.code == 2
    assert outcome.found == [("inner/pay.py", 1, "STP000"), ("pay.py", 3, "STP201")]
    assert 'inner/pyproject.toml: [tool.stripe-lint] unknown key "selct"' in outcome.out


def test_a_pyproject_of_other_tools_is_none_of_our_business(both: Shop) -> None:
    both.write("pyproject.toml", '[tool.ruff]\nselct = ["E"]\n')
    assert both.check("pay.py").codes == ["STP201", "STP203"]


def test_a_file_can_extend_another(shop: Shop) -> None:
    shop.configure(
        'extend = "../shared/base.toml"\nextend-select = ["STP2"]\nignore = ["STP203"]', "app/pyproject.toml"
    )
    shop.configure('extend = "first.toml"\nselect = ["STP201"]\nfail-on = "error"', "shared/base.toml")
    shop.configure('select = ["STP1"]\nextend-exclude = ["other.py"]', "shared/first.toml")
    shop.write("app/pay.py", BOTH)
    shop.write("app/other.py", BOTH)
    outcome = shop.check("app")
    assert (outcome.found, outcome.code) == ([("app/pay.py", 3, "STP201")], 0)


def test_files_that_extend_each_other_are_an_error(both: Shop) -> None:
    both.configure('extend = "base.toml"')
    both.configure('extend = "pyproject.toml"', "base.toml")
    outcome = both.check("pay.py")
    assert outcome.code == 2
    assert 'base.toml: [tool.stripe-lint] extend: "pyproject.toml" leads back to this file' in outcome.err


def test_a_file_that_is_extended_needs_the_table(both: Shop) -> None:
    both.configure('extend = "base.toml"')
    both.write("base.toml", "")
    outcome = both.check("pay.py")
    assert outcome.code == 2
    assert outcome.err == (
        "stripe-lint: base.toml: there is no [tool.stripe-lint] table, and pyproject.toml extends it\n"
    )


@pytest.mark.parametrize(
    ("table", "quiet"),
    [
        ('"scripts/**" = ["STP201"]', {"scripts/a.py", "scripts/deep/b.py"}),
        ('"scripts/*.py" = ["STP201"]', {"scripts/a.py"}),
        ('"scripts" = ["STP2"]', {"scripts/a.py", "scripts/deep/b.py"}),
        ('"/deep/" = ["STP201"]', set()),
        ('"deep/" = ["missing-idempotency-key"]', {"scripts/deep/b.py"}),
        ('"*.py" = ["STP203"], "c.py" = ["STP201"]', {"c.py"}),
    ],
)
def test_rules_can_be_off_for_some_files(shop: Shop, table: str, quiet: set[str]) -> None:
    names = {"c.py", "scripts/a.py", "scripts/deep/b.py"}
    for name in names:
        shop.write(name, UNKEYED)
    shop.configure(f"per-file-ignores = {{ {table} }}")
    assert {path for path, _, _ in shop.check().found} == names - quiet
    shop.configure(f"extend-per-file-ignores = {{ {table} }}")
    assert {path for path, _, _ in shop.check(".").found} == names - quiet


def test_inside_flake8_ignoring_is_the_business_of_flake8(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED)
    shop.configure('per-file-ignores = { "pay.py" = ["STP201"] }')
    assert shop.check().codes == []
    assert shop.flake8("--select", "STP", "pay.py").codes == ["STP201"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('STP201 = "info"', ["info", "error"]),
        ('STP2 = "info"', ["info", "info"]),
        ('STP2 = "info", STP203 = "warning"', ["info", "warning"]),
        ('missing-idempotency-key = "error"', ["error", "error"]),
    ],
)
def test_severities_can_be_set_by_rule(both: Shop, table: str, expected: list[str]) -> None:
    both.configure(f"severity = {{ {table} }}")
    found = both.check("--format", "json", "pay.py").document["findings"]
    assert [finding["severity"] for finding in found] == expected


def test_flake8_shows_what_the_severity_set_by_rule_says(both: Shop) -> None:
    both.configure('severity = { STP201 = "info" }')
    assert both.flake8("--select", "STP", "pay.py").codes == ["STP203"]
