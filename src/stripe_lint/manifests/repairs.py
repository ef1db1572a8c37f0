"""The repairs of manifests, as new texts of whole files. Nothing here writes; whoever does looks at the result first.

A lock file and hashes are never edited: what is in them has to come from an index.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.errors import Declined
from stripe_lint.manifests.bounds import keeps_older_releases, raised
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.pythons import pythons_for
from stripe_lint.manifests.updates import DEPENDABOT_FILES, covers, dependabot_updates, repository_root

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from packaging.version import Version

    from stripe_lint.manifests.checked import CheckedManifest
    from stripe_lint.manifests.model import Entry
    from stripe_lint.manifests.pythons import Pythons
    from stripe_lint.model import Span

_PULL_REQUESTS: Final = "Dependabot would begin to open pull requests"
_NEW_FILE: Final = "version: 2\nupdates:\n"
_ENTRY: Final = """{indent}- package-ecosystem: "{ecosystem}"
{indent}  directory: "{directory}"
{indent}  schedule:
{indent}    interval: "weekly"
"""
_ITEM = re.compile(r"^(?P<indent>[ ]*)- ", re.MULTILINE)
_UPDATES = re.compile(r"^updates:[ \t]*(?:#.*)?$", re.MULTILINE)
_NEXT_KEY = re.compile(r"^[^\s#-]", re.MULTILINE)
_UPDATE_COMMANDS: Final = {
    Kind.POETRY_LOCK: "poetry update stripe",
    Kind.UV_LOCK: "uv lock --upgrade-package stripe",
    Kind.PDM_LOCK: "pdm update stripe",
    Kind.PIPFILE_LOCK: "pipenv update stripe",
    Kind.PYLOCK: "the tool that made it",
}
_ADD_COMMANDS: Final = {
    Kind.POETRY_LOCK: "poetry add",
    Kind.UV_LOCK: "uv add",
    Kind.PDM_LOCK: "pdm add",
    Kind.PIPFILE_LOCK: "pipenv install",
}
_REQUIREMENT = re.compile(
    r"(?P<before>\s*[\"']?stripe\s*(?:\[[^\]]*\])?\s*\(?)(?P<specifiers>[^;\"')#\\]+)", re.IGNORECASE
)
_KEY = re.compile(r"[\"']?stripe[\"']?\s*=(?!=)\s*", re.IGNORECASE)
_VALUE = re.compile(
    r"(?P<before>(?:^|[\s{,])(?:version|[\"']?stripe[\"']?)\s*=\s*[\"'])(?P<specifiers>[^\"']*)", re.IGNORECASE
)


class NewText(NamedTuple):
    """What a file is to hold; ``path`` is absolute, and may not exist yet.

    ``description`` says what was done, ``caution`` why only who asked for it gets it. ``admits`` is the newest release
    that the code may meet then, where the text changes that.
    """

    path: Path
    text: str
    description: str
    caution: str
    admits: Version | None = None


def raise_bound(manifest: CheckedManifest, entry: Entry, text: str, candidates: Sequence[Version]) -> NewText:
    """The manifest, which holds ``text``, with ``entry`` changed to admit releases up to one of ``candidates``.

    That is the first of them that runs with the Pythons that the requirement is for. Raises ``Declined`` where there is
    none, and where the change has to be made by hand.
    """
    kind = manifest.manifest.kind
    if kind.is_lock:
        raise Declined(f"a lock file is made by its tool: run {_UPDATE_COMMANDS[kind]}")
    start, end = _offsets(text, entry.span)
    written = text[start:end]
    found = _bound(kind, written)
    by_range = found is not None and keeps_older_releases(found["specifiers"])
    pythons = pythons_for(manifest, text, written)
    target, obstacle = _runnable(manifest, entry, candidates, pythons, by_range=by_range)
    for lock, command in _ADD_COMMANDS.items():
        if (manifest.path.parent / lock.value).is_file():
            raise Declined(f'{lock.value} has to change with it: run {command} "stripe>={target}"')
    if entry.hashed:
        raise Declined("the hashes have to come from the index: compile the list anew")
    if sum(other.span == entry.span for other in manifest.entries) > 1:
        raise Declined("there is a constraint for each environment; raise the right one by hand")
    if manifest.declarations:
        raise Declined(f"the list is compiled from {manifest.declarations[0].path.name}: raise the bound there")
    if manifest.compiled:
        name = manifest.compiled[0].path.name
        raise Declined(f"{name} is compiled from it: raise the bound here, and compile {name} anew")
    if found is None:
        raise Declined("the version stands in no bound that could be raised")
    specifiers = found["specifiers"]
    blank = specifiers[len(specifiers.rstrip()) :]
    changed = written[: found.start("specifiers")] + raised(specifiers.rstrip(), target) + blank
    return NewText(
        manifest.path,
        text[:start] + changed + written[found.end("specifiers") :] + text[end:],
        f"the requirement now admits {target}{obstacle}",
        "your code has to be tested with the newer release",
        target,
    )


def _bound(kind: Kind, written: str) -> re.Match[str] | None:
    """The specifiers in a requirement, ``None`` where they stand in no form that is known."""
    if "://" in written:
        return None
    if kind in {Kind.PIPFILE, Kind.PYPROJECT} and (key := _KEY.match(written)):
        return None if written[key.end() :].startswith("[") else _VALUE.search(written)
    return None if "@" in written else _REQUIREMENT.search(written)


def _runnable(
    manifest: CheckedManifest, entry: Entry, candidates: Sequence[Version], pythons: Pythons, *, by_range: bool
) -> tuple[Version, str]:
    """The first of the releases that the project can install, and why none before it. Raises ``Declined``.

    A Python that the present release does not run with either counts no more than it did. ``by_range`` tells whether
    the requirement will go on to admit older releases, for the older Pythons.
    """
    if not candidates:
        raise Declined("no later release is known that nothing is wrong with")
    runs_with = manifest.knowledge.runs_with
    present = manifest.highest(entry)
    used = [each for each in pythons.versions if present is None or runs_with(present, each)] or pythons.versions
    enough = all if used and pythons.has_oldest and not by_range else any
    found = next((each for each in candidates if enough(runs_with(each, python) for python in used)), None)
    if found == candidates[0]:
        return found, ""
    lacking = next((each for each in used if not runs_with(candidates[0], each)), None)
    obstacle = f"stripe {candidates[0]} does not run with Python {lacking}, which {pythons.source} admits"
    if found is not None:
        return found, f"; {obstacle}"
    if lacking is None:
        raise Declined(f"{pythons.source} admits no version of Python")
    raise Declined(f"{obstacle}, nor does another release that would do")


def add_dependabot_entry(manifest: CheckedManifest) -> NewText:
    """Dependabot's configuration with an entry for the manifest: a new file, or one more item of the list.

    Raises ``Declined`` where the configuration leaves the package out on purpose, or is written in another way.
    """
    root = repository_root(manifest.path)
    path = next((root / name for name in DEPENDABOT_FILES if (root / name).is_file()), root / DEPENDABOT_FILES[0])
    folder = manifest.path.parent.relative_to(root).as_posix()
    directory = "/" if folder == "." else f"/{folder}"
    ecosystem = "uv" if (manifest.path.parent / "uv.lock").is_file() else "pip"
    pending = manifest.pending.get(path)
    if pending is not None and covers(pending, manifest.path, manifest.manifest.kind):
        return NewText(path, pending, f"the entry that is added to {path.name} covers it", _PULL_REQUESTS)
    if pending is None and not path.is_file():
        text = _NEW_FILE + _ENTRY.format(indent="  ", ecosystem=ecosystem, directory=directory)
        return NewText(path, text, f"{DEPENDABOT_FILES[0]} is made", _PULL_REQUESTS)
    if any(update.get("package-ecosystem") == ecosystem for update in dependabot_updates(path)):
        raise Declined(f"{DEPENDABOT_FILES[0]} has an entry for {ecosystem} that leaves this manifest out")
    try:
        text = path.read_text(encoding="utf-8") if pending is None else pending
    except (OSError, ValueError) as error:
        raise Declined(f"{DEPENDABOT_FILES[0]} can't be read") from error
    header = _UPDATES.search(text)
    if header is None:
        raise Declined("the list of updates is not written line by line")
    after = _NEXT_KEY.search(text, header.end())
    end = len(text) if after is None else after.start()
    item = _ITEM.search(text, header.end(), end)
    entry = _ENTRY.format(indent=item["indent"] if item else "  ", ecosystem=ecosystem, directory=directory)
    body = text[:end].rstrip("\n") + "\n"
    return NewText(path, body + entry + text[end:], f"an entry is added to {DEPENDABOT_FILES[0]}", _PULL_REQUESTS)


def _offsets(text: str, span: Span) -> tuple[int, int]:
    """The offsets in characters that a span, whose columns are in UTF-8 bytes, stands for."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(
            lines[line - 1].encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace")
        )

    return offset(span.line, span.column), offset(span.end_line, span.end_column)
