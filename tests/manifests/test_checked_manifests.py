"""``stripe-lint check`` meets manifests: which files it takes for one, and what configuration and comments do."""

from __future__ import annotations

import codecs
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shop import Shop

OLD = "stripe==7.8.0\n"
LOCK = '[[package]]\nname = "stripe"\nversion = "7.8.0"\n'


def test_manifests_are_found_beside_python(shop: Shop) -> None:
    for name in (
        "requirements.txt",
        "requirements-dev.txt",
        "requirements_prod.txt",
        "dev-requirements.in",
        "src/app_requirements.txt",
        "constraints.txt",
        "reqs.txt",
        "requirements/base.txt",
        "requirements/extra.in",
        "deps/all.txt",
    ):
        shop.write(name, OLD)
    for name in ("poetry.lock", "uv.lock", "pdm.lock"):
        shop.write(name, LOCK)
    for name in ("pylock.toml", "pylock.dev.toml"):
        shop.write(name, LOCK.replace("package", "packages"))
    shop.write("Pipfile", '[packages]\nstripe = "==7.8.0"\n')
    shop.write("inner/setup.cfg", "[options]\ninstall_requires = stripe==7.8.0\n")
    for name in ("notes.txt", "stripe.txt", "robots.txt", "templates/requirements.html", "Cargo.lock", "stripe.toml"):
        shop.write(name, OLD)
    for name in ("node_modules/a/requirements.txt", ".venv/requirements.txt", "venv/requirements.txt"):
        shop.write(name, OLD)
    shop.write("pay.py")
    outcome = shop.check("--select", "STP503,STP201")
    assert sorted({path for path, _, _ in outcome.found}) == [
        "Pipfile",
        "constraints.txt",
        "deps/all.txt",
        "dev-requirements.in",
        "inner/setup.cfg",
        "pay.py",
        "pdm.lock",
        "poetry.lock",
        "pylock.dev.toml",
        "pylock.toml",
        "reqs.txt",
        "requirements-dev.txt",
        "requirements.txt",
        "requirements/base.txt",
        "requirements/extra.in",
        "requirements_prod.txt",
        "src/app_requirements.txt",
        "uv.lock",
    ]


def test_git_lists_them_too(shop: Shop) -> None:
    shop.write("requirements.txt", OLD)
    shop.write("out/requirements.txt", OLD)
    shop.write(".gitignore", "out/\n")
    shop.run("git", "init", "-q", ".")
    assert shop.check("--select", "STP503").found == [("requirements.txt", 1, "STP503")]


@pytest.mark.parametrize("name", ["needs/base.txt", "need.in", "everything.pip"])
def test_a_named_text_file_holds_requirements(shop: Shop, name: str) -> None:
    shop.write(name, OLD)
    assert shop.check("--select", "STP503", name).found == [(name, 1, "STP503")]
    assert shop.check("--select", "STP503").found == []


def test_standard_input_may_be_a_manifest(shop: Shop) -> None:
    words = ("-m", "stripe_lint", "check", "--select", "STP503", "--stdin-filename", "uv.lock", "-")
    outcome = shop.run(sys.executable, *words, stdin=LOCK)
    assert outcome.found == [("uv.lock", 2, "STP503")]


def test_a_folder_with_nothing_but_manifests_is_checked(shop: Shop) -> None:
    shop.write("requirements.txt", "stripe==16.1.0\n")
    outcome = shop.check("--ignore", "STP504")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "Found nothing. Checked 1 file.\n"


def test_a_folder_with_a_manifest_of_other_things_holds_nothing(shop: Shop) -> None:
    shop.write("requirements.txt", "flask\n")
    assert "no Python files found" in shop.check().err


def test_places_are_those_of_the_text(shop: Shop) -> None:
    text = "# für\nflask\n  stripe==7.8.0  # alt\n"
    for name, data in {
        "a-requirements.txt": text.encode(),
        "b-requirements.txt": codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode(),
        "c-requirements.txt": text.encode("utf-16"),
        "d-requirements.txt": codecs.BOM_UTF16_BE + text.replace("\n", "\r\n").encode("utf-16-be"),
        "e-requirements.txt": b"# coding: latin-1\n" + text[6:].encode("latin-1"),
    }.items():
        shop.write(name, data)
    document = shop.check("--select", "STP503", "--format", "json").document
    assert {(each["line"], each["column"], each["end_column"]) for each in document["findings"]} == {(3, 3, 16)}
    assert len(document["findings"]) == 5


