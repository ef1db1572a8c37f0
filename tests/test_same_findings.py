"""The command and the flake8 plugin find the same in every fixture, however the work is shared out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rule_cases import COMMAND_ONLY, all_cases

if TYPE_CHECKING:
    from pathlib import Path

    from shop import Shop

OFF_BY_DEFAULT = "STP202"
FORMAT = "%(path)s:%(row)d:%(col)d: %(code)s %(text)s"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all fixtures, each a project of its own."""
    root = tmp_path_factory.mktemp("fixtures") / "shop"
    for case in all_cases():
        if case.is_code:
            case.copy_to(root / case.name)
    return root


@pytest.fixture
def filled_shop(shop: Shop, tree: Path) -> Shop:
    return type(shop)(tree, shop.root)


def reported_by_command(shop: Shop, *words: str) -> list[str]:
    # what stands in manifests, or is wrong with a suppression, is the command's alone
    outcome = shop.check("--extend-select", OFF_BY_DEFAULT, "--ignore", COMMAND_ONLY, *words)
    *lines, summary = outcome.out.splitlines()
    assert outcome.code == 1
    assert summary.startswith("Found ")
    return sorted(lines)


def reported_by_flake8(shop: Shop, *words: str) -> list[str]:
    options = ("--isolated", "--select=STP", "--stripe-fail-on=info", f"--stripe-extend-select={OFF_BY_DEFAULT}")
    outcome = shop.flake8(*options, f"--format={FORMAT}", *words)
    assert outcome.err == ""
    return sorted(line.removeprefix("./") for line in outcome.out.splitlines())


def test_the_command_and_flake8_find_the_same_in_every_way(filled_shop: Shop) -> None:
    """In one process, in several, and in another order of the files."""
    expected = reported_by_command(filled_shop, "-j", "1", ".")
    assert len(expected) > 300
    assert reported_by_flake8(filled_shop, "-j1", ".") == expected
    assert reported_by_command(filled_shop, "-j", "2", ".") == expected
    assert reported_by_flake8(filled_shop, "-j2", ".") == expected

    files = sorted((str(path.relative_to(filled_shop.root)) for path in filled_shop.root.rglob("*.py")), reverse=True)
    assert reported_by_command(filled_shop, "-j", "1", *files) == expected
    assert reported_by_flake8(filled_shop, "-j1", *files) == expected
