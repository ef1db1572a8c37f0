"""``stripe-lint config``: what applies, and where it was written."""

from __future__ import annotations

import pytest
from shop import UNKEYED, Shop

from stripe_lint.config import keys


def lines(shop: Shop, *words: str) -> dict[str, str]:
    outcome = shop.stripe_lint("config", *words)
    assert (outcome.code, outcome.err) == (0, "")
    pairs = (line.replace(" = ", ": ", 1).split(": ", 1) for line in outcome.out.splitlines() if line)
    return dict(pairs)


def test_each_key_is_there_with_its_origin(shop: Shop) -> None:
    shop.configure(
        'extend = "base.toml"\nextend-select = ["STP202"]\nignore = ["STP203"]\nseverity = { STP2 = "info" }'
    )
    shop.configure('extend-select = ["STP105"]\nverifiers = ["shop.verified", "checked"]', "base.toml")
    shop.write("app/pay.py", UNKEYED)
    shown = lines(shop, "app/pay.py")
    assert shown["path"] == "app/pay.py"
    assert shown["configuration"] == "base.toml, then pyproject.toml"
    assert shown["test code"] == "no"
    assert {"STP201", "STP202"} <= set(shown["rules"].split())
    assert "STP203" not in shown["rules"]
    assert shown["extend-select"] == '["STP105", "STP202"]  # base.toml, pyproject.toml'
    assert shown["ignore"] == '["STP203"]  # pyproject.toml'
    assert shown["verifiers"] == '["checked", "shop.verified"]  # base.toml'
    assert shown["severity"] == '{ "STP2" = "info" }  # pyproject.toml'
    assert shown["fail-on"] == '"warning"  # default'
    assert set(keys()) <= set(shown)


def test_an_empty_table_is_shown_as_one(shop: Shop) -> None:
    shown = lines(shop)
    for key in ("per-file-ignores", "extend-per-file-ignores", "severity"):
        assert shown[key] == "{}  # default"
    assert shown["ignore"] == "[]  # default"


def test_what_is_off_for_a_file_is_not_among_its_rules(shop: Shop) -> None:
    shop.configure('per-file-ignores = { "old.py" = ["STP201"] }')
    shop.write("old.py")
    shop.write("new.py")
    shop.write("tests/test_pay.py")
    assert "STP201" not in lines(shop, "old.py")["rules"]
    assert "STP201" in lines(shop, "new.py")["rules"]
    assert lines(shop, "tests/test_pay.py")["test code"] == "yes"
    assert "STP201" not in lines(shop, "tests/test_pay.py")["rules"]
    assert lines(shop, "old.py")["per-file-ignores"] == '{ "old.py" = ["STP201"] }  # pyproject.toml'


def test_a_directory_is_the_current_one_by_default(shop: Shop) -> None:
    assert lines(shop) == lines(shop, ".")
    assert lines(shop)["configuration"] == "none found, so the defaults apply"


def test_another_file_can_be_named(shop: Shop) -> None:
    shop.configure('fail-on = "error"', "other.toml")
    assert lines(shop, "--config", "other.toml")["fail-on"] == '"error"  # other.toml'


@pytest.mark.parametrize(
    ("words", "message"),
    [(["missing.py"], "missing.py: there is no such file or directory"), (["--config", "x.toml"], "x.toml: can't be")],
)
def test_what_is_not_there_is_an_error(shop: Shop, words: list[str], message: str) -> None:
    outcome = shop.stripe_lint("config", *words)
    assert outcome.code == 2
    assert outcome.err.startswith(f"stripe-lint: {message}")


def test_a_broken_configuration_is_an_error(shop: Shop) -> None:
    shop.configure("selct = []")
    outcome = shop.stripe_lint("config")
    assert outcome.code == 2
    assert 'unknown key "selct"; did you mean "select"?' in outcome.err
