"""Finds the Python files and manifests to check: what git lists, or a walk that honours ``.gitignore`` files."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.errors import ConfigError, SourceError
from stripe_lint.manifests.kinds import kind_of
from stripe_lint.patterns import matches, specification
from stripe_lint.sources import absolute, find_root, is_regular, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pathspec import GitIgnoreSpec

    from stripe_lint.config import Configurations

PYTHON_SUFFIXES = (".py", ".pyw")
"""How Python files end in a directory that is searched; a file that is named is checked whatever it is called."""

_MANIFEST_SUFFIXES = (".txt", ".in", ".pip", ".toml", ".lock", ".cfg", "Pipfile")

_IgnoreFile = tuple[Path, "GitIgnoreSpec"]


Problem = tuple[Path, SourceError]
"""Something that was meant to be checked and can't be, with the reason."""


class Discovery(NamedTuple):
    """The files to check, absolute, each once: those below a directory sorted, else in the order that was given.

    ``empty`` are the directories that hold no Python file.
    """

    files: tuple[Path, ...]
    empty: tuple[Path, ...]
    problems: tuple[Problem, ...]


def discover(paths: Sequence[Path], configurations: Configurations, *, force_exclude: bool = False) -> Discovery:
    """The Python files and manifests that ``paths`` mean: files as they are, directories with everything below.

    Exclusions hold below a directory; for what is named itself only with ``force_exclude``.
    """
    exclusion = _ExclusionByConfiguration(configurations)
    files: dict[Path, None] = {}
    empty: list[Path] = []
    problems: list[Problem] = []
    for path in map(absolute, paths):
        if force_exclude and exclusion.covers_named(path):
            continue
        try:
            mode = path.stat().st_mode
        except (OSError, ValueError) as error:
            problems.append((path, SourceError(reason_of(error))))
            continue
        if not stat.S_ISDIR(mode):
            files[path] = None
            continue
        found = _without_aliases(_files(path, exclusion, problems))
        files.update(dict.fromkeys(found))
        if not any(file.name.endswith(PYTHON_SUFFIXES) for file in found):
            empty.append(path)
    return Discovery(tuple(files), tuple(empty), tuple(problems))


def is_excluded(path: Path, configurations: Configurations) -> bool:
    """Whether the absolute ``path`` is excluded although it was named itself."""
    return _ExclusionByConfiguration(configurations).covers_named(path)


class _ExclusionByConfiguration:
    """Decides from the top down, so that an outer configuration can exclude a directory with one of its own."""

    def __init__(self, configurations: Configurations) -> None:
        self._configurations = configurations
        self._directories: dict[tuple[Path, Path], bool] = {}

    def covers_named(self, path: Path) -> bool:
        """Whether ``path``, or a directory around it in the current directory or else its project, is excluded."""
        here = Path.cwd()
        top = here if path.is_relative_to(here) else find_root(path)
        return path != top and self.covers(path, top)

    def covers(self, path: Path, top: Path) -> bool:
        """Whether ``path``, or a directory around it and below ``top``, is excluded."""
        return self.covers_directory(path.parent, top) or self._is_excluded(path, is_directory=False)

    def covers_directory(self, directory: Path, top: Path) -> bool:
        """Whether ``directory``, or one around it and below ``top``, is excluded."""
        if directory in (top, directory.parent):
            return False
        key = (directory, top)
        if key not in self._directories:
            covered = self.covers_directory(directory.parent, top) or self._is_excluded(directory, is_directory=True)
            self._directories[key] = covered
        return self._directories[key]

    def _is_excluded(self, path: Path, *, is_directory: bool) -> bool:
        try:
            config = self._configurations.at(path.parent)
        except ConfigError:
            # Reported for each file below that needs the configuration; nothing is left out because of it.
            return False
        return matches(config.exclude + config.extend_exclude, path, is_directory=is_directory)


def _is_wanted(name: str, path: Path) -> bool:
    """Whether a file that was found is to be checked: Python, or a manifest."""
    return name.endswith(PYTHON_SUFFIXES) or (name.endswith(_MANIFEST_SUFFIXES) and kind_of(path) is not None)


