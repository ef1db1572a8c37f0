"""What the repairs of manifests write: nothing but the bound, and one more entry for Dependabot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from packaging.version import Version
from rule_cases import FIXTURES, SIDECAR, decoded, make_project

from stripe_lint.errors import Declined
from stripe_lint.manifests.bounds import raised
from stripe_lint.manifests.checked import CheckedManifest
from stripe_lint.manifests.kinds import kind_of
from stripe_lint.manifests.knowledge import shipped_knowledge
from stripe_lint.manifests.reading import parse_manifest
from stripe_lint.manifests.repairs import add_dependabot_entry, raise_bound
from stripe_lint.manifests.updates import is_kept_up_to_date
from stripe_lint.rules.stp501 import detect

if TYPE_CHECKING:
    from pathlib import Path

TARGET = Version("16.1.0")
OLD_MANIFESTS = sorted(
    path for path in (FIXTURES / "STP501").rglob("*") if path.is_file() and kind_of(path) and path.name != SIDECAR
)


def checked(path: Path, text: str) -> CheckedManifest:
    kind = kind_of(path)
    assert kind is not None

    def no_project() -> None:
        raise AssertionError

    manifest = parse_manifest(path, text, kind)
    return CheckedManifest(manifest, shipped_knowledge(), 2, no_project)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("==9.12.0", "==16.1.0"),
        (" == 9.12.0", " == 16.1.0"),
        ("===9.12.0", "===16.1.0"),
        ("~=9.12.0", "~=16.1.0"),
        ("~=9.12", "~=16.1"),
        ("==9.*", "==16.*"),
        (">=8,<12", ">=8,<17"),
        (">=8, <=12.5.1", ">=8, <17"),
        ("<12,!=9.0.0,>=8", "<17,!=9.0.0,>=8"),
        ("^9.1", "^16.1"),
        ("^9", "^16.1"),
        ("~9.1.2", "~16.1.0"),
        ("9.12.0", "16.1.0"),
        ("v9.12.0", "16.1.0"),
        ("=9.12.0", "=16.1.0"),
        ("9.*", "16.*"),
    ],
)
def test_a_bound_is_raised(before: str, after: str) -> None:
    assert raised(before, TARGET) == after


@pytest.mark.parametrize("text", ["", "*", ">=8", "^7 || ^8", ">=8,<9,<10", "==9.1,<10", "nine", ">= 8 and < 9"])
def test_what_is_no_single_bound_is_left(text: str) -> None:
    with pytest.raises(Declined):
        raised(text, [TARGET])


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("requirements.txt", "a\nstripe==9.1.0  # why\nb==1\n", "a\nstripe==16.1.0  # why\nb==1\n"),
        ("requirements.txt", "Stripe[async] ~= 9.1 ; python_version > '3'\n", None),
        ("requirements.txt", "stripe>=8,<9 \\\n", "stripe>=8,<17 \\\n"),
        ("pyproject.toml", '[project]\ndependencies = ["a", "stripe (>=8,<9)"]\n', None),
        ("pyproject.toml", "[project]\ndependencies = ['stripe==9.1.0; os_name == \"nt\"']\n", None),
        ("pyproject.toml", '[tool.poetry.dependencies]\nstripe = "^9.1"  # why\n', None),
        ("pyproject.toml", '[tool.poetry.dependencies]\nstripe = {extras = ["async"], version = "^9.1"}\n', None),
        ("pyproject.toml", '[tool.poetry.dependencies]\n"stripe" = "^9.1"\n', None),
        ("Pipfile", '[packages]\nstripe = "==9.1.0"\n', None),
        ("Pipfile", '[packages]\nstripe = {version = "~=9.1", extras = ["async"]}\n', None),
        ("setup.cfg", "[options]\ninstall_requires =\n    stripe<9\n    flask\n", None),
    ],
)
def test_only_the_bound_changes(name: str, before: str, after: str | None, tmp_path: Path) -> None:
    manifest = checked(tmp_path / name, before)
    (entry,) = manifest.entries
    changed = raise_bound(manifest, entry, before, [TARGET]).text
    if after is not None:
        assert changed == after
    assert len(changed.splitlines()) == len(before.splitlines())
    again = checked(tmp_path / name, changed)
    assert [again.highest(each) for each in again.entries] == [TARGET]
    assert list(detect(again)) == []


@pytest.mark.parametrize("path", OLD_MANIFESTS, ids=lambda path: path.relative_to(FIXTURES / "STP501").as_posix())
def test_each_fixture_is_repaired_or_declined(path: Path) -> None:
    text = decoded(path.read_bytes())
    repaired = 0
    for number, entry in enumerate(checked(path, text).entries):
        manifest = checked(path, text)
        try:
            changed = raise_bound(manifest, entry, text, [TARGET]).text
        except Declined as error:
            assert str(error)  # noqa: PT017
            continue
        after = checked(path, changed)
        highest = after.highest(after.entries[number])
        assert highest is None or highest >= TARGET
        repaired += 1
    if path.name == "requirements.txt" and path.parent.name == "bad_hashes_and_options":
        assert repaired == 0


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("poetry.lock", '[[package]]\nname = "stripe"\nversion = "9.1.0"\n', "poetry update stripe"),
        ("requirements.txt", "stripe==9.1.0 --hash=sha256:00\n", "hashes"),
        ("requirements.txt", "stripe @ https://index.example/stripe-9.1.0-py3-none-any.whl\n", "no bound"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nstripe = {git = "x", tag = "v9.1.0"}\n', "no bound"),
    ],
)
def test_what_has_to_be_done_by_hand_is_said(name: str, text: str, reason: str, tmp_path: Path) -> None:
    manifest = checked(tmp_path / name, text)
    with pytest.raises(Declined, match=reason):
        raise_bound(manifest, manifest.entries[0], text, [TARGET])


def project(root: Path, name: str, configuration: str | None) -> CheckedManifest:
    make_project(root)
    (root / ".git").mkdir()
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("stripe==16.1.0\n", encoding="utf-8")
    if configuration is not None:
        (root / ".github").mkdir()
        (root / ".github" / "dependabot.yml").write_text(configuration, encoding="utf-8")
    return checked(root / name, "stripe==16.1.0\n")


OTHERS = """# updates of everything
version: 2
updates:
    # images first
    - package-ecosystem: docker
      directory: /
      schedule: {interval: daily}

    - package-ecosystem: npm
      directory: /web
      schedule:
          interval: daily

