"""A progress bar, on a terminal and for what takes long only."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress, TaskID

SHOWN_AFTER_SECONDS: Final = 1.0
"""What is over by then needs no bar, and does not wait for the library that draws it."""


@contextmanager
def shown_progress(stream: TextIO, verb: str) -> Iterator[Callable[[int, int], None] | None]:
    """Gives something to call with how many of how many files are done, ``None`` if nobody would see it."""
    if not stream.isatty() or os.environ.get("PRE_COMMIT") or os.environ.get("TERM") == "dumb":
        yield None
        return
    bar = _Bar(stream, verb)
    try:
        yield bar.update
    finally:
        bar.remove()


class _Bar:
    """Appears late, and leaves no trace."""

    def __init__(self, stream: TextIO, verb: str) -> None:
        self._stream = stream
        self._verb = verb
        self._start = time.monotonic()
        self._shown: tuple[Progress, TaskID] | None = None
        self._missing = False

    def update(self, done: int, total: int) -> None:
        if self._shown is None and not self._missing and time.monotonic() - self._start > SHOWN_AFTER_SECONDS:
            self._appear()
        if self._shown is not None:
            progress, task = self._shown
            progress.update(task, completed=done, total=total)

    def _appear(self) -> None:
        try:
            from rich.console import Console
            from rich.progress import Progress
        except ImportError:
            self._missing = True
            return
        progress = Progress(console=Console(file=self._stream), transient=True)
        self._shown = progress, progress.add_task(self._verb)
        progress.start()

    def remove(self) -> None:
        if self._shown is not None:
            self._shown[0].stop()
