"""Reads Python files: what they are called, where they belong, whether they concern Stripe, and their text."""

import codecs
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

from stripe_lint.errors import SourceError

KEY_PREFIXES = ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "sk_org_")
"""How the secrets of Stripe begin; a file may hold one without naming Stripe."""

ROOT_MARKERS = (
    ".git",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "manage.py",
    "requirements.txt",
    "Pipfile",
    "poetry.lock",
    "uv.lock",
)
"""What stands in the directory that owns a code base."""

_KEY_PREFIXES_IN_BYTES = tuple(prefix.encode() for prefix in KEY_PREFIXES)
_UTF16_OR_32_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


class Source(NamedTuple):
    """One file's text, with what is needed to write its bytes again.

    ``path`` is absolute, ``name`` is what reports show. ``text`` has no byte order mark and ``\\n`` as its only line
    end, as Python's own reader gives it; ``data`` are the bytes as they were found, ``newline`` is the line end that
    the file uses first.
    """

    path: Path
    name: str
    text: str
    data: bytes
    encoding: str = "utf-8"
    bom: bool = False
    newline: str = "\n"

    @property
    def lines(self) -> list[str]:
        """The text line by line, without line ends; a form feed does not end a line."""
        return self.text.split("\n")


def absolute(path: str | Path) -> Path:
    """``path`` from the root of the file system, without ``.`` and ``..``; symbolic links stay what they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def display_name(path: Path) -> str:
    """``path`` relative to the current directory if it lies below, else absolute; always with forward slashes."""
    full, here = absolute(path), Path.cwd()
    return (full.relative_to(here) if full.is_relative_to(here) else full).as_posix()


def concerns_stripe(content: bytes | str) -> bool:
    """Whether ``content`` can hold anything for the rules; a file that does not pass is never parsed."""
    if isinstance(content, str):
        return "stripe" in content.lower() or any(prefix in content for prefix in KEY_PREFIXES)
    return b"stripe" in content.lower() or any(prefix in content for prefix in _KEY_PREFIXES_IN_BYTES)


def is_regular(path: Path) -> bool:
    """Whether ``path`` is a file that has an end: reading a named pipe or a device may wait for ever."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def read_file(path: Path) -> bytes:
    """The content of the file. Raises ``SourceError`` if it can't be read."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise SourceError(reason_of(error)) from error


def read_bytes(path: Path) -> bytes:
    """The content of the file. Raises ``SourceError`` if it can't be read or can't be Python source of any encoding."""
    data = read_file(path)
    reject_binary(data)
    return data


def reason_of(error: OSError | ValueError) -> str:
    """Why a file or directory can't be read, as one line. A path with a null byte is a ``ValueError``."""
    return f"can't be read: {getattr(error, 'strerror', None) or error}"


def reject_binary(data: bytes) -> None:
    """Raises ``SourceError`` for bytes that no Python could run."""
    if data.startswith(_UTF16_OR_32_MARKS):
        raise SourceError("encoded as UTF-16 or UTF-32, which Python does not run; save it as UTF-8")
    position = data.find(b"\0")
    if position >= 0:
        raise SourceError("holds null bytes: a binary file, or UTF-16 text", line_of(data, position))


def decode(data: bytes, path: Path, name: str) -> Source:
    """The text of ``data`` by the rules of PEP 263.

    Raises ``SourceError`` for an unknown encoding, or for bytes that are not of the encoding that the file declares.
    """
    reject_binary(data)
    encoding = _declared_encoding(data)
    bom = data.startswith(codecs.BOM_UTF8)
    try:
        if "coding".encode(encoding) != b"coding":
            raise SourceError(f"declares the encoding {encoding}, in which the declaration itself is not written")
        text = str(data[len(codecs.BOM_UTF8) :] if bom else data, encoding)
    except UnicodeDecodeError as error:
        offset = error.start + (len(codecs.BOM_UTF8) if bom else 0)
        byte = data[offset : offset + 1].hex()
        raise SourceError(f"not valid {encoding} (byte 0x{byte})", line_of(data, offset)) from error
    except (UnicodeError, LookupError) as error:
        raise SourceError(f"can't be decoded as {encoding}: {error}") from error
    newline = "\n"
    if "\r" in text:
        newline = first_newline(text)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Source(path, name, text, data, encoding, bom, newline)


def find_root(path: Path) -> Path:
    """The directory that owns the code of the absolute ``path``: its nearest ancestor that holds a root marker.

    Without one it is the directory that holds the file's outermost package.
    """
    return _root_of(path.parent)


@cache
def find_repository(root: Path) -> Path:
    """The directory of the repository that holds the code base in ``root``, which may be one of several in it.

    That is where ``.git`` stands; without one, the outermost directory with a root marker.
    """
    around = (root, *root.parents)
    of_git = next((directory for directory in around if os.path.lexists(directory / ".git")), None)
    return of_git or next((directory for directory in reversed(around) if is_root(directory)), root)


@cache
def is_root(directory: Path) -> bool:
    """Whether ``directory`` holds a root marker."""
    return any(os.path.lexists(directory / marker) for marker in ROOT_MARKERS)


@cache
def _root_of(directory: Path) -> Path:
    for candidate in (directory, *directory.parents):
        if is_root(candidate):
            return candidate
    while (directory / "__init__.py").exists() and directory.parent != directory:
        directory = directory.parent
    return directory


def _declared_encoding(data: bytes) -> str:
    first_lines = data.split(b"\n", 2)[:2]
    if not any(b"coding" in line for line in first_lines):
        return "utf-8"
    # Imported only for the few files that may declare something: the module takes longer than reading most files.
    import tokenize

    lines = iter(data.splitlines(keepends=True)[:2])
    try:
        encoding, _ = tokenize.detect_encoding(lambda: next(lines, b""))
    except SyntaxError as error:
        raise SourceError(f"declares an encoding that can't be used: {error.msg}") from error
    return "utf-8" if encoding == "utf-8-sig" else encoding


def first_newline(text: str) -> str:
    """The line end that ``text``, which holds a carriage return, uses first."""
    position = text.index("\r")
    if "\n" in text[:position]:
        return "\n"
    return "\r\n" if text[position : position + 2] == "\r\n" else "\r"


def line_of(data: bytes, position: int) -> int:
    """The number, from 1, of the line on which the byte at ``position`` stands."""
    return data.count(b"\n", 0, position) + 1