registries:
    ours:
        type: python-index
"""


NOT_INDENTED = "updates:\n- package-ecosystem: npm\n  directory: /\n  schedule: {interval: daily}\nversion: 2\n"


@pytest.mark.parametrize("name", ["requirements.txt", "backend/requirements.txt"])
@pytest.mark.parametrize("configuration", [None, "version: 2\nupdates:\n", OTHERS, NOT_INDENTED])
def test_an_entry_for_dependabot_is_added(name: str, configuration: str | None, tmp_path: Path) -> None:
    manifest = project(tmp_path / "before", name, configuration)
    new = add_dependabot_entry(manifest)
    assert new.path == tmp_path / "before" / ".github" / "dependabot.yml"
    before = yaml.safe_load(configuration) if configuration else {"version": 2}
    after = yaml.safe_load(new.text)
    assert after["updates"][:-1] == (before.get("updates") or [])
    assert {key: after[key] for key in after if key != "updates"} == {
        key: before[key] for key in before if key != "updates"
    }
    for line in (configuration or "").splitlines():
        assert line in new.text.splitlines()
    again = project(tmp_path / "after", name, new.text)
    assert is_kept_up_to_date(again.path, again.manifest.kind)


@pytest.mark.parametrize(
    "configuration",
    [
        "version: 2\nupdates: [{package-ecosystem: npm, directory: /}]\n",
        "version: 2\nupdates:\n- package-ecosystem: pip\n  directory: /other\n",
    ],
)
def test_a_configuration_that_is_no_plain_list_is_left(configuration: str, tmp_path: Path) -> None:
    with pytest.raises(Declined):
        add_dependabot_entry(project(tmp_path / "project", "requirements.txt", configuration))
