"""Everything that belongs to a rule is there and agrees: code, file, fixtures, documentation, and its examples work."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from rule_cases import FIXTURES, Found, all_cases, check, make_project

import stripe_lint
from stripe_lint import catalogue, rules
from stripe_lint.catalogue import COULD_NOT_CHECK
from stripe_lint.model import FixClass, Subject

if TYPE_CHECKING:
    from stripe_lint.model import Rule

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "rules"
RULES = catalogue.all_rules()
SECTIONS = ("What it finds", "Why it costs money", "Bad", "Good", "Fix", "Suppress", "References")

_REQUIREMENT = re.compile(r"^With `(stripe\S+)` in the requirements:$", re.MULTILINE)
"""Which release the examples of a page are for."""

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
about_code = [rule for rule in RULES if rule.subject is Subject.CODE]
about_manifests = [rule for rule in RULES if rule.subject is Subject.MANIFEST]
each_rule_about_code = pytest.mark.parametrize("rule", about_code, ids=lambda rule: rule.code)
each_rule_about_manifests = pytest.mark.parametrize("rule", about_manifests, ids=lambda rule: rule.code)


def sections(rule: Rule) -> dict[str, str]:
    """The text below each heading of the rule's page, in order."""
    pieces = re.split(r"^## (.*)\n", catalogue.page(rule), flags=re.MULTILINE)
    return dict(zip(pieces[1::2], map(str.strip, pieces[2::2]), strict=True))


def examples(rule: Rule, heading: str) -> list[str]:
    """The blocks of Python in a section, fenced or indented."""
    text = sections(rule).get(heading, "")
    fenced = re.findall(r"^```python\n(.*?)^```$", text + "\n", re.MULTILINE | re.DOTALL)
    indented = re.findall(r"(?:^ {4}.*\n(?:[ ]*\n)*)+", text + "\n", re.MULTILINE)
    return fenced or [dedent(block) for block in indented]


def named_files(rule: Rule, heading: str) -> dict[str, str]:
    """The examples of a rule about manifests: the first line of each block names its file, and all make one project."""
    blocks = re.findall(r"^```\w+\n(# ([\w./-]+)\n.*?)^```$", sections(rule)[heading] + "\n", re.MULTILINE | re.DOTALL)
    assert blocks
    return {name: text for text, name in blocks}


def find_in(example: str, rule: Rule, project: Path) -> list[Found]:
    make_project(project)
    (project / "shop.py").write_text(example, encoding="utf-8")
    requirement = _REQUIREMENT.search(catalogue.page(rule))
    if requirement is not None:
        (project / "requirements.txt").write_text(requirement[1], encoding="utf-8")
    return check(project, rule.code)


def find_in_manifests(files: dict[str, str], rule: Rule, project: Path) -> list[Found]:
    make_project(project)
    for name, text in files.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    return check(project, rule.code, only=True)


def test_every_rule_file_is_a_rule() -> None:
    stems = {path.stem for path in Path(rules.__path__[0]).glob("*.py") if not path.stem.startswith("_")}
    assert {stem[:6].upper() for stem in stems} == {rule.code for rule in RULES}
    assert len(stems) == len(RULES)


@each_rule
def test_a_rule_is_at_home_in_the_file_of_its_code(rule: Rule) -> None:
    assert rule.detect.__module__.rpartition(".")[2].startswith(rule.code.lower())


def test_every_rule_has_fixtures_and_every_fixture_a_rule() -> None:
    assert {folder.name for folder in FIXTURES.iterdir()} == {rule.code for rule in RULES}


@each_rule
def test_a_rule_has_bad_and_good_cases(rule: Rule) -> None:
    kinds = {case.is_bad for case in all_cases() if case.code == rule.code}
    assert kinds == {True, False}


@each_rule
def test_codes_and_names_are_well_formed(rule: Rule) -> None:
    assert re.fullmatch(r"STP[1-9]\d\d", rule.code)
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", rule.name)
    assert re.fullmatch(r"[A-Z][^\n]*[^.]\.", rule.summary)
    assert re.fullmatch(r"\d+\.\d+\.\d+", rule.since)
    assert tuple(map(int, rule.since.split("."))) <= tuple(map(int, stripe_lint.__version__.split(".")[:3]))