def _files(top: Path, exclusion: _ExclusionByConfiguration, problems: list[Problem]) -> list[Path]:
    listed = _listed_by_git(top, exclusion, problems)
    # git lists nothing for a directory that is itself ignored; who names it wants it checked.
    return listed or list(_walk(top, exclusion, problems))


def _listed_by_git(top: Path, exclusion: _ExclusionByConfiguration, problems: list[Problem]) -> list[Path]:
    """The files below ``top`` that git tracks or would add; none where git can't tell."""
    if not any((ancestor / ".git").exists() for ancestor in (top, *top.parents)):
        return []
    import subprocess

    # A hook runs with variables that point git at another index, and a stranger's repository may name a program to run.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "core.fsmonitor=false", "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=top, env=environment, capture_output=True, check=False)
    except OSError:
        return []
    if done.returncode != 0 or done.stderr:
        # Also when git only warned, of a directory that it can't open, say: the walk reports what that is.
        return []
    files: list[Path] = []
    environments: list[Path] = []
    for entry in sorted(filter(None, os.fsdecode(done.stdout).split("\0"))):
        path = top / entry
        if path.name == "pyvenv.cfg":
            environments.append(path.parent)
        elif _is_wanted(entry, path):
            if not exclusion.covers(path, top) and _is_readable_file(path):
                files.append(path)
        elif path.is_dir() and not path.is_symlink() and not exclusion.covers_directory(path, top):
            # A repository inside this one: a submodule, or a clone that git does not look into.
            files.extend(_files(path, exclusion, problems))
    return [file for file in files if not any(file.is_relative_to(folder) for folder in environments)]


def _walk(top: Path, exclusion: _ExclusionByConfiguration, problems: list[Problem]) -> Iterator[Path]:
    """The files below ``top``; links to directories are not followed, virtual environments are left out."""
    waiting: list[tuple[Path, list[_IgnoreFile]]] = [(top, [])]
    while waiting:
        directory, ignores = waiting.pop()
        try:
            with os.scandir(directory) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            problems.append((directory, SourceError(reason_of(error))))
            continue
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names and directory != top:
            continue
        if ".gitignore" in names:
            ignores = [*ignores, _read_ignore_file(directory)]
        for entry in entries:
            path = directory / entry.name
            if entry.is_dir(follow_symlinks=False):
                if not exclusion.covers_directory(path, top) and not _is_ignored(path, ignores, is_directory=True):
                    waiting.append((path, ignores))
            elif (
                _is_wanted(entry.name, path)
                and not exclusion.covers(path, top)
                and not _is_ignored(path, ignores, is_directory=False)
                and _is_readable_file(path)
            ):
                yield path


def _read_ignore_file(directory: Path) -> _IgnoreFile:
    try:
        path = directory / ".gitignore"
        text = path.read_text(encoding="utf-8", errors="replace") if is_regular(path) else ""
    except OSError:
        text = ""
    return directory, specification(text.splitlines())


def _is_ignored(path: Path, ignores: list[_IgnoreFile], *, is_directory: bool) -> bool:
    """Whether the innermost ``.gitignore`` with an opinion ignores ``path``."""
    for base, lines in reversed(ignores):
        relative = path.relative_to(base).as_posix()
        verdict = lines.check_file(f"{relative}/" if is_directory else relative).include
        if verdict is not None:
            return verdict
    return False


def _is_readable_file(path: Path) -> bool:
    """Whether to read ``path``: a regular file, or something whose error is worth a report (a link to itself)."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        # A tracked file that was removed, or the dangling link by which an editor marks a file as open.
        return False
    except OSError:
        return True


def _without_aliases(files: Iterable[Path]) -> list[Path]:
    """``files`` sorted, without links whose target is in the list already."""
    links: list[Path] = []
    regular: list[Path] = []
    for file in files:
        (links if file.is_symlink() else regular).append(file)
    if not links:
        return sorted(regular)
    seen = {_identity(file) for file in regular}
    for link in sorted(links):
        if _identity(link) not in seen:
            seen.add(_identity(link))
            regular.append(link)
    return sorted(regular)


def _identity(file: Path) -> object:
    try:
        status = file.stat()
    except OSError:
        return file
    return status.st_dev, status.st_ino
