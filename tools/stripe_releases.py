"""The releases of ``stripe`` that the generated data is made from, and the command that regenerates all of it.

    python tools/stripe_releases.py

fetches the wheels with pip into a temporary directory and rewrites every generated file in ``src/stripe_lint/data``.
The oldest releases need Python 3.11 or older (they bundle a ``six`` that newer interpreters cannot import from), and
all of them need ``requests`` and ``typing_extensions``, which come with the ``test`` extra.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# The last release of each major version and, before 2.76, of about each year: methods come and go with majors.
RELEASES = (
    "1.84.2",
    "2.32.1",
    "2.48.0",
    "2.60.0",
    "2.76.0",
    "3.5.0",
    "4.2.1",
    "5.5.0",
    "6.7.1",
    "7.14.0",
    "8.11.0",
    "9.12.1",
    "10.12.0",
    "11.6.0",
    "12.5.1",
    "13.2.0",
    "14.4.2",
    "15.6.2",
    "16.1.0",
)
DATA = Path(__file__).resolve().parent.parent / "src" / "stripe_lint" / "data"


def download(directory: Path) -> list[Path]:
    """Fetch and unpack every release; returns one directory a release, oldest first."""
    wheels = directory / "wheels"
    for release in RELEASES:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--dest", str(wheels), f"stripe=={release}"], check=True)
    packages = []
    for release in RELEASES:
        (wheel,) = wheels.glob(f"stripe-{release}-*.whl")
        packages.append(directory / release)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages[-1])
    return packages


def main() -> None:
    """Regenerate everything."""
    import gen_api_surface
    import gen_error_classes
    import gen_event_types

    with tempfile.TemporaryDirectory() as directory:
        packages = download(Path(directory))
        gen_api_surface.write(packages, DATA / gen_api_surface.FILE)
        gen_error_classes.write(packages, DATA / gen_error_classes.FILE)
        gen_event_types.write(packages, DATA / gen_event_types.FILE)


if __name__ == "__main__":
    main()
