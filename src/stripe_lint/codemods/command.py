"""What a fix is to LibCST's tool: a command that is given a module and hands back another."""

from __future__ import annotations

from abc import ABC
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import libcst
from libcst.codemod import CodemodCommand, CodemodContext, SkipFile

if TYPE_CHECKING:
    import argparse

    from stripe_lint.config import Configurations
    from stripe_lint.fixing.run import FixReport


_Content = bytes
"""``bytes`` is the name of a property of LibCST's modules."""


class FixCommand(CodemodCommand, ABC):
    """Makes the fixes of the rule ``CODE`` in one file, as ``stripe-lint fix --select CODE`` does.

    The nearest ``[tool.stripe-lint]`` counts, and what it excludes is left alone. What is not fixed is a warning with
    its reason. A file that can't be read as Python raises ``SkipFile``.
    """

    CODE: ClassVar[str]

    def __init__(self, context: CodemodContext, unsafe_fixes: bool = False, key_style: str = "uuid") -> None:
        """The options are those of ``stripe-lint fix``."""
        super().__init__(context)
        self._unsafe = unsafe_fixes
        self._key_style = key_style

    @staticmethod
    def add_args(arg_parser: argparse.ArgumentParser) -> None:
        """The options of the fix itself; those of the tool are added by the tool."""
        arg_parser.add_argument(
            "--unsafe-fixes", action="store_true", help="Also make fixes that change what a correct program does."
        )
        arg_parser.add_argument(
            "--key-style", choices=("uuid", "store"), default="uuid", help="Where new keys come from."
        )

    def transform_module_impl(self, tree: libcst.Module) -> libcst.Module:
        """The module after all fixes of the rule; ``tree`` itself if there is nothing to fix."""
        data = _bytes_of(tree, self.context.filename)
        report = self._look(data)
        for file in report.files:
            if file.failure is not None:
                raise SkipFile("; ".join(finding.message for finding in file.failure.findings))
        from stripe_lint.reports.fixes import remarks

        for remark in remarks(report):
            self.warn(remark)
        fixed = next((file.after for file in report.changed), data)
        return tree if fixed == tree.bytes else _Verbatim.parse(fixed)

    def _look(self, data: bytes) -> FixReport:
        from stripe_lint.fixing.options import options_of
        from stripe_lint.fixing.run import fix_text
        from stripe_lint.sources import absolute, display_name

        path = absolute(self.context.filename or "<stdin>")
        options = options_of(unsafe=self._unsafe, key_style=self._key_style)
        configurations = _configurations(self.CODE)
        return fix_text(data, path, display_name(path), configurations, options, force_exclude=True)


@cache
def _configurations(code: str) -> Configurations:
    from stripe_lint.config import Configurations
    from stripe_lint.options import Place

    return Configurations(None, {"select": [code]}, Place("", Path.cwd()))


def _bytes_of(tree: libcst.Module, filename: str | None) -> bytes:
    """The bytes that ``tree`` was parsed from: those of its file, since LibCST can't write every file as it is."""
    if filename is not None and Path(filename).is_file():
        data = Path(filename).read_bytes()
        if data == tree.bytes or libcst.parse_module(data).deep_equals(tree):
            return data
    return tree.bytes


class _Verbatim(libcst.Module):
    """A module that is written as the bytes that it was parsed from; any change makes it an ordinary one."""

    _data: _Content | None = None

    @classmethod
    def parse(cls, data: _Content) -> _Verbatim:
        """The module in ``data``."""
        tree = libcst.parse_module(data)
        module = cls(**{each.name: getattr(tree, each.name) for each in fields(tree)})
        object.__setattr__(module, "_data", data)
        return module

    @property
    def bytes(self) -> _Content:
        """What a tool writes into the file."""
        return super().bytes if self._data is None else self._data

    @property
    def code(self) -> str:
        """What a tool prints."""
        return super().code if self._data is None else str(self._data, self.encoding)
