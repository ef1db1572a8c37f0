"""Asks every rule about code that has nothing to do with Stripe, to see that none crashes or hangs.

    python benchmarks/never_crash.py [--shallow] [--limit SECONDS] [--jobs N] [PATH ...]

Without paths this is the standard library and the installed packages. The text gate is off, so every file is parsed
and every rule runs on it, in test code too. Since most rules then find no call to follow, all functions are also run
through the analysis itself, unless ``--shallow`` is given: flow graphs, names, and the interpreter over every path.
Exits with 1 if anything crashed or took longer than the limit.
"""

from __future__ import annotations

import argparse
import ast
import os
import signal
import sys
import sysconfig
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_lint.analysis import control_flow, names, starts
from stripe_lint.analysis.dataflow import Exhausted, Interpreter
from stripe_lint.catalogue import COULD_NOT_CHECK, all_rules
from stripe_lint.config import Config
from stripe_lint.engine import check_source
from stripe_lint.errors import SourceError
from stripe_lint.parsing import parse
from stripe_lint.project import Project
from stripe_lint.sources import decode, find_root, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SLOWEST = 10
"""How many files are listed by name."""

DEPTH_SHOWN = 8
"""How many of the innermost calls a traceback shows."""

NOT_OURS = {"site-packages", "dist-packages", "__pycache__"}


class TookTooLongError(BaseException):
    """A file took longer than the limit; no handler of ours may catch it."""


@dataclass
class Tally:
    """What happened to some files."""

    read: int = 0
    unreadable: int = 0
    checked: int = 0
    lines: int = 0
    functions: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Counts what another process did."""
        self.read += other.read
        self.unreadable += other.unreadable
        self.checked += other.checked
        self.lines += other.lines
        self.functions += other.functions
        self.findings += other.findings
        self.problems += other.problems
        self.seconds |= other.seconds


def main() -> int:
    """Prints what was counted, and each crash with its traceback."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--shallow", action="store_true")
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    folders = options.paths or [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")]
    groups = [group for folder in folders for group in groups_in(folder.absolute())]
    check = partial(check_group, deep=not options.shallow, limit=options.limit)
    total = Tally()
    start = time.perf_counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        for tally in pool.map(check, sorted(groups, key=len, reverse=True)):
            total.add(tally)
    show(total, time.perf_counter() - start)
    return int(bool(total.problems))


def groups_in(folder: Path) -> list[list[Path]]:
    """The Python files of a folder, one group for each of its packages."""
    tops: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder).parts
        if NOT_OURS.isdisjoint(inside) and path.is_file():
            tops.setdefault(inside[0] if len(inside) > 1 else "", []).append(path)
    return list(tops.values())


def check_group(paths: list[Path], *, deep: bool, limit: int) -> Tally:
    """Checks some files that belong together."""
    tally = Tally()
    projects: dict[Path, Project] = {}
    for path in paths:
        project = projects.setdefault(find_root(path), Project(find_root(path)))
        start = time.perf_counter()
        try:
            with time_limit(limit):
                check_file(path, project, tally, deep=deep)
        except TookTooLongError:
            tally.problems.append(f"{path}: longer than {limit} s\n{traceback.format_exc(limit=-DEPTH_SHOWN)}")
        except Exception:
            tally.problems.append(f"{path}\n{traceback.format_exc(limit=-DEPTH_SHOWN)}")
        tally.seconds[str(path)] = time.perf_counter() - start
    return tally


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raises ``TookTooLongError`` in the block after so many seconds."""

    def stop(*_: object) -> None:
        raise TookTooLongError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def check_file(path: Path, project: Project, tally: Tally, *, deep: bool) -> None:
    """Asks all rules about one file, then runs its functions."""
    tally.read += 1
    try:
        source = decode(read_bytes(path), path, str(path))
        tree = parse(source.text)
    except SourceError:
        tally.unreadable += 1
        return
    rules = all_rules()
    report = check_source(source, rules, Config(include_tests=True), project)
    tally.checked += 1
    tally.lines += source.text.count("\n")
    tally.findings.update(finding.code for finding in report.findings)
    if report.could_not_check:
        # The engine has told what crashed; asking again shows where.
        told = [f"{path}\n{each.message}" for each in report.findings if each.code == COULD_NOT_CHECK.code]
        module = project.load(path, source.text, tree)
        seen = [crash for rule in rules for crash in crashes(path, lambda rule=rule: list(rule.detect(module)))]  # type: ignore[misc]
        tally.problems += seen or told
    if deep:
        analyse(path, source.text, tree, project, tally)


def analyse(path: Path, text: str, tree: ast.Module, project: Project, tally: Tally) -> None:
    """Builds every flow graph, resolves every expression, and runs every function as if it were a handler."""
    module = project.load(path, text, tree)
    tally.problems += crashes(path, lambda: control_flow.build_block(tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute | ast.Call):
            tally.problems += crashes(path, lambda node=node: names.resolve(module, node))  # type: ignore[misc]
    for function in module.functions:
        tally.functions += 1
        if isinstance(function, ast.Lambda):
            tally.problems += crashes(path, lambda function=function: control_flow.build(function))  # type: ignore[misc]
            continue
        interpreter = Interpreter(follow_everything=True)
        tally.problems += crashes(
            path,
            lambda interpreter=interpreter, function=function: starts.run_handler(interpreter, module, function),  # type: ignore[misc]
        )


def crashes(path: Path, action: Callable[[], object]) -> list[str]:
    """The traceback of ``action``, if it raises anything but what it may."""
    try:
        action()
    except Exhausted:
        return []
    except Exception:
        return [f"{path}\n{traceback.format_exc(limit=-DEPTH_SHOWN)}"]
    return []


def show(total: Tally, elapsed: float) -> None:
    """Prints the numbers, the slowest files and the problems; of problems that are alike the first in full."""
    print(f"{total.read:9,} files read")
    print(f"{total.unreadable:9,} of them no source for this Python")
    print(f"{total.checked:9,} checked: {total.lines:,} lines, {total.functions:,} functions run")
    print(f"{sum(total.findings.values()):9,} findings: {dict(sorted(total.findings.items()))}")
    print(f"{len(total.problems):9,} crashes or hangs")
    print(f"{sum(total.seconds.values()):9.1f} s of work in {elapsed:.1f} s")
    print("slowest:")
    for path, seconds in sorted(total.seconds.items(), key=lambda item: -item[1])[:SLOWEST]:
        print(f"{seconds:9.2f} s {path}")
    alike: dict[str, list[str]] = {}
    for problem in total.problems:
        alike.setdefault(problem.strip().splitlines()[-1].partition(":")[0], []).append(problem)
    for kind, problems in alike.items():
        print(f"\n{len(problems)} x {kind}, as in\n{problems[0].strip()}")
        print("and in", *dict.fromkeys(problem.partition("\n")[0] for problem in problems[1:]), sep="\n  ")


if __name__ == "__main__":
    sys.exit(main())
