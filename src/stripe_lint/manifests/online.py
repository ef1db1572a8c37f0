"""Asks about newer releases and advisories: the package index that the user's own pip is configured for, and OSV.

Only what stands here goes over the network, and only after ``--online``. Where an answer does not come, the data that
came with the linter stand, and the user is told in one line.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from stripe_lint.manifests.knowledge import ADVISORY, Knowledge, Weakness, shipped_knowledge
from stripe_lint.manifests.model import PACKAGE
from stripe_lint.manifests.versions import VersionRange, parse_range, version_of

if TYPE_CHECKING:
    from packaging.version import Version

SECONDS: Final = 15
"""How long each of the two may take."""

OSV_VARIABLE: Final = "STRIPE_LINT_OSV_URL"
"""The environment variable that names another server with OSV's interface, such as a mirror inside a company."""

_OSV: Final = "https://api.osv.dev"
_LARGEST_ANSWER: Final = 20_000_000
_VERSION_LINE = re.compile(r"^Available versions: (.*)$", re.MULTILINE)


class OnlineError(Exception):
    """One of the two did not answer; the message completes "could not ask …: …"."""


def ask() -> tuple[Knowledge, tuple[str, ...]]:
    """What is known with what they say, and a line for the user about each that did not answer."""
    knowledge = shipped_knowledge()
    notes: list[str] = []
    try:
        knowledge = _with_versions(knowledge, _versions_on_index())
    except OnlineError as error:
        notes.append(f"--online: could not ask the package index: {error}; using the list of releases that came along")
    try:
        knowledge = _with_advisories(knowledge, _advisories())
    except OnlineError as error:
        notes.append(f"--online: could not ask OSV: {error}; using the list of advisories that came along")
    return knowledge, tuple(notes)


def _versions_on_index() -> list[Version]:
    """The final releases that pip would install, withdrawn ones left out. Raises ``OnlineError``."""
    import subprocess

    command = [*_pip(), "--disable-pip-version-check", "--no-input", "--timeout", str(SECONDS), "--retries", "0"]
    try:
        done = subprocess.run(
            # Releases for other interpreters than this one count too.
            [*command, "index", "versions", PACKAGE, "--ignore-requires-python"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise OnlineError(f"no answer in {SECONDS} seconds") from error
    except OSError as error:
        raise OnlineError(f"pip can't be started: {error.strerror}") from error
    listed = _VERSION_LINE.search(done.stdout)
    versions = [version_of(text.strip()) for text in listed[1].split(",")] if listed else []
    found = sorted(version for version in versions if version is not None and not version.is_prerelease)
    if not found:
        raise OnlineError(_last_line(done.stderr) or "pip listed no release of stripe")
    return found


def _pip() -> list[str]:
    """How to start pip: that of this environment, else the one that the user's shell would find."""
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip") or shutil.which("pip3")
    if found is None:
        raise OnlineError("there is no pip here")
    return [found]


def _with_versions(knowledge: Knowledge, listed: list[Version]) -> Knowledge:
    """The knowledge with the releases that are newer than it."""
    newer = [version for version in listed if version > knowledge.newest]
    standing = (*knowledge.standing, *newer)
    return Knowledge(standing, knowledge.withdrawn, knowledge.weaknesses, knowledge.requires_python)


def _advisories() -> list[dict[str, Any]]:
    """What OSV holds about the package, in its own schema. Raises ``OnlineError``."""
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    base = os.environ.get(OSV_VARIABLE, _OSV).rstrip("/")
    if not base.startswith(("https://", "http://")):
        raise OnlineError(f"{OSV_VARIABLE} is no http address")
    question = json.dumps({"package": {"name": PACKAGE, "ecosystem": "PyPI"}}).encode()
    headers = {"Content-Type": "application/json"}
    try:
        request = Request(f"{base}/v1/query", question, headers)  # noqa: S310 - the scheme was looked at
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            content = json.loads(answer.read(_LARGEST_ANSWER))
    except (OSError, HTTPException) as error:
        raise OnlineError(_last_line(str(getattr(error, "reason", None) or error))) from error
    except (ValueError, RecursionError) as error:
        raise OnlineError("the answer is no JSON") from error
    found = content.get("vulns", []) if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise OnlineError("the answer is not in OSV's form")
    return [each for each in found if isinstance(each, dict)]


def _with_advisories(knowledge: Knowledge, advisories: list[dict[str, Any]]) -> Knowledge:
    known = {weakness.name for weakness in knowledge.weaknesses}
    added = [
        weakness
        for advisory in advisories
        if not advisory.get("withdrawn") and (weakness := _weakness(advisory)) is not None
    ]
    new = tuple(weakness for weakness in added if weakness.name not in known)
    weaknesses = knowledge.weaknesses + new
    return Knowledge(knowledge.standing, knowledge.withdrawn, weaknesses, knowledge.requires_python)


def _weakness(advisory: dict[str, Any]) -> Weakness | None:
    """An advisory of OSV as a weakness, ``None`` if it names no version of the package."""
    name = str(advisory.get("id", "advisory"))
    affected = [
        each
        for each in advisory.get("affected", [])
        if isinstance(each, dict) and (each.get("package") or {}).get("name") == PACKAGE
    ]
    ranges = [part for each in affected for kind in each.get("ranges", []) for part in _ranges(kind)]
    listed = [f"=={text}" for each in affected for text in each.get("versions", []) if version_of(str(text))]
    alternatives = [specifiers for text in [*ranges, *listed] for specifiers in parse_range(text).alternatives]
    if not alternatives:
        return None
    fixed = [version_of(match) for text in ranges for match in re.findall(r"<([^,=]+)$", text)]
    known = [version for version in fixed if version is not None]
    summary = " ".join(str(advisory.get("summary") or "has a published advisory").split())
    return Weakness(
        name,
        ADVISORY,
        VersionRange(tuple(alternatives)),
        max(known, default=None),
        f"is affected by {name} ({summary})",
        f"https://osv.dev/vulnerability/{name}",
    )


def _ranges(described: dict[str, Any]) -> list[str]:
    """One range of OSV, a list of events, as version specifiers."""
    if described.get("type") != "ECOSYSTEM":
        return []
    found: list[str] = []
    start = ""
    for event in described.get("events", []):
        if "introduced" in event:
            start = "" if event["introduced"] == "0" else f">={event['introduced']}"
            found.append(start)
        elif "fixed" in event or "last_affected" in event:
            end = f"<{event['fixed']}" if "fixed" in event else f"<={event['last_affected']}"
            found[-1:] = [f"{start},{end}" if start else end]
    return [text for text in found if _is_range(text)]


def _is_range(text: str) -> bool:
    try:
        parse_range(text)
    except ValueError:
        return False
    return True


def _last_line(text: str) -> str:
    """The end of an error message, as one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("ERROR: ") if lines else ""
