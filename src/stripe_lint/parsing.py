"""Parses user code without ever failing in another way than ``SourceError``."""

from __future__ import annotations

import ast
import re
import sys
import warnings

from stripe_lint.errors import SourceError

INTERPRETER = f"Python {sys.version_info.major}.{sys.version_info.minor}"
"""The version whose grammar decides what can be read at once, for messages."""

_NOT_NEWER = ("Missing parentheses in call to", "too many", "source code string cannot contain null bytes")
"""How the messages begin of errors that no newer syntax causes: Python 2, and nesting that ends other parsers too."""

_EXCEPT_STAR = r"except[\s\\]*\*"


def parse(text: str) -> ast.Module:
    """The syntax tree of ``text``.

    Raises ``SourceError`` with the place for code that neither this interpreter nor LibCST can read.
    """
    try:
        return tree_of(text)
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


def tree_of(text: str) -> ast.Module:
    """The same with the interpreter's own errors: ``SyntaxError``, ``ValueError``, ``RecursionError``, ``MemoryError``.

    Syntax newer than the interpreter's is read all the same. An ``except*`` is an ``except`` in the tree, whatever the
    interpreter: it runs for the same errors. Warnings about the user's code (an invalid escape, ``is`` with a literal)
    are the business of other tools and are not shown.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            if str(error.msg).startswith(_NOT_NEWER):
                raise
            from stripe_lint.newer_syntax import UnreadableError, parse_newer

            try:
                return parse_newer(text)
            except UnreadableError:
                raise error from None
    if has_except_star(text):
        for node in ast.walk(tree):
            if node.__class__.__name__ == "TryStar":
                node.__class__ = ast.Try
    return tree


def has_except_star(text: str) -> bool:
    """Whether ``except*``, or something that looks like it, stands in a file."""
    return re.search(_EXCEPT_STAR, text) is not None
