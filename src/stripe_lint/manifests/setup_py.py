"""Reads the requirements in ``setup.py`` without running it: literals, names bound to literals, and files it opens."""

from __future__ import annotations

import ast
import warnings
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from stripe_lint.errors import SourceError
from stripe_lint.manifests import entries
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.model import Entry, Include, Manifest, Role
from stripe_lint.model import Span
from stripe_lint.sources import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KEYWORDS = frozenset({"install_requires", "extras_require"})


def read(path: Path, text: str) -> Manifest:
    """The requirements that ``setup()`` is given. Raises ``SourceError`` if the file can't be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        raise SourceError(f"syntax error: {error.msg}", max(error.lineno or 1, 1), max(error.offset or 1, 1)) from error
    except (RecursionError, MemoryError, ValueError) as error:
        raise SourceError("can't be parsed") from error
    bound = _bindings(tree)
    found: list[Entry] = []
    includes: list[Include] = []
    for value in _given_to_setup(tree, bound):
        for node in _strings(value, bound):
            text = str(node.value)
            if text.endswith((".txt", ".in")):
                includes.append(Include(_span(node), absolute(path.parent / text), Role.REQUIREMENT))
                continue
            for line in text.splitlines():
                # Any string of the program may begin with the word; only a requirement counts.
                with suppress(SourceError):
                    found.extend(entries.of_string(line, partial(_span, node)))
    return Manifest(path, Kind.SETUP_PY, tuple(found), tuple(includes))


def _bindings(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """What each name of the module may stand for: values, and functions, whose strings count as what they return."""
    bound: dict[str, list[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    bound.setdefault(target.id, []).append(node.value)
                elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                    bound.setdefault(target.value.id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Name) and node.value:
            bound.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.FunctionDef):
            bound.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.With):
            for item in node.items:
                if isinstance(item.optional_vars, ast.Name):
                    bound.setdefault(item.optional_vars.id, []).append(item.context_expr)
    return bound


def _given_to_setup(tree: ast.Module, bound: dict[str, list[ast.AST]]) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or _last_name(node.func) != "setup":
            continue
        for keyword in node.keywords:
            if keyword.arg in _KEYWORDS:
                yield keyword.value
            elif keyword.arg is None and isinstance(keyword.value, ast.Name):
                yield from _entries_of(bound.get(keyword.value.id, []))


def _entries_of(values: list[ast.AST]) -> Iterator[ast.AST]:
    """The requirements in the dicts of keywords that ``setup(**keywords)`` is given."""
    for value in values:
        if isinstance(value, ast.Dict):
            for key, item in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in _KEYWORDS:
                    yield item
        elif isinstance(value, ast.Call):
            yield from (keyword.value for keyword in value.keywords if keyword.arg in _KEYWORDS)


def _strings(node: ast.AST, bound: dict[str, list[ast.AST]]) -> Iterator[ast.Constant]:
    """Every string in ``node`` and in what its names stand for; keys of dicts are names of extras."""
    waiting = [node]
    followed: set[str] = set()
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, ast.Constant):
            if isinstance(each.value, str):
                yield each
        elif isinstance(each, ast.Dict):
            waiting.extend(each.values)
        elif isinstance(each, ast.Name):
            if each.id not in followed:
                followed.add(each.id)
                waiting.extend(bound.get(each.id, ()))
        else:
            waiting.extend(ast.iter_child_nodes(each))


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _span(node: ast.Constant) -> Span:
    return Span(node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
