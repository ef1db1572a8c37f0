from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import gen_error_classes
import pytest
import render_json
import stripe
import stripe_releases

from stripe_lint.data import error_classes

COMMITTED: dict[str, Any] = json.loads(error_classes.ERROR_CLASSES.read_bytes())


def test_newest_release_is_described_as_it_is() -> None:
    newest = stripe_releases.RELEASES[-1]
    if importlib.metadata.version("stripe") != newest:
        pytest.fail("install the newest stripe that the data was made from: pip install -e .[test]")
    package = Path(str(importlib.metadata.distribution("stripe").locate_file("")))
    assert gen_error_classes.bases(package) == {
        name: base for name, (base, _, last) in COMMITTED["classes"].items() if last == newest
    }


def test_bases_are_those_of_the_classes_themselves() -> None:
    exported = {
        name: value.__base__.__name__
        for name in error_classes.bases()
        if (value := getattr(stripe, name, None)) is not None and value.__base__ is not None
    }
    assert len(exported) > 10
    assert exported == {name: error_classes.bases()[name] for name in exported}


def test_data_was_made_from_the_releases_that_are_listed() -> None:
    assert tuple(COMMITTED["stripe_versions"]) == stripe_releases.RELEASES


def test_file_is_sorted_with_one_entry_a_line() -> None:
    assert error_classes.ERROR_CLASSES.read_text("utf-8") == render_json.rendered(COMMITTED)


@pytest.mark.parametrize("name", ["StripeError", "CardError", "InvalidGrantError", "TemporarySessionExpiredError"])
def test_every_class_is_a_stripe_error(name: str) -> None:
    bases = error_classes.bases()
    while name != "StripeError":
        name = bases[name]
    assert bases[name] == "Exception"
