"""The project around a file: which file an import means, and which files mention a name.

A project reads other modules only when a question from the file being checked leads there. What it remembers is
facts about files, never findings, so no result depends on the order in which files are checked.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from weakref import WeakValueDictionary

from stripe_lint.analysis.module import Module
from stripe_lint.errors import SourceError
from stripe_lint.model import NOTHING_TOLD, Conventions
from stripe_lint.parsing import tree_of
from stripe_lint.sources import decode, find_repository, is_regular

if TYPE_CHECKING:
    import ast

LARGEST_MODULE_BYTES: Final = 1_500_000
"""A file above this size, in bytes, is not read to answer a question from another file."""

MOST_INDEXED_FILES: Final = 6_000
"""A project with more Python files than this answers no question about callers."""

MOST_INDEXED_BYTES: Final = 96_000_000
"""A project with more Python source than this, in bytes, answers no question about callers."""

MOST_FOLDERS: Final = 8_000
"""A project with more folders than this answers no question about callers."""

MOST_CALLER_FILES: Final = 12
"""A name that more files mention than this says nothing about its callers."""

MOST_SEARCHES: Final = 50
"""After this many names that were looked for in the bytes of all files, an index of all their words costs less."""

SKIPPED_FOLDERS: Final = frozenset(
    {".git", ".hg", ".tox", ".nox", ".venv", "venv", "env", "node_modules", "__pycache__", "build", "dist", ".eggs"}
    | {"site-packages", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
)

_TEST_FOLDERS: Final = frozenset({"tests", "test", "testing"})
_SDK_PACKAGES: Final = frozenset({"stripe"})


class _Stamp(NamedTuple):
    size: int
    modified: int


class _Entries(NamedTuple):
    """The names of what is in a folder, and of the Python files among them."""

    names: frozenset[str]
    files: frozenset[str]


_NO_ENTRIES: Final = _Entries(frozenset(), frozenset())


class _SourceRoots(NamedTuple):
    """The folders in which the imports of a file are looked for, and the names of all that is there."""

    folders: list[Path]
    names: frozenset[str]


class Project:
    """All code below one root folder, read on demand."""

    def __init__(self, root: Path, conventions: Conventions = NOTHING_TOLD) -> None:
        """The project below ``root``, of which nothing has been read yet; ``conventions`` is what it told of itself."""
        self.root = root
        self.conventions = conventions
        self.modules_read = 0
        self._modules: dict[Path, tuple[_Stamp, Module | None]] = {}
        self._living_modules: WeakValueDictionary[Path, Module] = WeakValueDictionary()
        self._texts: dict[Path, int] = {}
        self._mentions: dict[str, list[Path] | None] = {}
        self._found: dict[tuple[Path, int, str], Path | None] = {}
        self._roots: dict[Path, _SourceRoots] = {}
        self._entries: dict[Path, _Entries] = {}
        self._fresh: dict[Path, Module | None] = {}
        self._folders: dict[Path, Path] = {}

    def load(self, path: Path, text: str, tree: ast.Module | None = None) -> Module:
        """The file being checked, from the text that the consumer handed over.

        Raises ``SyntaxError``, ``ValueError`` or ``RecursionError`` where ``text`` can't be parsed.
        """
        path = path.absolute()
        module = self._living(path, text)
        if module is None:
            module = self._made(path, text, tree if tree is not None else tree_of(text))
        else:
            _forget(module)
        self._fresh.clear()
        self._note(module)
        self.resume(module)
        return module

    def _living(self, path: Path, text: str) -> Module | None:
        """The module that was made of this file before, if something still rests on it.

        What is known of other modules points at the nodes of this one; a second tree of the same text has other nodes.
        """
        module = self._living_modules.get(path)
        return module if module is not None and module.text == text else None

    def _note(self, module: Module) -> None:
        """Forget what was concluded from another text of the file, if this is not the one that was seen last."""
        if self._texts.setdefault(module.path, hash(module.text)) != hash(module.text):
            self._texts[module.path] = hash(module.text)
            self.forget_facts()

    def _made(self, path: Path, text: str, tree: ast.Module) -> Module:
        module = self._living_modules[path] = Module(path, text, tree, self)
        return module

    def resume(self, module: Module) -> None:
        """Check ``module`` again, which this project made of the checked file earlier."""
        self._fresh[module.path] = module

    def forget_facts(self) -> None:
        """Forget what was concluded about all modules: it may rest on a text of some file that is no more."""
        on_disk = [module for _, module in self._modules.values() if module is not None]
        # a file that is being repaired has two: as it is on disk, and as it would be
        for module in (*self._living_modules.values(), *on_disk):
            _forget(module)

    def module_at(self, path: Path) -> Module | None:
        """The module in the file ``path``; ``None`` where it can't be read or parsed."""
        if path not in self._fresh:
            module = self._fresh[path] = self._up_to_date(path)
            if module is not None:
                self._note(module)
        return self._fresh[path]

    def _up_to_date(self, path: Path) -> Module | None:
        """The module as it is on disk now; asked once for each file that is checked."""
        try:
            status = path.stat()
        except OSError:
            return None
        stamp = _Stamp(status.st_size, status.st_mtime_ns)
        known = self._modules.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        is_readable = stat.S_ISREG(status.st_mode) and stamp.size <= LARGEST_MODULE_BYTES
        module = self._read(path) if is_readable else None
        self._modules[path] = (stamp, module)
        return module

    def _read(self, path: Path) -> Module | None:
        self.modules_read += 1
        try:
            text = decode(path.read_bytes(), path, path.name).text
            return self._living(path, text) or self._made(path, text, tree_of(text))
        except (OSError, SourceError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def find_module(self, dotted: str, importer: Path) -> Path | None:
        """The file that ``import dotted`` means in the file ``importer``; ``None`` for code outside the project."""
        top = dotted.partition(".")[0]
        if top in _SDK_PACKAGES or top in sys.stdlib_module_names:
            return None
        key = (self._folder_of(importer), 0, dotted)
        if key not in self._found:
            self._found[key] = self._search(dotted, importer)
        return self._found[key]

    def find_relative(self, dotted: str, level: int, importer: Path) -> Path | None:
        """The file that ``from <level dots>dotted import …`` means in ``importer``."""
        folder = self._folder_of(importer)
        key = (folder, level, dotted)
        if key not in self._found:
            for _ in range(level - 1):
                folder = folder.parent
            self._found[key] = self._module_file(folder, dotted)
        return self._found[key]

    def _folder_of(self, path: Path) -> Path:
        """The folder of a file, the same object each time: a new path costs more than what is asked with it."""
        folder = self._folders.get(path)
        if folder is None:
            folder = self._folders[path] = path.parent
        return folder

    def _search(self, dotted: str, importer: Path) -> Path | None:
        top = dotted.partition(".")[0]
        roots = self._source_roots(importer)
        sought = {top, f"{top}.py"}
        folders = roots.folders if not sought.isdisjoint(roots.names) else []
        # a package whose folder is not marked as one is known by its name
        above = [folder.parent for folder in importer.parents if folder.name == top] if top in importer.parts else []
        for base in (*folders, *above):
            if sought.isdisjoint(self._entries_of(base).names):
                continue
            found = self._module_file(base, dotted)
            if found is not None and found != importer:
                return found
        return None

    def _module_file(self, base: Path, dotted: str) -> Path | None:
        folder = base.joinpath(*dotted.split(".")) if dotted else base
        beside = self._entries_of(folder.parent) if dotted else _NO_ENTRIES
        if (not dotted or folder.name in beside.names) and "__init__.py" in self._entries_of(folder).files:
            return folder / "__init__.py"
        return folder.with_name(folder.name + ".py") if f"{folder.name}.py" in beside.files else None

    def _entries_of(self, folder: Path) -> _Entries:
        known = self._entries.get(folder)
        if known is None:
            try:
                found = list(os.scandir(folder))
                names = frozenset(entry.name for entry in found)
                files = frozenset(entry.name for entry in found if entry.name.endswith(".py") and entry.is_file())
                known = _Entries(names, files)
            except OSError:
                known = _NO_ENTRIES
            self._entries[folder] = known
        return known

    def _source_roots(self, importer: Path) -> _SourceRoots:
        folder = self._folder_of(importer)
        known = self._roots.get(folder)
        if known is None:
            folders = self._find_source_roots(importer)
            names = frozenset[str]().union(*(self._entries_of(each).names for each in folders))
            known = self._roots[folder] = _SourceRoots(folders, names)
        return known

    def _find_source_roots(self, importer: Path) -> list[Path]:
        folder = importer.parent
        while (folder / "__init__.py").exists() and folder != folder.parent:
            folder = folder.parent
        roots = [folder, self.root, self.root / "src"]
        ancestor = importer.parent
        repository = find_repository(self.root)
        while ancestor != ancestor.parent and (ancestor == repository or repository in ancestor.parents):
            roots.append(ancestor)
            roots.append(ancestor / "src")
            ancestor = ancestor.parent
        return list(dict.fromkeys(roots))

    @cached_property
    def _contents(self) -> dict[Path, bytes] | None:
        """All Python files of the project but its tests, with their bytes; ``None`` where the project is too large."""
        contents: dict[Path, bytes] = {}
        total = 0
        for visited, (folder, folders, names) in enumerate(os.walk(self.root)):
            if visited >= MOST_FOLDERS:
                return None
            folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS and name not in _TEST_FOLDERS)
            for name in sorted(names):
                # what tests call says nothing of how the program runs
                if not name.endswith(".py") or name.startswith(("test_", "conftest")):
                    continue
                path = Path(folder, name)
                data = _bytes_of(path)
                if data is None:
                    continue
                total += len(data)
                if len(contents) >= MOST_INDEXED_FILES or total > MOST_INDEXED_BYTES:
                    return None
                if len(data) <= LARGEST_MODULE_BYTES:
                    contents[path] = data
        return contents

    @cached_property
    def _files_by_word(self) -> dict[bytes, list[Path]]:
        """The files that hold each word; of a word in more than ``MOST_CALLER_FILES`` only one more than these."""
        files: dict[bytes, list[Path]] = {}
        for path, data in (self._contents or {}).items():
            for word in set(re.findall(rb"\b[A-Za-z_]\w*", data)):
                holders = files.setdefault(word, [])
                if len(holders) <= MOST_CALLER_FILES:
                    holders.append(path)
        return files

    def files_that_mention(self, name: str, near: Path | None = None) -> list[Path] | None:
        """The files that hold ``name`` as a whole word; ``None`` where that is unknown or too common to tell.

        ``near`` is a file whose own bytes are always looked at, on disk or not.
        """
        if name not in self._mentions:
            self._mentions[name] = self._search_contents(name)
        known = self._mentions[name]
        if known is None:
            return None
        found = list(known)
        if near is not None and near not in found:
            found.append(near)
        return found if len(found) <= MOST_CALLER_FILES else None

    def _search_contents(self, name: str) -> list[Path] | None:
        contents = self._contents
        if contents is None:
            return None
        encoded = name.encode()
        if len(self._mentions) >= MOST_SEARCHES and name.isascii() and name.isidentifier():
            return self._files_by_word.get(encoded, [])
        pattern = rb"\b" + re.escape(encoded) + rb"\b"
        found = []
        for path, data in contents.items():
            if encoded in data and re.search(pattern, data):
                found.append(path)
                if len(found) > MOST_CALLER_FILES:
                    break
        return found


def _forget(module: Module) -> None:
    """Forget what was concluded about a module, and keep what it says."""
    module.memory.clear()
    module.resolved.clear()


def _bytes_of(path: Path) -> bytes | None:
    """The content of a regular file; ``None`` for anything else."""
    try:
        return path.read_bytes() if is_regular(path) else None
    except OSError:
        return None
