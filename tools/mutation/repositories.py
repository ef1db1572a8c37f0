"""Repositories whose code is mutated: their files, who calls what in them, and what the linter says about a mutant."""

from __future__ import annotations

import ast
import re
import warnings
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from mutation.text import SourceText
from stripe_lint import catalogue
from stripe_lint.analysis.module import Module
from stripe_lint.config import Config
from stripe_lint.engine import find_in
from stripe_lint.errors import SourceError
from stripe_lint.project import SKIPPED_FOLDERS, Project
from stripe_lint.sources import Source, decode, find_root
from stripe_lint.test_code import is_test_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from stripe_lint.model import Finding

NamedFunction = ast.FunctionDef | ast.AsyncFunctionDef

MOST_CALLERS: Final = 12
"""A function name that more files mention says nothing about who calls it."""

CONFIG: Final = Config()


class File:
    """A parsed file with the parents of its nodes."""

    def __init__(self, path: Path, text: str, tree: ast.Module) -> None:
        """Notes the parent of each node."""
        self.path = path
        self.source = SourceText(text)
        self.tree = tree
        self.nodes = list(ast.walk(tree))
        self.parents: dict[ast.AST, ast.AST] = {
            child: node for node in self.nodes for child in ast.iter_child_nodes(node)
        }

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, innermost first."""
        current = self.parents.get(node)
        while current is not None:
            yield current
            current = self.parents.get(current)

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds ``node``."""
        current = node
        while not isinstance(current, ast.stmt):
            current = self.parents[current]
        return current

    def function_of(self, node: ast.AST) -> NamedFunction | None:
        """The innermost named function around ``node``."""
        return next((outer for outer in self.ancestors(node) if isinstance(outer, NamedFunction)), None)

    def imports(self, package: str) -> bool:
        """Whether the file imports from a package."""
        return re.search(rf"^\s*(from|import)\s+{package}\b", self.source.text, re.MULTILINE) is not None


class Overlay(Project):
    """A project in which one file has another text than on the disk."""

    def __init__(self, root: Path, contents: dict[Path, bytes] | None, path: Path, text: str) -> None:
        """``contents`` is what all files of the project hold, read once for all mutants."""
        super().__init__(root)
        self._changed = path
        self._changed_text = text
        self._contents = contents if contents is None else {**contents, path: text.encode()}

    def _read(self, path: Path) -> Module | None:
        if path == self._changed:
            return Module(path, self._changed_text, _parsed(self._changed_text), self)
        return super()._read(path)


class Repository:
    """One folder with the code of a repository."""

    def __init__(self, name: str, folder: Path, only: Iterable[str] | None = None) -> None:
        """``only`` names the files to mutate; the others are still read where a question leads there."""
        self.name = name
        self.folder = folder
        self._only = None if only is None else [folder / path for path in only]
        self._files: dict[Path, File | None] = {}
        self._silent: dict[tuple[Path, tuple[str, ...]], list[Finding]] = {}

    @cached_property
    def _contents(self) -> dict[Path, bytes]:
        found = {}
        for path in sorted(self.folder.rglob("*.py")):
            skipped = not SKIPPED_FOLDERS.isdisjoint(path.relative_to(self.folder).parts)
            if path.is_file() and not skipped and not is_test_code(path):
                found[path] = path.read_bytes()
        return found

    def candidates(self, pattern: re.Pattern[bytes]) -> Iterator[File]:
        """The files to mutate: those that mention Stripe and match ``pattern``, test code left out."""
        for path in self._only if self._only is not None else self._contents:
            data = self._contents.get(path, b"")
            if b"stripe" in data.lower() and pattern.search(data):
                file = self.file(path)
                if file is not None:
                    yield file

    def mentioning(self, name: str) -> list[File]:
        """The files that hold an identifier; none where it is too common."""
        pattern = re.compile(rb"\b" + name.encode() + rb"\b")
        paths = [path for path, data in self._contents.items() if pattern.search(data)]
        if len(paths) > MOST_CALLERS:
            return []
        return [file for file in map(self.file, paths) if file is not None]

    def file(self, path: Path) -> File | None:
        """The parsed file, ``None`` where this Python can't parse it."""
        if path not in self._files:
            try:
                text = decode(self._contents[path], path, str(path)).text
                self._files[path] = File(path, text, _parsed(text))
            except (SourceError, SyntaxError, ValueError, RecursionError):
                self._files[path] = None
        return self._files[path]

    def findings(self, file: File, codes: tuple[str, ...]) -> list[Finding]:
        """What the linter says about a file as it is."""
        key = (file.path, codes)
        if key not in self._silent:
            self._silent[key] = self.findings_in(file, codes, file.path, file.source.text)
        return self._silent[key]

    def findings_in(self, file: File, codes: tuple[str, ...], changed: Path, text: str) -> list[Finding]:
        """What the linter says about ``file`` when the file ``changed`` has the content ``text``."""
        root = find_root(file.path)
        own = text if file.path == changed else file.source.text
        source = Source(file.path, str(file.path), own, own.encode())
        rules = [catalogue.rule(code) for code in codes]
        return find_in(source, _parsed(own), rules, CONFIG, Overlay(root, _contents_of(root), changed, text))


@cache
def _contents_of(root: Path) -> dict[Path, bytes] | None:
    return Project(root)._contents


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def last_name(node: ast.expr) -> str | None:
    """The last part of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
