"""The runtime works with every release line of stripe-python from 8 on."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RELEASES = ("8.11.0", "12.5.1", "14.4.2", "15.6.2", "16.1.0")
TESTS = (
    "test_verification.py",
    "test_objects.py",
    "test_keys.py",
    "test_operations.py",
    "test_reconciliation.py",
    "test_maintenance.py::TestReplay",
    "test_deliveries.py::TestOutcomes",
)


def install(release: str, folder: Path) -> str:
    """Puts one release into a folder; what it depends on is in the environment already."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, f"stripe=={release}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return done.stderr if done.returncode else ""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each release, to be put first in the path."""
    folders = {release: tmp_path_factory.mktemp(f"stripe-{release}-") for release in RELEASES}
    with ThreadPoolExecutor(4) as pool:
        errors = [error for error in pool.map(install, folders, folders.values()) if error]
    assert not errors, errors[0]
    return folders


@pytest.mark.network
def test_with_each_release(installed: dict[str, Path], tmp_path: Path) -> None:
    def run(release: str) -> tuple[str, str]:
        first = os.pathsep.join(filter(None, [str(installed[release]), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": first, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        version = [
            sys.executable,
            "-c",
            "import stripe; print(getattr(stripe, 'VERSION', '') or stripe._version.VERSION)",
        ]
        found = subprocess.run(version, env=environment, capture_output=True, text=True, timeout=60, check=True)
        names = [str(HERE / name) for name in TESTS]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
             "-W", "ignore::DeprecationWarning", f"--basetemp={tmp_path / release}", *names],
            env=environment, cwd=HERE.parent.parent, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        return found.stdout.strip(), done.stdout if done.returncode else ""

    with ThreadPoolExecutor(2) as pool:
        outcomes = dict(zip(RELEASES, pool.map(run, RELEASES), strict=True))
    assert {release: version for release, (version, _) in outcomes.items()} == dict(
        zip(RELEASES, RELEASES, strict=True)
    )
    failed = {release: output[-3000:] for release, (_, output) in outcomes.items() if output}
    assert not failed, "\n".join(f"stripe {release}\n{output}" for release, output in failed.items())
