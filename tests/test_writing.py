"""How files are written: never half, never over what somebody else wrote, and as they were otherwise."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from stripe_lint.errors import SourceError
from stripe_lint.writing import create_file, overwrite_file, replace_file

OLD, NEW = b"old\n", b"new\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pay.py"
    path.write_bytes(OLD)
    return path


def test_the_mode_stays(file: Path) -> None:
    file.chmod(0o750)
    replace_file(file, OLD, NEW)
    assert file.read_bytes() == NEW
    assert file.stat().st_mode & 0o777 == 0o750
    assert list(file.parent.iterdir()) == [file]


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "folder" / "link.py"
    link.parent.mkdir()
    link.symlink_to(file)
    replace_file(link, OLD, NEW)
    assert link.is_symlink()
    assert file.read_bytes() == NEW
    assert list(link.parent.iterdir()) == [link]


def test_what_somebody_else_changed_is_left(file: Path) -> None:
    file.write_bytes(b"theirs\n")
    with pytest.raises(SourceError, match="changed while it was being fixed"):
        replace_file(file, OLD, NEW)
    assert file.read_bytes() == b"theirs\n"
    assert list(file.parent.iterdir()) == [file]


def test_what_is_gone_stays_gone(file: Path) -> None:
    file.unlink()
    with pytest.raises(SourceError, match="can't be written: No such file"):
        replace_file(file, OLD, NEW)
    assert list(file.parent.iterdir()) == []


LIMITED = """
import resource, signal, sys
from pathlib import Path
from stripe_lint.errors import SourceError
from stripe_lint.writing import replace_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
path = Path(sys.argv[1])
try:
    replace_file(path, path.read_bytes(), b"x" * 1000)
except SourceError as error:
    print(error)
"""


def test_where_there_is_no_room_the_old_file_stays(file: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout == "can't be written: File too large\n"
    assert file.read_bytes() == OLD
    assert list(file.parent.iterdir()) == [file]


WRITING = """
import sys
from pathlib import Path
from stripe_lint.writing import replace_file
path, contents = Path(sys.argv[1]), [b"a" * 300_000, b"b" * 300_000]
print("ready", flush=True)
while True:
    replace_file(path, *contents)
    contents.reverse()
"""


@pytest.mark.parametrize("milliseconds", [1, 3, 7, 15, 40])
def test_a_kill_leaves_the_old_file_or_the_new_one(milliseconds: int, file: Path) -> None:
    file.write_bytes(b"a" * 300_000)
    with subprocess.Popen([sys.executable, "-c", WRITING, str(file)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(milliseconds / 1000)
        process.send_signal(signal.SIGKILL)
    data = file.read_bytes()
    assert len(data) == 300_000
    assert set(data) in ({ord("a")}, {ord("b")})


KILLED_AT_EACH_LINE = """
import os, signal, sys
from pathlib import Path
from stripe_lint import writing
path, call, old, new = Path(sys.argv[1]), sys.argv[2], b"old\\n", b"new\\n"

def write_until(last):
    lines = 0
    def trace(frame, event, argument):
        nonlocal lines
        if frame.f_code.co_filename != writing.__file__:
            return None
        lines += event in {"line", "return"}
        if lines == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)
    eval(call)
    os._exit(0)

for last in range(1, 1000):
    path.unlink(missing_ok=True) if "create" in call else path.write_bytes(old)
    child = os.fork()
    if not child:
        write_until(last)
    _, status = os.waitpid(child, 0)
    print(os.WIFSIGNALED(status), path.read_bytes().decode().strip() if path.exists() else "none")
    if not os.WIFSIGNALED(status):
        break
"""


CALLS = {"replace_file(path, old, new)": "old", "overwrite_file(path, new)": "old", "create_file(path, new)": "none"}


@pytest.mark.parametrize(("call", "before"), CALLS.items(), ids=CALLS)
def test_a_kill_at_any_line_leaves_what_was_there_or_the_new_file(call: str, before: str, file: Path) -> None:
    command = [sys.executable, "-c", KILLED_AT_EACH_LINE, str(file), f"writing.{call}"]
    done = subprocess.run(command, capture_output=True, check=True)
    *killed, last = done.stdout.decode().splitlines()
    assert last == "False new"
    assert killed == sorted(killed, key=lambda line: "new" in line)
    assert set(killed) == {f"True {before}", "True new"}
    assert len(killed) > 15


def test_what_somebody_else_created_is_left(file: Path) -> None:
    with pytest.raises(SourceError, match="can't be written: File exists"):
        create_file(file, NEW)
    assert file.read_bytes() == OLD
    assert list(file.parent.iterdir()) == [file]


def test_a_new_file_has_the_permissions_of_one(tmp_path: Path) -> None:
    beside = tmp_path / "beside.yml"
    beside.touch()
    create_file(tmp_path / "folder" / "created.yml", NEW)
    overwrite_file(tmp_path / "written.json", NEW)
    for path in (tmp_path / "folder" / "created.yml", tmp_path / "written.json"):
        assert path.read_bytes() == NEW
        assert path.stat().st_mode == beside.stat().st_mode


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from stripe_lint.errors import SourceError
from stripe_lint.writing import replace_file
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    replace_file(Path(sys.argv[1]), b"old\\n", b"new\\n")
except SourceError as error:
    print(error)
"""


@pytest.mark.parametrize("mode", [0o777, 0o555], ids=["file", "folder"])
def test_a_read_only_file_or_folder_is_left(mode: int) -> None:
    # The folders that pytest makes can't be entered by anyone else, and root may write what is read-only.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pay.py")
        path.write_bytes(OLD)
        path.chmod(0o444 if mode == 0o777 else 0o666)
        path.parent.chmod(mode)
        done = subprocess.run(
            [sys.executable, "-c", UNPRIVILEGED, str(path)], capture_output=True, text=True, check=True
        )
        reason = "it is read-only" if mode == 0o777 else "Permission denied"
        assert done.stdout == f"can't be written: {reason}\n"
        assert path.read_bytes() == OLD
        assert list(path.parent.iterdir()) == [path]
        path.parent.chmod(0o777)
