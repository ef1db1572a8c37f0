"""Small projects with a ``probe(…)`` in them, and what the analysis makes of the expression between its parentheses."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from stripe_lint.analysis import names
from stripe_lint.analysis.references import (
    ClassReference,
    External,
    ExternalInstance,
    ExternalList,
    FunctionReference,
    ModuleReference,
    ObjectReference,
    PartialReference,
    Reference,
    StripeService,
)
from stripe_lint.project import Project

if TYPE_CHECKING:
    import ast
    from pathlib import Path

    from stripe_lint.analysis.module import Module


def read_cases(text: str) -> dict[str, tuple[str, str]]:
    """The cases of ``text``, each below a heading ``# title -> expected``: expectation and source by title."""
    pieces = re.split(r"^# (.*) -> (.*)\n", text, flags=re.MULTILINE)
    assert not pieces[0].strip()
    cases = dict(zip(pieces[1::3], zip(pieces[2::3], pieces[3::3], strict=True), strict=True))
    assert len(cases) == len(pieces) // 3
    return cases


def each(cases: dict[str, tuple[str, str]]) -> pytest.MarkDecorator:
    """Runs a test with the ``expected`` and the ``source`` of each case."""
    return pytest.mark.parametrize(("expected", "source"), cases.values(), ids=cases)


def read_files(text: str) -> dict[str, str]:
    """The files of ``text``, each below a line ``--- path``."""
    pieces = re.split(r"^--- (\S+)\n", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def write(root: Path, files: dict[str, str]) -> None:
    """Makes the files of a project."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


def load(root: Path, name: str, project: Project | None = None) -> Module:
    """The module in the file ``name`` as the one being checked."""
    path = root / name
    return (project or Project(root)).load(path, path.read_text(encoding="utf-8"))


def probed(module: Module) -> ast.expr:
    """The expression in the one ``probe(…)`` of a module."""
    (call,) = module.calls["probe"]
    (argument,) = call.args
    return argument


def meaning(module: Module) -> str:
    """What the probed expression means, in words."""
    return in_words(names.resolve(module, probed(module)), module.project.root)


def in_words(reference: Reference | None, root: Path) -> str:
    """A reference as a person would tell it."""
    if reference is None:
        return "unknown"
    if isinstance(reference, External):
        return reference.path
    if isinstance(reference, ExternalInstance):
        return f"a {reference.path}"
    if isinstance(reference, ExternalList):
        return f"several {reference.path}"
    if isinstance(reference, StripeService):
        return f"service {reference.path}".strip()
    if isinstance(reference, PartialReference):
        return f"partial {in_words(reference.function, root)}"
    where = reference.module.path.relative_to(root).as_posix()
    if isinstance(reference, ModuleReference):
        return f"module {where}"
    if isinstance(reference, ClassReference):
        return f"class {reference.node.name} in {where}"
    if isinstance(reference, ObjectReference):
        return f"a {reference.node.name} of {where}"
    assert isinstance(reference, FunctionReference)
    return f"function {getattr(reference.node, 'name', 'lambda')} in {where}"
