"""Which file systems SQLite's locks do not hold on."""

from __future__ import annotations

from pathlib import Path

_NETWORK = frozenset(
    ("9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "lustre", "nfs", "nfs4", "smb3", "smbfs")
)
_MOUNTS = Path("/proc/self/mounts")


def network_filesystem(folder: Path) -> str | None:
    """The kind of network file system that a folder is on, as far as the operating system tells: Linux does."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    folder = folder.resolve()
    best, kind = -1, ""
    for line in lines:
        _, mounted, name, *_ = line.split(" ")
        place = Path(mounted.replace("\\040", " "))
        if len(place.parts) >= best and (place == folder or place in folder.parents):
            best, kind = len(place.parts), name
    return kind if kind in _NETWORK else None
