"""``stripe-lint fix`` on manifests: raised bounds and Dependabot's entry, for who asks, and every other byte kept."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shop import Shop

POETRY = '[tool.poetry.dependencies]\npython = ">=3.10"\nstripe = "^9.1"  # why\n'
LOCK = '[[package]]\nname = "stripe"\nversion = "9.1.0"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"flask\nstripe==9.1.0  # why\n", b"flask\nstripe==16.1.0  # why\n"),
        (b"flask\r\nstripe>=8,<10\r\n", b"flask\r\nstripe>=8,<17\r\n"),
        (codecs.BOM_UTF8 + b"stripe~=9.1", codecs.BOM_UTF8 + b"stripe~=16.1"),
        ("stripe==9.1.0\r\n".encode("utf-16"), "stripe==16.1.0\r\n".encode("utf-16")),
        (
            codecs.BOM_UTF16_BE + "é\nstripe==9.1.0\n".encode("utf-16-be").replace("é".encode("utf-16-be"), b"\0#"),
            codecs.BOM_UTF16_BE + "#\nstripe==16.1.0\n".encode("utf-16-be"),
        ),
    ],
)
def test_only_the_bound_is_written(shop: Shop, before: bytes, after: bytes) -> None:
    path = shop.write("requirements.txt", before)
    words = ("--select", "STP501,STP503", "requirements.txt")
    assert shop.fix(*words).code == 1
    assert path.read_bytes() == before
    outcome = shop.fix("--unsafe-fixes", *words)
    assert (outcome.code, outcome.err) == (0, "")
    assert path.read_bytes() == after
    assert shop.check("--select", "STP501,STP503").code == 0
    assert shop.fix("--unsafe-fixes", *words).code == 0
    assert path.read_bytes() == after


@pytest.mark.parametrize(
    "before", ["==7.8.0", "==5.1.0", "==4.0.0", "==14.4.2", ">=14,<15", "~=12.5.0", "==12.*", "==15.6.0"]
)
def test_the_release_that_is_taken_has_no_other_hole(shop: Shop, before: str) -> None:
    path = shop.write("requirements.txt", f"stripe{before}\n")
    assert "(--unsafe-fixes does it)" in shop.fix("--select", "STP503").out
    outcome = shop.fix("--unsafe-fixes", "--select", "STP503")
    assert (outcome.code, outcome.err) == (0, "")
    assert path.read_text(encoding="utf-8") != f"stripe{before}\n"
    assert shop.check("--select", "STP503").found == []


def test_the_option_is_not_named_where_it_would_not_help(shop: Shop) -> None:
    shop.write("requirements.txt", "stripe==9.1.0\n")
    shop.write("shop/webhooks.py", WEBHOOK)
    out = shop.fix("--select", "STP501").out
    assert "not fixed: stripe==16.1.0 would break shop/webhooks.py:6 (STP305)" in out
    assert "--unsafe-fixes" not in out


def test_what_was_done_is_reported(shop: Shop) -> None:
    path = shop.write("pyproject.toml", POETRY)
    shop.write("renovate.json", "{}")
    outcome = shop.fix("--unsafe-fixes")
    assert "pyproject.toml:3:1: STP501 fixed: the requirement now admits 16.1.0" in outcome.out
    assert path.read_text(encoding="utf-8") == POETRY.replace("^9.1", "^16.1")


@pytest.mark.parametrize(
    ("name", "command"), [("poetry.lock", "poetry add"), ("uv.lock", "uv add"), ("pdm.lock", "pdm add")]
)
def test_a_bound_with_a_lock_beside_it_is_left_to_the_tool(shop: Shop, name: str, command: str) -> None:
    path = shop.write("pyproject.toml", POETRY)
    shop.write(name, LOCK)
    outcome = shop.fix("--unsafe-fixes", "--select", "STP501")
    assert f'not fixed: {name} has to change with it: run {command} "stripe>=16.1.0"' in outcome.out
    assert path.read_text(encoding="utf-8") == POETRY


WEBHOOK = """import stripe


def handle(payload, header, secret):
    event = stripe.Webhook.construct_event(payload, header, secret)
    return event.get("type")