def test_manifests_of_tests_are_test_code(shop: Shop) -> None:
    shop.write("requirements.txt", "flask\n")
    shop.write("tests/requirements.txt", OLD)
    assert shop.check("--select", "STP5").found == []
    assert "STP503" in shop.check("--select", "STP5", "--include-tests").codes


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        ("stripe==7.8.0  # noqa: STP503\n", True),
        ("stripe==7.8.0  # noqa\n", True),
        ("stripe==7.8.0  # noqa: STP501\n", False),
        ("stripe==7.8.0  # stripe-lint: ignore[STP503] -- it is a fork\n", True),
        ("stripe==7.8.0  # stripe-lint: ignore[vulnerable-or-yanked-stripe]\n", True),
        ("stripe==7.8.0  # stripe-lint: ignore[STP501, STP503]\n", True),
        ("stripe==7.8.0  # stripe-lint: ignore[STP50]\n", False),
        ("stripe==7.8.0  # stripe-lint: ignore\n", False),
        ("# stripe-lint: ignore[STP503] -- it is a fork\nstripe==7.8.0\n", True),
        ("flask # stripe-lint: ignore[STP503]\nstripe==7.8.0\n", False),
        ("# noqa: STP503\nstripe==7.8.0\n", False),
        ("# stripe-lint: ignore-file[STP503]\nflask\nstripe==7.8.0\n", True),
        ("# flake8: noqa\nflask\nstripe==7.8.0\n", True),
        ("stripe==7.8.0 \\\n  --hash=sha256:00  # noqa: STP503\n", True),
        ("stripe==7.8.0\nflask  # noqa: STP503\n", False),
    ],
)
def test_comments_silence_findings(shop: Shop, text: str, silent: bool) -> None:
    shop.write("requirements.txt", text)
    assert (shop.check("--select", "STP503").codes == []) is silent


def test_how_far_behind_is_configured(shop: Shop) -> None:
    shop.write("requirements.txt", "stripe==15.6.2\n")
    assert shop.check("--select", "STP501").codes == []
    shop.configure("max-majors-behind = 0")
    assert shop.check("--select", "STP501").codes == ["STP501"]
    for wrong in ("-1", "true", '"2"'):
        shop.configure(f"max-majors-behind = {wrong}")
        outcome = shop.check()
        assert outcome.code == 2
        assert "max-majors-behind: must be a number from 0 on" in outcome.err


def test_the_version_of_the_code_is_checked(shop: Shop) -> None:
    shop.write("pay.py")
    assert shop.check("--stripe-version", ">=12,<14").codes == ["STP201"]
    outcome = shop.check("--stripe-version", "twelve")
    assert outcome.code == 2
    assert (
        outcome.err
        == 'stripe-lint: --stripe-version: "twelve" is no version (12.5.1) and no range of versions (>=12,<14)\n'
    )


def test_flake8_never_sees_a_manifest(shop: Shop) -> None:
    shop.write("requirements.txt", OLD)
    shop.write("pay.py", "import stripe\n")
    assert shop.flake8("--isolated", "--select", "STP", ".").out == ""


@pytest.mark.parametrize(
    "named", [(), ("requirements.txt",), ("requirements.txt", "requirements-web.txt", "lists/base.txt")]
)
def test_included_lists_are_checked_once(shop: Shop, named: tuple[str, ...]) -> None:
    shop.write("requirements.txt", "-r lists/base.txt\nflask\n")
    shop.write("requirements-web.txt", "--requirement=lists/base.txt\n-c lists/versions.txt\ngunicorn\n")
    shop.write("lists/base.txt", "-r ../requirements.txt\n-c versions.txt\nstripe\n")
    shop.write("lists/versions.txt", OLD)
    outcome = shop.check("--select", "STP501,STP502,STP503", *named)
    assert outcome.found == [("lists/versions.txt", 1, "STP503")]
    assert outcome.code == 1


@pytest.mark.parametrize("name", ["base.list", "base.reqs", "base", "lists/base.lock.txt", "base.v2"])
def test_an_included_list_may_have_any_name(shop: Shop, name: str) -> None:
    shop.write("requirements.txt", f"-r {name}\nflask\n")
    shop.write(name, OLD)
    assert shop.check("--select", "STP503").found == [(name, 1, "STP503")]
    assert shop.check("--select", "STP503", name, "requirements.txt").found == [(name, 1, "STP503")]
    fixed = shop.fix("--unsafe-fixes", "--select", "STP503")
    assert (fixed.code, fixed.err) == (0, "")
    assert (shop.root / name).read_text(encoding="utf-8") == "stripe==15.6.1\n"


def test_other_manifests_include_lists_of_any_name(shop: Shop) -> None:
    shop.write("pyproject.toml", '[tool.setuptools.dynamic]\ndependencies = {file = ["base.list"]}\n')
    shop.write("base.list", "-c versions\nstripe\n")
    shop.write("versions", OLD)
    assert shop.check("--select", "STP503").found == [("versions", 1, "STP503")]


def test_an_included_list_may_be_excluded_broken_or_missing(shop: Shop) -> None:
    shop.write("requirements.txt", "-r common/base.txt\n-r common/none.txt\n-r common\n-r broken.txt\nstripe==7.8.0\n")
    shop.write("common/base.txt", OLD)
    shop.write("broken.txt", "stripe=>7\n")
    outcome = shop.check("--select", "STP503", "--extend-exclude", "common/", "requirements.txt")
    assert outcome.found == [("requirements.txt", 5, "STP503"), ("broken.txt", 1, "STP000")]
    assert outcome.code == 2
