"""Writes files so that whatever happens, the old or the new content is there, and nothing in between."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_lint.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator


def replace_file(path: Path, old: bytes, new: bytes) -> None:
    """Writes ``new`` to ``path``, whose content was ``old`` when it was read.

    The file keeps its mode, its owner where that is allowed, and the symbolic links that lead to it. Raises
    ``SourceError`` if it is another file by now or can't be written; it is as it was then.
    """
    target = Path(os.path.realpath(path))
    with _precise_errors():
        status = target.stat()
        if not os.access(target, os.W_OK):
            raise SourceError("can't be written: it is read-only")
        with _temporary_file(target, new) as temporary:
            _keep_mode_and_owner(temporary, status)
            if target.read_bytes() != old:
                raise SourceError("changed while it was being fixed; it was left as it is, run the command again")
            temporary.replace(target)


def create_file(path: Path, new: bytes) -> None:
    """Writes ``new`` to ``path``, with the folders around it. Raises ``SourceError`` if something is there."""
    with _precise_errors():
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_file(path, new) as temporary:
            temporary.chmod(_mode_of_new_files())
            _link(temporary, path)


def overwrite_file(path: Path, new: bytes) -> None:
    """Writes ``new`` to ``path``, whatever is there. A file keeps mode, owner and links. Raises ``SourceError``."""
    target = Path(os.path.realpath(path))
    with _precise_errors(), _temporary_file(target, new) as temporary:
        try:
            _keep_mode_and_owner(temporary, target.stat())
        except FileNotFoundError:
            temporary.chmod(_mode_of_new_files())
        temporary.replace(target)


@contextmanager
def _precise_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(f"can't be written: {error.strerror}") from error


@contextmanager
def _temporary_file(target: Path, content: bytes) -> Iterator[Path]:
    """A file in the folder of ``target`` that holds ``content``, on disk; it is removed if it is still there after."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".stripe-lint", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _link(temporary: Path, path: Path) -> None:
    """Gives ``temporary`` the name ``path`` too; renaming it would replace what somebody else has created by now."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has links.
        if path.exists():
            raise
        temporary.replace(path)


def _keep_mode_and_owner(temporary: Path, status: os.stat_result) -> None:
    temporary.chmod(stat.S_IMODE(status.st_mode))
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


def _mode_of_new_files() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
