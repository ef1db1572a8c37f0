"""The repairs of manifests, as new texts of whole files. Nothing here writes; whoever does looks at the result first.

A lock file and hashes are never edited: what is in them has to come from an index.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.data.milestones import FIRST_MAJOR_FOR_NEWER_PYTHON, NEWER_PYTHON
from stripe_lint.errors import Declined
from stripe_lint.manifests.bounds import raised
from stripe_lint.manifests.dependency import can_apply, parse_marker, pythons_since
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.updates import DEPENDABOT_FILES, covers, dependabot_updates, repository_root

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.version import Version

    from stripe_lint.manifests.checked import CheckedManifest
    from stripe_lint.manifests.model import Entry
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


_MARKER = re.compile(r";\s*([^;#\r\n]*[^;#\r\n\s\\,])")
_REQUIRES_PYTHON = re.compile(r"""^requires-python\s*=\s*["']([^"']*)["']""", re.MULTILINE)


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


def raise_bound(manifest: CheckedManifest, entry: Entry, text: str, target: Version) -> NewText:
    """The manifest, which holds ``text``, with ``entry`` changed to admit releases up to ``target`` and those after it.

    Raises ``Declined`` where that has to be done by hand.
    """
    kind = manifest.manifest.kind
    if kind.is_lock:
        raise Declined(f"a lock file is made by its tool: run {_UPDATE_COMMANDS[kind]}")
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
    start, end = _offsets(text, entry.span)
    written = text[start:end]
    found = None
    if kind in {Kind.PIPFILE, Kind.PYPROJECT} and (key := _KEY.match(written)):
        found = None if written[key.end() :].startswith("[") else _VALUE.search(written)
    elif "@" not in written:
        found = _REQUIREMENT.search(written)
    if found is None or "://" in written:
        raise Declined("the version stands in no bound that could be raised")
    _require_python(kind, text, written, target)
    specifiers = found["specifiers"]
    blank = specifiers[len(specifiers.rstrip()) :]
    changed = written[: found.start("specifiers")] + raised(specifiers.rstrip(), target) + blank
    return NewText(
        manifest.path,
        text[:start] + changed + written[found.end("specifiers") :] + text[end:],
        f"the requirement now admits {target}",
        "your code has to be tested with the newer release",
        target,
    )


def _require_python(kind: Kind, text: str, written: str, target: Version) -> None:
    """Raises ``Declined`` where the requirement is for Pythons that are all too old for ``target``."""
    if target.major < FIRST_MAJOR_FOR_NEWER_PYTHON:
        return
    requirement = written.strip(written[:1]) if written.startswith(("'", '"')) else written
    marker = _MARKER.search(requirement)
    conditions = [marker[1]] if marker is not None else []
    if kind is Kind.PYPROJECT:
        conditions += [f"requires-python {each}" for each in _REQUIRES_PYTHON.findall(text)]
    if not all(_holds_in_newer_python(condition) for condition in conditions):
        oldest = ".".join(map(str, NEWER_PYTHON))
        raise Declined(f"it is for Pythons before {oldest}, which stripe {target} does not support")


def _holds_in_newer_python(condition: str) -> bool:
    """Whether a marker, or what follows ``requires-python``, admits a Python that the newest releases run with."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        if not condition.startswith("requires-python "):
            return can_apply(parse_marker(condition), NEWER_PYTHON)
        specifiers = SpecifierSet(condition.removeprefix("requires-python "))
    except (InvalidSpecifier, ValueError):
        return True
    return any(specifiers.contains(f"{python}.1") for python in pythons_since(NEWER_PYTHON))


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
