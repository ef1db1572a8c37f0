"""Whether the code of a project opens a hole of the SDK: the known mistakes that lead there, where they can matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import secret_defaults
from stripe_lint.model import Severity
from stripe_lint.rules import stp101, stp102, stp402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stripe_lint.analysis.module import Module
    from stripe_lint.project import Project


class _Way(NamedTuple):
    """A file that holds one of the identifiers ``words``, and that ``opens`` the hole."""

    words: tuple[str, ...]
    opens: Callable[[Module], bool]


def _uses_unverified_payload(module: Module) -> bool:
    rules = [stp101.RULE, stp102.RULE]
    return any(
        (hit.severity or rule.severity) is not Severity.INFO
        for rule in rules
        for hit in rule.detect(module)  # type: ignore[arg-type] # these rules are about code
    )


def _accepts_empty_secret(module: Module) -> bool:
    return any(default.empty for default in stp402.open_defaults(module))


_WAYS: Final = {
    "payload": _Way(
        # what sends a request to where the payload says
        ("auto_paging_iter", "fetch_related_object", "fetch_event", "next_page"),
        _uses_unverified_payload,
    ),
    "secret": _Way(secret_defaults.USUAL_NAMES, _accepts_empty_secret),
}
"""For each kind of hole how it is reached."""


def reaches(project: Project, kind: str) -> bool:
    """Whether the code below the root of ``project``, tests left out, reaches holes of this kind."""
    way = _WAYS.get(kind)
    if way is None:
        return False
    return any(way.opens(module) for module in _modules(project, way.words))


def _modules(project: Project, words: tuple[str, ...]) -> Iterator[Module]:
    seen: set[Path] = set()
    for word in words:
        for path in project.files_that_mention(word) or ():
            module = project.module_at(path) if path not in seen else None
            seen.add(path)
            if module is not None:
                yield module
