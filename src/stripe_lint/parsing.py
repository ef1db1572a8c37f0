"""Parses user code without ever failing in another way than ``SourceError``."""

from __future__ import annotations

import ast
import sys
import warnings

from stripe_lint.errors import SourceError

INTERPRETER = f"Python {sys.version_info.major}.{sys.version_info.minor}"
"""The version whose grammar decides what can be read, for messages."""


def parse(text: str) -> ast.Module:
    """The syntax tree of ``text``.

    Warnings about the user's code (an invalid escape, ``is`` with a literal) are the business of other tools and are
    not shown. Raises ``SourceError`` with the place for code that this interpreter can't read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError as error:
            raise SourceError(
                f"syntax error: {error.msg} (read as {INTERPRETER};"
                " for newer syntax run stripe-lint on the Python version of the code)",
                max(error.lineno or 1, 1),
                max(error.offset or 1, 1),
            ) from error
        except (RecursionError, MemoryError) as error:
            raise SourceError(f"nested too deeply for {INTERPRETER} to read") from error
        except ValueError as error:
            raise SourceError(f"not readable as {INTERPRETER} source: {error}") from error