"""


def test_no_release_is_let_in_that_breaks_the_code(shop: Shop) -> None:
    requirements = shop.write("requirements.txt", "stripe==9.1.0\n")
    code = shop.write("shop/webhooks.py", WEBHOOK)
    words = ("--unsafe-fixes", "--select", "STP305,STP501,STP503")
    reason = (
        "not fixed: stripe==16.1.0 would break shop/webhooks.py:6 (STP305): mend that first,"
        ' with --stripe-version "16.1.0"'
    )
    assert reason in shop.fix(*words).out
    assert reason in shop.fix("--unsafe-fixes", "--select", "STP501,STP503").out
    assert requirements.read_text(encoding="utf-8") == "stripe==9.1.0\n"
    assert code.read_text(encoding="utf-8") == WEBHOOK
    done = shop.fix("--stripe-version", "16.1.0", *words).out
    assert "STP305 fixed" in done
    assert "STP501 fixed: the requirement now admits 16.1.0" in done
    assert shop.check("--select", "STP305,STP501,STP503").code == 0


def test_a_second_list_beside_the_first_is_for_the_same_code(shop: Shop) -> None:
    first = shop.write("requirements.txt", "stripe==10.5.0\n")
    second = shop.write("temp_requirements.txt", "stripe==10.5.0\n")
    shop.write("shop/webhooks.py", WEBHOOK)
    out = shop.fix("--unsafe-fixes", "--select", "STP501,STP503").out
    assert out.count("would break shop/webhooks.py:6 (STP305)") == len((first, second)) * 2
    assert {path.read_text(encoding="utf-8") for path in (first, second)} == {"stripe==10.5.0\n"}


@pytest.mark.parametrize("beside", [None, "handlers/requirements.txt"])
def test_the_list_of_a_layer_is_for_the_code_that_stands_elsewhere(shop: Shop, beside: str | None) -> None:
    shop.write(".git/HEAD", "")
    layer = shop.write("layers/dependencies/requirements.txt", "stripe==10.5.0\n")
    if beside is not None:
        shop.write(beside, "stripe==10.5.0\n")
    shop.write("handlers/webhooks.py", WEBHOOK)
    assert "would break handlers/webhooks.py:6 (STP305)" in shop.fix("--unsafe-fixes", "--select", "STP501").out
    assert layer.read_text(encoding="utf-8") == "stripe==10.5.0\n"


def test_the_list_of_another_service_is_not_for_the_code_of_this_one(shop: Shop) -> None:
    shop.write(".git/HEAD", "")
    shop.write("old/requirements.txt", "stripe==10.5.0\n")
    shop.write("old/webhooks.py", WEBHOOK)
    newer = shop.write("new/requirements.txt", "stripe==10.5.0\n")
    shop.write("new/webhooks.py", WEBHOOK.replace('event.get("type")', 'event["type"]'))
    shop.fix("--unsafe-fixes", "--select", "STP501")
    assert newer.read_text(encoding="utf-8") == "stripe==16.1.0\n"


REMOVED = """import stripe


def charge(order):
    try:
        return stripe.Charge.create(amount=order.amount, currency="usd", idempotency_key=f"order-{order.id}-charge")
    except stripe.error.CardError:
        return None
