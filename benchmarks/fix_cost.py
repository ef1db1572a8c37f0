"""What fixing a file costs, against one parse of it by LibCST with positions, in the same run.

    python benchmarks/fix_cost.py DIRECTORY [--unsafe-fixes] [--slowest N]

Every folder in the directory is a repository. Counted are the files in which something is fixed: the check, the repairs
and the checks of the outcome. What other modules cost, their reading and the search in them, was paid before: each file
is fixed once without being measured. All times are processor time, and nothing is written. Exits with 1 if the sum of
the fixes is above the limit.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider

from stripe_lint.config import Config, Configurations
from stripe_lint.discovery import discover
from stripe_lint.engine import applicable_rules, project_of
from stripe_lint.errors import SourceError
from stripe_lint.fixing.engine import fix_source
from stripe_lint.fixing.options import Options
from stripe_lint.sources import Source, concerns_stripe, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT = 2.5
"""How many times its parse the fix of a file may cost, on average."""

RUNS = 3
"""How often each is measured; the fastest run counts."""


class Measured(NamedTuple):
    """One file that was fixed: seconds of processor time, and how many findings were repaired."""

    path: Path
    fix: float
    parse: float
    fixed: int

    @property
    def ratio(self) -> float:
        """How many parses the fix cost."""
        return self.fix / self.parse


def main() -> int:
    """Measures, prints, and compares with the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--unsafe-fixes", action="store_true")
    parser.add_argument("--slowest", type=int, default=5)
    options = parser.parse_args()
    gc.disable()
    directory = options.directory.absolute()
    measured = [
        each
        for repository in sorted(path for path in directory.iterdir() if path.is_dir())
        for each in measure_repository(repository, Options(unsafe=options.unsafe_fixes))
    ]
    if not measured:
        print("nothing was fixed")
        return 1
    ratios = sorted(each.ratio for each in measured)
    ratio = sum(each.fix for each in measured) / sum(each.parse for each in measured)
    print(f"{len(measured)} files, {sum(each.fixed for each in measured)} findings fixed")
    print(f"fix {sum(each.fix for each in measured):.2f} s, LibCST {sum(each.parse for each in measured):.2f} s")
    print(f"ratio of the sums {ratio:.2f}, limit {LIMIT}")
    median, high = statistics.median(ratios), ratios[len(ratios) * 9 // 10]
    print(f"a file: median {median:.2f}, 90 % {high:.2f}, most {ratios[-1]:.2f}")
    for each in sorted(measured, key=lambda each: each.ratio, reverse=True)[: options.slowest]:
        place = each.path.relative_to(directory)
        print(f"{each.ratio:8.2f}  {each.fix * 1000:7.0f} ms  {each.fixed} fixed  {place}")
    return int(ratio > LIMIT)


def measure_repository(repository: Path, options: Options) -> Iterator[Measured]:
    """What the fixes of one repository cost, file by file."""
    for path in discover([repository], Configurations()).files:
        data = path.read_bytes()
        if not concerns_stripe(data) or not applicable_rules(path, Config().rules(), Config()):
            continue
        try:
            source = decode(data, path, str(path))
            fixed = number_fixed(source, options)
        except SourceError:
            continue
        if fixed:
            seconds = fastest(lambda source=source: number_fixed(source, options))  # type: ignore[misc]
            yield Measured(path, seconds, fastest(lambda source=source: positions(source)), fixed)  # type: ignore[misc]
    gc.collect()


def number_fixed(source: Source, options: Options) -> int:
    """Fixes a file, and says how many findings were repaired."""
    config = Config()
    return len(fix_source(source, config.rules(), config, project_of(source.path, config), options).fixed)


def positions(source: Source) -> object:
    """What the fix is compared with."""
    return MetadataWrapper(libcst.parse_module(source.text), unsafe_skip_copy=True).resolve(PositionProvider)


def fastest(action: Callable[[], object]) -> float:
    """The least processor time of several runs, in seconds."""
    best = float("inf")
    for _ in range(RUNS):
        start = time.process_time()
        action()
        best = min(best, time.process_time() - start)
    return best


if __name__ == "__main__":
    sys.exit(main())
