"""Reads a manifest of any kind, from its bytes: the one way in."""

from __future__ import annotations

import codecs
import re
from importlib import import_module
from typing import TYPE_CHECKING

from stripe_lint.errors import SourceError
from stripe_lint.manifests.kinds import Kind
from stripe_lint.sources import Source, first_newline, line_of, read_file

if TYPE_CHECKING:
    from pathlib import Path

    from stripe_lint.manifests.model import Manifest

_MODULES = {
    Kind.REQUIREMENTS: "requirements",
    Kind.PYPROJECT: "pyproject",
    Kind.SETUP_CFG: "setup_cfg",
    Kind.SETUP_PY: "setup_py",
    Kind.PIPFILE: "pipfile",
}
_WORD = re.compile(rb"stripe", re.IGNORECASE)
_INCLUDING = frozenset({Kind.REQUIREMENTS, Kind.SETUP_CFG, Kind.SETUP_PY, Kind.PYPROJECT})
_INCLUDE = re.compile(rb"^\s*-(?:r|c|-requirement|-constraint)|\.(?:txt|in)\b|\bfile\s*[:=]", re.MULTILINE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARATION = re.compile(rb"#.*coding[:=]\s*([-\w.]+)")


def mentions_stripe(data: bytes) -> bool:
    """Whether a manifest can say anything about ``stripe``; one that does not pass is never parsed."""
    return _WORD.search(data) is not None or (b"\0" in data and _WORD.search(data.replace(b"\0", b"")) is not None)


def included_by(data: bytes, path: Path, kind: Kind) -> tuple[Path, ...]:
    """The files that a manifest takes requirements or constraints from; none where it is broken."""
    if kind not in _INCLUDING or not _INCLUDE.search(data):
        return ()
    try:
        manifest = parse_manifest(path, decode_manifest(data, path, str(path), kind).text, kind)
    except SourceError:
        return ()
    return tuple(include.path for include in manifest.includes)


def decode_manifest(data: bytes, path: Path, name: str, kind: Kind) -> Source:
    """The text of ``data``: UTF-8, or for requirements whatever their byte order mark or declaration says, as in pip.

    Raises ``SourceError`` if it is not of that encoding.
    """
    mark, encoding = b"", "utf-8"
    for known, its_encoding in _MARKS:
        if data.startswith(known):
            mark, encoding = known, its_encoding
            break
    if kind is not Kind.REQUIREMENTS and encoding != "utf-8":
        raise SourceError(f"encoded as {encoding[:6].upper()}; {kind.value} has to be UTF-8")
    if not mark and kind is Kind.REQUIREMENTS:
        encoding = _declared(data)
    try:
        text = str(data[len(mark) :], encoding)
    except UnicodeDecodeError as error:
        offset = error.start + len(mark)
        byte = data[offset : offset + 1].hex()
        raise SourceError(f"not valid {encoding} (byte 0x{byte})", line_of(data, offset)) from error
    except LookupError as error:
        raise SourceError(f"declares the unknown encoding {encoding}") from error
    if "\0" in text:
        raise SourceError("holds null bytes: UTF-16 without a byte order mark, or a binary file; save it as UTF-8")
    newline = "\n"
    if "\r" in text:
        newline = first_newline(text)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Source(path, name, text, data, encoding, bool(mark), newline)


def _declared(data: bytes) -> str:
    for line in data.split(b"\n", 2)[:2]:
        found = _DECLARATION.match(line)
        if found is not None:
            return found[1].decode("ascii")
    return "utf-8"


def parse_manifest(path: Path, text: str, kind: Kind) -> Manifest:
    """What ``text``, which stands in ``path``, says about ``stripe``. Raises ``SourceError`` for a broken file."""
    if kind is Kind.PIPFILE_LOCK:
        from stripe_lint.manifests.pipfile import read_lock

        return read_lock(path, text)
    if kind.is_lock:
        from stripe_lint.manifests.toml_locks import read

        return read(path, text, kind)
    manifest: Manifest = import_module(f"{__package__}.{_MODULES[kind]}").read(path, text)
    return manifest


def read_manifest(path: Path, kind: Kind) -> Manifest | None:
    """The manifest at ``path``, ``None`` if neither it nor what it includes can mention ``stripe``.

    Raises ``SourceError`` for a broken one.
    """
    data = read_file(path)
    if not mentions_stripe(data) and not (kind in _INCLUDING and _INCLUDE.search(data)):
        return None
    return parse_manifest(path, decode_manifest(data, path, str(path), kind).text, kind)