"""


def test_no_range_is_let_in_with_a_release_that_breaks_the_code(shop: Shop) -> None:
    requirements = shop.write("requirements/base.txt", "stripe>=2.35.1,<3.0.0\n")
    shop.write("pyproject.toml", "[project]\nname = 'shop'\n")
    shop.write("shop/charges.py", REMOVED)
    out = shop.fix("--unsafe-fixes", "--select", "STP501").out
    assert "would break shop/charges.py:7 (STP303): mend that first" in out
    assert requirements.read_text(encoding="utf-8") == "stripe>=2.35.1,<3.0.0\n"


def test_who_did_not_ask_is_told_why(shop: Shop) -> None:
    shop.write("requirements.txt", "stripe==9.1.0\n")
    out = shop.fix().out
    assert "not fixed: your code has to be tested with the newer release (--unsafe-fixes does it)" in out
    assert "not fixed: Dependabot would begin to open pull requests (--unsafe-fixes does it)" in out


def test_a_lock_is_left_to_its_tool(shop: Shop) -> None:
    path = shop.write("uv.lock", LOCK)
    shop.write("renovate.json", "{}")
    outcome = shop.fix("--unsafe-fixes")
    assert "not fixed: a lock file is made by its tool: run uv lock --upgrade-package stripe" in outcome.out
    assert path.read_text(encoding="utf-8") == LOCK


def test_mixed_line_ends_are_left(shop: Shop) -> None:
    before = b"flask\nstripe==9.1.0\r\n"
    path = shop.write("requirements.txt", before)
    assert "not fixed: its line ends are mixed" in shop.fix("--unsafe-fixes", "--select", "STP501").out
    assert path.read_bytes() == before


def test_one_run_writes_the_entries_for_all_folders(shop: Shop) -> None:
    shop.run("git", "init", "-q", ".")
    shop.write("backend/requirements.txt", "stripe==16.1.0\n")
    shop.write("backend/requirements/extra.txt", "stripe==16.1.0\n")
    shop.write("worker/requirements.txt", "stripe==16.1.0\n")
    outcome = shop.fix("--unsafe-fixes")
    assert "STP504 fixed: .github/dependabot.yml is made" in outcome.out
    assert "STP504 fixed: an entry is added to .github/dependabot.yml" in outcome.out
    entry = '  - package-ecosystem: "pip"\n    directory: "/{}"\n    schedule:\n      interval: "weekly"\n'
    made = (shop.root / ".github" / "dependabot.yml").read_text(encoding="utf-8")
    assert made == "version: 2\nupdates:\n" + entry.format("backend") + entry.format("worker")
    assert shop.check("--select", "STP504").codes == []


def test_an_entry_is_added_to_what_is_there(shop: Shop) -> None:
    shop.run("git", "init", "-q", ".")
    shop.write("requirements.txt", "stripe==16.1.0\n")
    path = shop.write(".github/dependabot.yml", "version: 2\nupdates:\n- package-ecosystem: npm\n  directory: /\n")
    assert "an entry is added to .github/dependabot.yml" in shop.fix("--unsafe-fixes").out
    assert path.read_text(encoding="utf-8") == (
        "version: 2\nupdates:\n- package-ecosystem: npm\n  directory: /\n"
        '- package-ecosystem: "pip"\n  directory: "/"\n  schedule:\n    interval: "weekly"\n'
    )
    assert shop.check("--select", "STP504").codes == []


def test_a_difference_shows_a_new_file_and_writes_nothing(shop: Shop) -> None:
    shop.run("git", "init", "-q", ".")
    shop.write("requirements.txt", "stripe==9.1.0\n")
    outcome = shop.fix("--unsafe-fixes", "--diff")
    assert outcome.code == 1
    assert "-stripe==9.1.0\n+stripe==16.1.0\n" in outcome.out
    assert '+  - package-ecosystem: "pip"\n' in outcome.out
    assert not (shop.root / ".github").exists()


def test_standard_input_may_be_a_manifest(shop: Shop) -> None:
    words = ("--unsafe-fixes", "--select", "STP5", "--stdin-filename", "requirements.txt", "-")
    outcome = shop.fix(*words, stdin="stripe==9.1.0\n")
    assert outcome.out == "stripe==16.1.0\n"
    assert "not fixed: the fix writes another file, dependabot.yml" in outcome.err
    assert not (shop.root / ".github").exists()


def test_a_broken_manifest_is_told(shop: Shop) -> None:
    shop.write("requirements.txt", "stripe==>9\n")
    outcome = shop.fix()
    assert outcome.code == 2
    assert "STP000" in outcome.out


def test_what_a_list_is_compiled_from_changes_with_it(shop: Shop) -> None:
    source = shop.write("requirements.in", "stripe==5.0.0\n")
    shop.write("requirements.txt", "# autogenerated by pip-compile\nstripe==5.0.0\n    # via -r requirements.in\n")
    outcome = shop.fix("--unsafe-fixes", "--select", "STP501")
    assert source.read_text(encoding="utf-8") == "stripe==5.0.0\n"
    assert (
        "not fixed: requirements.txt is compiled from it: raise the bound here, and compile requirements.txt anew\n"
        in outcome.out
    )


PROJECT = '[project]\nname = "x"\nrequires-python = "{python}"\ndependencies = ["stripe==12.5.1{marker}"]\n'
POETRY_OF = '[tool.poetry.dependencies]\npython = "{python}"\nstripe = "^12.5"\n'
PIPFILE = '[packages]\nstripe = "~=12.5.1"\n\n[requires]\n{python}\n'
SETUP_CFG = "[options]\npython_requires = {python}\ninstall_requires =\n    stripe==12.5.1\n"


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("requirements.txt", "stripe==12.5.1 ; python_version < '3.9'\n", "stripe==14.4.2 ;"),
        ("requirements.txt", "stripe==12.5.1 ; python_version < '3.9'  # old\n", "stripe==14.4.2 ;"),
        ("requirements.txt", "stripe==12.5.1 ; python_version < '3.10'\n", "stripe==16.1.0 ;"),
        ("requirements.txt", "stripe==12.5.1 ; python_version >= '3'\n", "stripe==16.1.0 ;"),
        ("requirements.txt", "stripe==12.5.1 ; python_version >= '3.8'\n", "stripe==14.4.2 ;"),
        ("requirements.txt", "stripe==12.5.1 ; sys_platform == 'linux'\n", "stripe==16.1.0 ;"),
        ("requirements.txt", "stripe>=11,<13 ; python_version >= '3.8'\n", "stripe>=11,<17 ;"),
        ("requirements.txt", "stripe>=11,<13 ; python_version == '3.8'\n", "stripe>=11,<15 ;"),
        ("pyproject.toml", PROJECT.format(python=">=3.7,<3.9", marker=""), "stripe==14.4.2"),
        ("pyproject.toml", PROJECT.format(python=">=3.7", marker=""), "stripe==14.4.2"),
        ("pyproject.toml", PROJECT.format(python=">=3.7", marker="; python_version < '3.9'"), "stripe==14.4.2;"),
        ("pyproject.toml", PROJECT.format(python=">=3.7", marker="; python_version >= '3.9'"), "stripe==16.1.0;"),
        ("pyproject.toml", PROJECT.format(python="<3.13,>=3.10.4", marker=""), "stripe==16.1.0"),
        ("pyproject.toml", POETRY_OF.format(python="^3.8"), '"^14.4"'),
        ("pyproject.toml", POETRY_OF.format(python="~3.8"), '"^14.4"'),
        ("pyproject.toml", POETRY_OF.format(python="^3.9"), '"^16.1"'),
        ("pyproject.toml", POETRY_OF.format(python="*"), '"^16.1"'),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\npython = "^3.8"\nstripe = {version = "^12.5", python = ">=3.9"}\n',
            '{version = "^16.1", python = ">=3.9"}',
        ),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\nstripe = {version = "^12.5", markers = "python_version < \'3.9\'"}\n',
            '{version = "^14.4",',
        ),
        ("Pipfile", PIPFILE.format(python='python_version = "3.8"'), '"~=14.4.2"'),
        ("Pipfile", PIPFILE.format(python='python_full_version = "3.8.18"'), '"~=14.4.2"'),
        ("Pipfile", PIPFILE.format(python='python_version = "3.12"'), '"~=16.1.0"'),
        ("setup.cfg", SETUP_CFG.format(python=">=3.8"), "stripe==14.4.2"),
        ("setup.cfg", SETUP_CFG.format(python=">=3.9"), "stripe==16.1.0"),
    ],
)
def test_the_newest_release_for_the_python_of_the_project_is_taken(
    shop: Shop, name: str, text: str, wanted: str
) -> None:
    path = shop.write(name, text)
    outcome = shop.fix("--unsafe-fixes", "--select", "STP501", name)
    assert (outcome.code, outcome.err) == (0, "")
    assert wanted in path.read_text(encoding="utf-8")
    assert ("; stripe 16.1.0 does not run with Python 3." in outcome.out) == (
        "16" not in wanted and "<17" not in wanted
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\nname = "x"\nrequires-python = ">=3.8"\n'),
        ("Pipfile", '[requires]\npython_version = "3.8"\n'),
        ("setup.cfg", "[options]\npython_requires = ~=3.8.0\n"),
        ("setup.py", "from setuptools import setup\n\nsetup(name='x', python_requires='>=3.8')\n"),
    ],
)
@pytest.mark.parametrize("listed", ["requirements.txt", "requirements/base.txt"])
def test_a_list_of_requirements_is_for_the_python_of_the_project_beside_it(
    shop: Shop, name: str, text: str, listed: str
) -> None:
    shop.write(name, text)
    path = shop.write(listed, "stripe==12.5.1\n")
    assert shop.fix("--unsafe-fixes", "--select", "STP501").code == 0
    assert path.read_text(encoding="utf-8") == "stripe==14.4.2\n"


@pytest.mark.parametrize(
    ("rule", "before", "python"),
    [
        # 13 and later need Python 3.7
        ("STP501", "12.5.1", "3.6"),
        # 14 has a hole that 9 has not
        ("STP501", "9.12.0", "3.8"),
        # no release without a hole runs there
        ("STP503", "7.8.0", "3.8"),
        ("STP503", "14.4.2", "3.8"),
    ],
)
def test_where_no_release_for_the_python_would_do_that_is_said(shop: Shop, rule: str, before: str, python: str) -> None:
    shop.write("pyproject.toml", f'[project]\nname = "x"\nrequires-python = ">={python}"\n')
    path = shop.write("requirements.txt", f"stripe=={before}\n")
    outcome = shop.fix("--unsafe-fixes", "--select", rule)
    assert path.read_text(encoding="utf-8") == f"stripe=={before}\n"
    newest = "16.1.0" if rule == "STP501" else "15.6.1"
    reason = f"stripe {newest} does not run with Python {python}, which pyproject.toml admits, nor does another"
    assert f"not fixed: {reason} release that would do" in outcome.out


def test_a_python_that_the_present_release_does_not_run_with_is_not_used(shop: Shop) -> None:
    shop.write("pyproject.toml", '[project]\nname = "x"\nrequires-python = ">=3.5"\n')
    path = shop.write("requirements.txt", "stripe==12.5.1 ; python_version != '3.6'\n")
    assert shop.fix("--unsafe-fixes", "--select", "STP501").code == 0
    assert path.read_text(encoding="utf-8").startswith("stripe==14.4.2 ;")
