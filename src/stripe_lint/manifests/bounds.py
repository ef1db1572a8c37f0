"""Raises the bound of a requirement in its own text: the one change that admits a newer release, and no other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stripe_lint.errors import Declined

if TYPE_CHECKING:
    from packaging.version import Version

_SPECIFIER = re.compile(
    r"(?P<operator>\^|~=|~|===|==|!=|<=|>=|<|>|=)?(?P<blank>\s*)(?P<version>v?\d\w*(?:\.\w+)*(?:\.\*)?|\*)",
    re.IGNORECASE,
)
_LOWER = frozenset({">", ">=", "!="})


def raised(specifiers: str, target: Version) -> str:
    """``specifiers``, as PEP 440 or Poetry writes them, changed so that ``target`` is the newest that they admit.

    A lower bound stays where it is, a pin moves. Raises ``Declined`` for alternatives, and where there is no bound.
    """
    if "|" in specifiers:
        raise Declined("the requirement has alternatives; raise the right one by hand")
    found = list(_SPECIFIER.finditer(specifiers))
    if not found or _SPECIFIER.sub("", specifiers).strip(" ,()"):
        raise Declined("the requirement is not understood")
    bounds = [match for match in found if match["operator"] not in _LOWER]
    if len(bounds) != 1:
        raise Declined("the requirement has no bound, or more than one")
    (bound,) = bounds
    return specifiers[: bound.start()] + _moved(bound, target) + specifiers[bound.end() :]


def keeps_older_releases(specifiers: str) -> bool:
    """Whether what ``raised`` makes of ``specifiers`` goes on to admit releases that are older than its target."""
    bounds = [match["operator"] for match in _SPECIFIER.finditer(specifiers) if match["operator"] not in _LOWER]
    return bool(bounds) and all(operator in {"<", "<="} for operator in bounds)


def _moved(bound: re.Match[str], target: Version) -> str:
    operator, version = bound["operator"] or "", bound["version"]
    if operator in {"<", "<="}:
        # an upper bound is where the next major version begins
        return f"<{bound['blank']}{target.major + 1}"
    if version.endswith(".*"):
        return f"{operator}{bound['blank']}{target.major}.*"
    if version == "*":
        raise Declined("the requirement has no bound")
    # "~=16.1.0" would stop before 16.2: as many numbers as there were keep the bound as wide as it was
    count = max(2, version.count(".") + 1) if operator in {"^", "~", "~="} else len(target.release)
    parts = target.release[:count]
    return f"{operator}{bound['blank']}{'.'.join(map(str, parts))}"
