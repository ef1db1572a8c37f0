"""Replaces a file so that whatever happens, the old or the new content is there, and nothing in between."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from stripe_lint.errors import SourceError


def replace_file(path: Path, old: bytes, new: bytes) -> None:
    """Writes ``new`` to ``path``, whose content was ``old`` when it was read.

    The file keeps its mode, its owner where that is allowed, and the symbolic links that lead to it. Raises
    ``SourceError`` if it is another file by now or can't be written; it is as it was then.
    """
    target = Path(os.path.realpath(path))
    try:
        status = target.stat()
        if not os.access(target, os.W_OK):
            raise SourceError("can't be written: it is read-only")
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".stripe-lint", dir=target.parent)
    except OSError as error:
        raise SourceError(f"can't be written: {error.strerror}") from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(new)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(stat.S_IMODE(status.st_mode))
        _keep_owner(temporary, status)
        if target.read_bytes() != old:
            raise SourceError("changed while it was being fixed; it was left as it is, run the command again")
        temporary.replace(target)
    except OSError as error:
        raise SourceError(f"can't be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def create_file(path: Path, new: bytes) -> None:
    """Writes ``new`` to ``path``, where nothing was, with the folders around it. Raises ``SourceError`` if it can't."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            stream.write(new)
    except OSError as error:
        raise SourceError(f"can't be written: {error.strerror}") from error


def _keep_owner(temporary: Path, status: os.stat_result) -> None:
    if not hasattr(os, "chown"):
        return
    made = temporary.stat()
    if (made.st_uid, made.st_gid) == (status.st_uid, status.st_gid):
        return
    try:
        os.chown(temporary, status.st_uid, status.st_gid)
        # Changing the owner takes some bits away.
        temporary.chmod(stat.S_IMODE(status.st_mode))
    except PermissionError:
        return
