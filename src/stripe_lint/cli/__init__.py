"""The command ``stripe-lint``. Only the way in is here, and it imports what the arguments need and no more."""

from __future__ import annotations

import gc
import io
import os
import sys

from stripe_lint import __version__
from stripe_lint.cli.pipes import quiet_when_reader_leaves
from stripe_lint.errors import StripeLintError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with ``arguments``, by default those of the process, and returns its exit code.

    The code is 0 if all is well, 1 for findings at or above ``--fail-on``, 2 if anything could not be checked, and 130
    after an interrupt. What goes wrong ends in one message on standard error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Trees are large and live as long as the run: looking for garbage among them every 700 objects finds none.
    gc.set_threshold(100_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A path or message that the terminal's encoding lacks is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(words)
    except KeyboardInterrupt:
        return 130
    except StripeLintError as error:
        sys.stderr.write(f"stripe-lint: {error}\n")
        return 2
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        sys.stderr.write(f"stripe-lint: internal error, please report it: {type(error).__name__}: {error}\n")
        return 2


def run_and_exit() -> NoReturn:
    """Runs the command and ends the process at once with its exit code.

    Taking the modules and syntax trees apart one by one takes Python as long as checking a small file.
    """
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 2
    os._exit(code)


def _run(words: list[str]) -> int:
    if words == ["--version"]:
        with quiet_when_reader_leaves():
            sys.stdout.write(f"stripe-lint {__version__}\n")
        return 0
    if words[:1] == ["check"] and not any(word.startswith("-") for word in words):
        # Reading options takes longer than checking a small file; what has none does without.
        from pathlib import Path

        from stripe_lint.cli.checking import Request, check

        return check(Request([Path(word) for word in words[1:]]))
    from stripe_lint.cli.application import run

    return run(words)
