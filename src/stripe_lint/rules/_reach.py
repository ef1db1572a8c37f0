"""Whether the code of a project opens a hole of the SDK: the known mistakes that lead there, where they can matter."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stripe_lint.analysis.module import Module
    from stripe_lint.model import Rule
    from stripe_lint.project import Project


class _Way(NamedTuple):
    """A file that holds one of the identifiers ``words``, and in which one of ``rules`` finds something."""

    words: tuple[str, ...]
    rules: tuple[str, ...]


_WAYS: Final = {
    "payload": _Way(
        # what sends a request to where the payload says
        ("auto_paging_iter", "fetch_related_object", "fetch_event", "next_page"),
        ("stp101", "stp102"),
    ),
    "secret": _Way(
        (
            "STRIPE_WEBHOOK_SECRET",
            "STRIPE_WEBHOOK_SIGNING_SECRET",
            "STRIPE_ENDPOINT_SECRET",
            "WEBHOOK_SECRET",
            "ENDPOINT_SECRET",
            "stripe_webhook_secret",
            "webhook_secret",
            "endpoint_secret",
        ),
        ("stp402",),
    ),
}
"""For each kind of hole how it is reached."""


def reaches(project: Project, kind: str) -> bool:
    """Whether the code below the root of ``project``, tests left out, reaches holes of this kind."""
    way = _WAYS.get(kind)
    if way is None:
        return False
    rules = [rule for name in way.rules if (rule := _rule(name)) is not None]
    return bool(rules) and any(_has_finding(module, rules) for module in _modules(project, way.words))


def _modules(project: Project, words: tuple[str, ...]) -> Iterator[Module]:
    seen: set[Path] = set()
    for word in words:
        for path in project.files_that_mention(word) or ():
            module = project.module_at(path) if path not in seen else None
            seen.add(path)
            if module is not None:
                yield module


def _has_finding(module: Module, rules: list[Rule]) -> bool:
    return any(
        (hit.severity or rule.severity) is not Severity.INFO
        for rule in rules
        for hit in rule.detect(module)  # type: ignore[arg-type] # these rules are about code
    )


@cache
def _rule(name: str) -> Rule | None:
    module = f"{__package__}.{name}"
    if find_spec(module) is None:
        return None
    found: Rule = import_module(module).RULE
    return found
