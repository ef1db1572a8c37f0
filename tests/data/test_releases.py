"""What is known of the releases is complete and fits together, and what it says of holes is true of the code."""

from __future__ import annotations

import re
import sys
from datetime import date
from importlib.metadata import metadata, version
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from stripe_lint.data.releases import holes, newest, releases
from stripe_lint.data.surface import stripe_versions

TOOLS = Path(__file__).parents[2] / "tools"
VERSIONS = [release.version for release in releases()]
WITHDRAWN = {release.version for release in releases() if release.withdrawn is not None}


def test_releases_are_in_order_and_final() -> None:
    parsed = [Version(each) for each in VERSIONS]
    assert parsed == sorted(set(parsed))
    assert not any(each.is_prerelease for each in parsed)
    assert len(parsed) > 400
    assert all(str(version) == text for version, text in zip(parsed, VERSIONS, strict=True))


def test_the_newest_release_is_the_last_that_stands() -> None:
    assert newest() == [each for each in VERSIONS if each not in WITHDRAWN][-1]


def test_days_are_days_and_majors_came_in_order() -> None:
    days = {release.version: date.fromisoformat(release.date) for release in releases()}
    majors = [each for each in VERSIONS if each.endswith(".0.0")]
    assert [days[each] for each in majors] == sorted(days[each] for each in majors)


def test_the_withdrawn_releases_are_known() -> None:
    assert sorted(WITHDRAWN) == ["5.1.0", "7.8.0"]


def test_every_release_that_other_data_are_made_from_is_in_the_list() -> None:
    assert set(stripe_versions()) <= set(VERSIONS)
    assert version("stripe") in VERSIONS


def test_every_release_says_which_python_it_asks_for() -> None:
    wanted = {release.version: release.requires_python for release in releases()}
    assert SpecifierSet(wanted[version("stripe")]) == SpecifierSet(metadata("stripe")["Requires-Python"])
    oldest = {major: SpecifierSet(wanted[f"{major}.0.0"]) for major in range(4, Version(newest()).major + 1)}
    assert [major for major, pythons in oldest.items() if pythons.contains("3.6")][-1] == 12
    assert [major for major, pythons in oldest.items() if pythons.contains("3.7")][-1] == 14
    assert all(SpecifierSet(each).contains("3.9") for each in wanted.values())


def test_every_version_that_a_hole_names_is_a_release() -> None:
    for hole in holes():
        named = [*re.findall(r"[\d.]+", hole.affected), hole.fixed]
        assert set(named) <= set(VERSIONS), hole.name


@pytest.mark.parametrize("hole", holes(), ids=lambda hole: hole.name)
def test_a_hole_is_described(hole) -> None:  # type: ignore[no-untyped-def]
    affected = SpecifierSet(hole.affected)
    assert not affected.contains(hole.fixed)
    assert not affected.contains(newest())
    assert any(affected.contains(each) for each in VERSIONS)
    assert re.fullmatch(r"https://\S+", hole.source)
    assert re.fullmatch(r"[a-z].*[^.]", hole.effect)
    assert hole.kind in {"payload", "secret", "bundle", "defect", "advisory"}


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("16.1.0", set()),
        ("15.6.1", set()),
        ("15.6.0", {"foreign-host"}),
        ("15.5.1", {"foreign-host", "empty-secret"}),
        ("14.4.2", {"foreign-host", "empty-secret"}),
        ("14.0.1", {"foreign-host", "empty-secret", "old-certificates"}),
        ("11.0.0", {"foreign-host", "empty-secret", "old-certificates"}),
        ("10.12.1", {"empty-secret"}),
        ("10.12.0", {"empty-secret", "old-certificates"}),
        ("4.0.0", {"empty-secret", "old-certificates", "ignored-idempotency-key"}),
        ("3.5.0", {"empty-secret", "old-certificates"}),
        ("1.54.0", {"old-certificates"}),
    ],
)
def test_holes_by_release(release: str, expected: set[str]) -> None:
    assert {hole.name for hole in holes() if SpecifierSet(hole.affected).contains(release)} == expected


def test_the_generator_reads_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(TOOLS)
    import gen_releases

    day = "2026-10-01T08:00:00.000000Z"
    files = [
        {"filename": "stripe-16.0.0.tar.gz", "upload-time": "2026-10-02T08:00:00Z", "yanked": False},
        {"filename": "stripe-16.0.0-py3-none-any.whl", "upload-time": day, "yanked": False, "requires-python": ">=3.9"},
        {"filename": "stripe-16.0.1-py3-none-any.whl", "upload-time": day, "yanked": "breaks", "requires-python": None},
        {"filename": "stripe-15.9.0-py3-none-any.whl", "upload-time": day, "yanked": True},
        {"filename": "stripe-17.0.0b1-py3-none-any.whl", "upload-time": day, "yanked": False},
        {"filename": "stripe-1.0.exe", "upload-time": day, "yanked": False},
    ]
    assert gen_releases.releases(files) == {
        "15.9.0": {"date": "2026-10-01", "yanked": ""},
        "16.0.0": {"date": "2026-10-01", "python": ">=3.9"},
        "16.0.1": {"date": "2026-10-01", "yanked": "breaks"},
    }
    assert gen_releases.content(files)["newest"] == "16.0.0"


def test_the_holes_in_the_data_are_those_of_the_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, run ``python tools/gen_releases.py``."""
    monkeypatch.syspath_prepend(TOOLS)
    known_holes = sys.modules.get("known_holes") or __import__("known_holes")
    assert {tuple(hole) for hole in known_holes.HOLES} == {tuple(hole) for hole in holes() if hole.kind != "advisory"}
