"""What is said of the SDK's methods is said of methods that it has."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from stripe_lint.data import request_methods, surface

_DATA: Final[dict[str, Any]] = json.loads(surface.SURFACE.read_bytes())
METHODS: Final[dict[str, dict[str, Any]]] = {**_DATA["methods"], **_DATA["services"]}
CRITICAL: Final = [path for path, method in METHODS.items() if "critical" in method]


def last_name(path: str) -> str:
    return path.rpartition(".")[2]


def takes_id(method: dict[str, Any]) -> bool:
    if "instance" in method:
        return True
    positional = method.get("class") or method.get("service") or []
    return bool(positional) and positional[0] not in {"params", "options"}


@pytest.mark.parametrize("name", sorted(request_methods.OF_WHAT_IS_THERE))
def test_what_tells_that_something_is_there_takes_its_id(name: str) -> None:
    found = {path: method for path, method in METHODS.items() if last_name(path) == name}
    assert found
    for path, method in found.items():
        # of what can't be made there is one, which needs no id
        can_be_made = f"{path.rpartition('.')[0]}.create" in METHODS
        assert takes_id(method) or not can_be_made, path


@pytest.mark.parametrize("name", sorted(request_methods.ONCE))
def test_what_is_called_once_is_critical_somewhere(name: str) -> None:
    assert any(last_name(path) == name for path in CRITICAL)


@pytest.mark.parametrize("beginning", request_methods.OFTEN)
def test_a_resource_that_a_record_needs_often_is_critical(beginning: str) -> None:
    assert any(path.removeprefix("stripe.").startswith(f"{beginning}.") for path in CRITICAL)


@pytest.mark.parametrize("word", sorted(request_methods.PARTIAL))
def test_what_takes_or_gives_a_part_is_critical_somewhere(word: str) -> None:
    assert any(word in path.lower() for path in CRITICAL)


@pytest.mark.parametrize("path", sorted(request_methods.OF_OWNERS))
def test_what_is_made_for_an_owner_is_a_method(path: str) -> None:
    assert path in METHODS