def test_a_rule_offers_a_fix_where_it_has_one() -> None:
    for each in RULES:
        has_fix = each.repair is not None or each.repair_manifest is not None
        assert has_fix == (each.fix is not FixClass.NONE), each.code


def test_names_are_unique() -> None:
    names = [rule.name for rule in (*RULES, COULD_NOT_CHECK)]
    assert len(set(names)) == len(names)


@each_rule
def test_a_rule_names_the_weaknesses_that_it_finds(rule: Rule) -> None:
    assert rule.cwe
    assert len(set(rule.cwe)) == len(rule.cwe)
    assert all(number > 0 for number in rule.cwe)


@each_rule
def test_a_page_has_a_title_and_the_fixed_sections(rule: Rule) -> None:
    title, blank, *_ = [*catalogue.page(rule).split("\n"), ""]
    assert re.fullmatch(r"[A-Z].*\.", title)
    assert blank == ""
    found = sections(rule)
    assert tuple(found) == SECTIONS
    assert all(found.values())


@each_rule
def test_a_page_shows_how_to_suppress_the_rule(rule: Rule) -> None:
    assert f"# noqa: {rule.code}" in sections(rule).get("Suppress", "")


@each_rule
def test_references_are_links(rule: Rule) -> None:
    lines = sections(rule).get("References", "").splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"- .*\bhttps://\S+", line)] == []


@each_rule
def test_a_page_names_only_rules_that_exist(rule: Rule) -> None:
    known = {each.code for each in (*RULES, COULD_NOT_CHECK)}
    assert set(re.findall(r"\bSTP\d+\b", catalogue.page(rule))) <= known


@each_rule_about_manifests
def test_the_bad_manifest_is_found_and_can_be_suppressed(rule: Rule, tmp_path: Path) -> None:
    files = named_files(rule, "Bad")
    found = find_in_manifests(files, rule, tmp_path / "bad")
    assert {each.code for each in found} == {rule.code}
    for each in found:
        lines = files[each.path].split("\n")
        lines[each.line - 1] += f"  # noqa: {rule.code}"
        files[each.path] = "\n".join(lines)
    assert find_in_manifests(files, rule, tmp_path / "suppressed") == []


@each_rule_about_manifests
def test_nothing_is_found_in_the_good_manifest(rule: Rule, tmp_path: Path) -> None:
    files = named_files(rule, "Good")
    assert any("stripe" in text for text in files.values())
    assert find_in_manifests(files, rule, tmp_path / "good") == []


@each_rule_about_code
def test_the_bad_example_is_found_and_can_be_suppressed(rule: Rule, tmp_path: Path) -> None:
    shown = examples(rule, "Bad")
    assert shown
    for number, example in enumerate(shown):
        found = find_in(example, rule, tmp_path / f"bad{number}")
        assert {each.code for each in found} == {rule.code}
        lines = example.split("\n")
        for line in {each.line for each in found}:
            lines[line - 1] += f"  # noqa: {rule.code}"
        assert find_in("\n".join(lines), rule, tmp_path / f"suppressed{number}") == []


@each_rule_about_code
def test_nothing_is_found_in_the_good_example(rule: Rule, tmp_path: Path) -> None:
    shown = examples(rule, "Good")
    assert shown
    for number, example in enumerate(shown):
        assert "stripe" in example
        assert find_in(example, rule, tmp_path / f"good{number}") == []


def test_the_pages_in_the_documentation_are_up_to_date(tmp_path: Path) -> None:
    """If this fails, run ``python tools/gen_docs.py``."""
    (tmp_path / "STP999.md").touch()
    subprocess.run([sys.executable, str(ROOT / "tools" / "gen_docs.py"), str(tmp_path)], check=True)
    generated = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert generated == {path.name: path.read_text(encoding="utf-8") for path in PAGES.iterdir()}
    assert set(generated) == {"README.md", *(f"{rule.code}.md" for rule in RULES)}
