"""The edits that a rule can ask for, as records on nodes of ``ast``."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stripe_lint.comments import Comment

FunctionDefinition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Replace:
    """Puts the expression ``source`` where ``node`` stands."""

    node: ast.expr
    source: str


@dataclass(frozen=True, slots=True)
class SetKeyword:
    """Passes ``source`` as the keyword ``name``, in place of what was passed."""

    node: ast.Call
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class RemoveKeyword:
    """Passes the keyword ``name`` no more."""

    node: ast.Call
    name: str


@dataclass(frozen=True, slots=True)
class AddArgument:
    """Passes ``source`` as one more positional argument, after the others."""

    node: ast.Call
    source: str


@dataclass(frozen=True, slots=True)
class SetEntry:
    """Gives the written-out dict ``node`` the entry ``key``, in place of what it had."""

    node: ast.Dict
    key: str
    source: str


@dataclass(frozen=True, slots=True)
class RemoveArgument:
    """Passes the positional argument ``number``, counted from 0, no more."""

    node: ast.Call
    number: int


@dataclass(frozen=True, slots=True)
class RemoveEntry:
    """Takes the entry ``key`` out of the written-out dict ``node``."""

    node: ast.Dict
    key: str


@dataclass(frozen=True, slots=True)
class AddParameter:
    """Gives a function one more keyword-only parameter with a default."""

    node: FunctionDefinition
    name: str
    default: str


@dataclass(frozen=True, slots=True)
class AddFirstParameter:
    """Gives a function one more parameter without a default, in front of the others but for ``self``."""

    node: FunctionDefinition
    name: str
    annotation: str


@dataclass(frozen=True, slots=True)
class InsertBefore:
    """Runs the statements ``source`` right before ``node``, also before the comments above that if so asked."""

    node: ast.stmt
    source: str
    above_comments: bool = False


@dataclass(frozen=True, slots=True)
class InsertAfter:
    """Runs the statements ``source`` right after ``node``."""

    node: ast.stmt
    source: str


@dataclass(frozen=True, slots=True)
class ReplaceStatement:
    """Puts the statements ``source`` where ``node`` stands."""

    node: ast.stmt
    source: str


@dataclass(frozen=True, slots=True)
class RemoveStatement:
    """Takes ``node`` out; a block that would be empty gets a ``pass``."""

    node: ast.stmt


@dataclass(frozen=True, slots=True)
class MoveBefore:
    """Takes ``node``, with the comments that belong to it, to the place right before ``target``."""

    node: ast.stmt
    target: ast.stmt


@dataclass(frozen=True, slots=True)
class MoveAfter:
    """Takes ``node``, with the comments that belong to it, to the place right after ``target``."""

    node: ast.stmt
    target: ast.stmt


@dataclass(frozen=True, slots=True)
class MoveToElse:
    """Takes ``node``, with the comments that belong to it, into a new ``else`` of ``target``."""

    node: ast.stmt
    target: ast.If


@dataclass(frozen=True, slots=True)
class AddImport:
    """Imports the module ``name``, as ``alias`` if that is another name, at the top of the file."""

    name: str
    alias: str


@dataclass(frozen=True, slots=True)
class AddImportFrom:
    """Imports ``member`` from the module ``name`` at the top of the file."""

    name: str
    member: str


@dataclass(frozen=True, slots=True)
class AddLogger:
    """Makes the file's logger ``name`` below the imports; ``get_logger`` is how the factory is written."""

    name: str
    get_logger: str


@dataclass(frozen=True, slots=True)
class RemoveExceptionName:
    """Takes the ``as name`` from an ``except``."""

    node: ast.ExceptHandler


@dataclass(frozen=True, slots=True)
class RewriteComment:
    """Writes ``text`` where ``comment`` stands; if it is empty, the comment goes, with its line if it is alone."""

    comment: Comment
    text: str


OfArguments = SetKeyword | RemoveKeyword | AddArgument | RemoveArgument
"""Edits of what a call passes."""

WithinStatement = Replace | OfArguments | SetEntry | RemoveEntry | AddParameter | AddFirstParameter
"""Edits of a part of one statement, which LibCST generates anew."""

AtStatement = InsertBefore | InsertAfter | ReplaceStatement | RemoveStatement
"""Edits of whole statements."""

Move = MoveBefore | MoveAfter | MoveToElse
"""Edits that take a whole statement elsewhere."""

ToModule = AddImport | AddImportFrom | AddLogger
"""Edits at the top of the file; equal ones of several repairs are one."""

AnyEdit = WithinStatement | AtStatement | Move | ToModule | RemoveExceptionName | RewriteComment
