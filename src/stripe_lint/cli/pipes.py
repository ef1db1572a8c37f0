"""Lets a reader of our output leave early, as ``head`` does, without a complaint and without another exit code."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def quiet_when_reader_leaves() -> Iterator[None]:
    """Drops what is written to standard output after its reader has gone."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still in the buffer would make Python complain when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
