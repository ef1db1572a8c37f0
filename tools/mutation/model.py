"""What a mutation makes, and what the linter made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from mutation.repositories import File
    from mutation.text import Edited


class UnfairError(Exception):
    """A mutation that says nothing about the linter here; the message is the reason."""


class Expected(NamedTuple):
    """A place where the finding may be reported: a line of a file as the mutant has it."""

    file: File
    line: int


@dataclass(frozen=True)
class Mutant:
    """A file broken in one way. Any of ``codes`` is right, at a marked line or at one of the places ``elsewhere``."""

    mutation: str
    codes: tuple[str, ...]
    file: File
    edited: Edited
    elsewhere: tuple[Expected, ...] = ()


class Skipped(NamedTuple):
    """A place that a mutation passed over, and why."""

    mutation: str
    reason: str
    where: str


class Verdict(NamedTuple):
    """A mutant after the linter has seen it; ``note`` shows what changed and what was reported instead."""

    mutation: str
    code: str
    where: str
    reported: bool
    note: str


class Outcome(NamedTuple):
    """All that came of one repository; ``originals`` counts the correct places, ``loud`` names the others."""

    verdicts: list[Verdict]
    skipped: list[Skipped]
    originals: int
    loud: list[str]


def place(path: Path, folder: Path, line: int) -> str:
    """A place as reports show it."""
    return f"{folder.name}/{path.relative_to(folder).as_posix()}:{line}"
