"""The command ``stripe-lint``. Only the way in is here, so that ``--version`` answers before anything is imported."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from stripe_lint import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with ``arguments``, by default those of the process, and returns its exit code.

    The code is 0 if all is well, 1 for findings at or above ``--fail-on``, 2 if anything could not be checked, and 130
    after an interrupt.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has seen enough. What is still in the buffer would make Python complain when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    return code


def _run(words: list[str]) -> int:
    if words == ["--version"]:
        sys.stdout.write(f"stripe-lint {__version__}\n")
        return 0
    from stripe_lint.cli.application import run

    return run(words)
