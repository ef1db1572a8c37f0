"""Finds the calls that send an idempotency key to Stripe and have it written at the call."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mutation.model import Skipped, place
from mutation.repositories import NamedFunction, last_name
from stripe_lint.analysis.stripe_calls import stripe_calls
from stripe_lint.data import surface
from stripe_lint.project import Project
from stripe_lint.sources import find_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mutation.repositories import File, Repository
    from stripe_lint.data.surface import Method

PATTERN: Final = re.compile(rb"idempotency_key")
KEY: Final = "idempotency_key"


@dataclass(frozen=True)
class KeyedCall:
    """A call with its key: the ``key`` expression, in a keyword argument or (``options``) in a dict of options."""

    file: File
    call: ast.Call
    method: Method
    key: ast.expr
    options: ast.Dict | None
    function: NamedFunction | None

    @property
    def expression(self) -> ast.expr:
        """The call with its ``await``."""
        outer = self.file.parents[self.call]
        return outer if isinstance(outer, ast.Await) else self.call

    @property
    def statement(self) -> ast.stmt:
        """The statement that calls."""
        return self.file.statement_of(self.call)

    @property
    def is_critical(self) -> bool:
        """Whether a missing key is STP201, as far as the arguments at the call tell."""
        critical = self.method.critical
        if critical is None:
            return False
        passed = {keyword.arg: keyword.value for keyword in self.call.keywords}
        if critical.when and not any(name in passed for name in critical.when):
            return False
        return not any(
            isinstance(value := passed.get(name), ast.Constant) and value.value == literal
            for name, literal in critical.unless
        )


def keyed_calls(repository: Repository) -> Iterator[KeyedCall | Skipped]:
    """All keyed calls of a repository."""
    for file in repository.candidates(PATTERN):
        module = Project(find_root(file.path)).load(file.path, file.source.text, file.tree)
        methods = {id(found.node): found.method for found in stripe_calls(module)}
        for call in (node for node in file.nodes if isinstance(node, ast.Call)):
            written = _written_key(call)
            if written is None or last_name(call.func) not in surface.method_names():
                continue
            method = methods.get(id(call))
            where = place(file.path, repository.folder, call.lineno)
            if method is None:
                yield Skipped("(every mutation)", "the analysis does not take the call for one of Stripe's", where)
            elif not method.mutating:
                yield Skipped("(every mutation)", "the call changes nothing", where)
            elif (written[1] is not None) is not _takes_options(call, method, written[1]):
                yield Skipped("(every mutation)", "the key stands where it has no effect", where)
            else:
                yield KeyedCall(file, call, method, *written, file.function_of(call))


def _takes_options(call: ast.Call, method: Method, written: ast.Dict | None) -> bool:
    """Whether a dict is the one in which the method takes its options."""
    if method.style != "service":
        return False
    index = method.options_index
    if index is not None and index < len(call.args) and call.args[index] is written:
        return True
    return any(keyword.arg == "options" and keyword.value is written for keyword in call.keywords)


def _written_key(call: ast.Call) -> tuple[ast.expr, ast.Dict | None] | None:
    for keyword in call.keywords:
        if keyword.arg == KEY:
            empty = isinstance(keyword.value, ast.Constant) and not keyword.value.value
            return None if empty else (keyword.value, None)
    for value in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(value, ast.Dict):
            for name, key in zip(value.keys, value.values, strict=True):
                if isinstance(name, ast.Constant) and name.value == KEY:
                    return key, value
    return None
