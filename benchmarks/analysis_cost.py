"""What the analysis of Stripe files costs, against ``ast.parse`` of the same files in the same run.

    python benchmarks/analysis_cost.py DIRECTORY [--slowest N] [--select CODES]

Every folder in the directory is a repository; its files that concern Stripe and are no test code are checked, in two
ways. First all of them in one project, as the command does. Of the parse and of the analysis the fastest of three runs
counts, so both are compared warm, and by then all that the file's questions need of other modules has been read. What
that costs is listed beside it, from the first run: reading and indexing other modules, or asking whether they are
still what was read, searching all files for a name,
running or searching functions of other modules, and reading manifests for the version of ``stripe``. Then each file
alone, in a project that has read nothing yet, and once more in the same project: what a hook or an editor waits for,
and how many other modules a file leads to. All times are processor time. One file is checked before anything is
measured, so that none of them pays for the start, which ``startup.py`` measures. With ``--select`` only these rules
run. Exits with 1 if a limit is exceeded.
"""

from __future__ import annotations

import argparse
import ast
import gc
import os
import statistics
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from stripe_lint.analysis.call_search import CallSearch
from stripe_lint.analysis.dataflow import Interpreter
from stripe_lint.analysis.module import Module
from stripe_lint.config import Config
from stripe_lint.engine import applicable_rules
from stripe_lint.errors import SourceError
from stripe_lint.manifests import requirement
from stripe_lint.parsing import parse
from stripe_lint.project import SKIPPED_FOLDERS, Project
from stripe_lint.sources import Source, concerns_stripe, decode, find_root
from stripe_lint.test_code import is_test_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from stripe_lint.manifests.requirement import StripeRequirement

RATIO_LIMIT = 3.0
"""How many times its parse the analysis of a file, and the index of another module, may cost on average."""

MODULES_LIMIT = 5
"""How many other modules the check of a file may read, in the median."""

WARM_LIMIT, COLD_LIMIT = 1.0, 5.0
"""How many seconds any file may take."""

EVERYTHING = Config()
"""The rules that are on by default."""

RUNS = 3
"""How often what can be repeated is measured; the fastest run counts."""

Result = TypeVar("Result")


class WatchedProject(Project):
    """A project that knows how long it read other files, and which, and how long code in them was looked at."""

    manifests = 0.0
    """The seconds that the manifests of all projects cost: they are found by folder, in whatever project."""

    def __init__(self, root: Path) -> None:
        """Starts with nothing read."""
        super().__init__(root)
        self.reading = 0.0
        self.searching = 0.0
        self.following = 0.0
        self.others: list[Module] = []
        self.is_following = False
        self.checked: Path | None = None

    @property
    def elsewhere(self) -> float:
        """All seconds that other modules cost so far."""
        return sum(self.costs)

    @property
    def costs(self) -> tuple[float, float, float, float]:
        """The seconds for reading other modules, searching all files, code of other modules, and manifests."""
        return self.reading, self.searching, self.following, WatchedProject.manifests

    def is_checked(self, module: Module) -> bool:
        """Whether ``module`` is the one that is checked."""
        return self.checked is None or module.path is self.checked or module.path == self.checked

    def load(self, path: Path, text: str, tree: ast.Module | None = None) -> Module:
        """As ever, but made anew each time: what it costs is what is measured."""
        self._living_modules.pop(path, None)
        module = super().load(path, text, tree)
        self.checked = module.path
        return module

    def follow(self, action: Callable[[], Result]) -> Result:
        """The result of ``action``, which looks at code of another module than the one that is checked."""
        self.is_following = True
        before = self.elsewhere
        try:
            result, seconds = timed(action)
        finally:
            self.is_following = False
        self.following += seconds - (self.elsewhere - before)
        return result

    def _up_to_date(self, path: Path) -> Module | None:
        module, seconds = timed(lambda: super(WatchedProject, self)._up_to_date(path))
        self.reading += seconds
        return module

    def _read(self, path: Path) -> Module | None:
        module = super()._read(path)
        if module is not None:
            self.others.append(module)
        return module

    def files_that_mention(self, name: str, near: Path | None = None) -> list[Path] | None:
        """As ever, and counted."""
        files, seconds = timed(lambda: super(WatchedProject, self).files_that_mention(name, near))
        self.searching += seconds
        return files


def watch_other_files() -> None:
    """Makes the analysis tell its project when it runs or searches a function, or wants to know the requirement."""
    run_function, search, requirement_of = Interpreter.run_function, CallSearch._search, requirement.stripe_requirement

    def watched_requirement(path: Path, told: str | None) -> StripeRequirement | None:
        found, seconds = timed(lambda: requirement_of(path, told))
        WatchedProject.manifests += seconds
        return found

    def watched_run(self: Interpreter, module: Module, *arguments: Any, **named: Any) -> Any:
        project = _project_to_tell(module)
        if project is None:
            return run_function(self, module, *arguments, **named)
        return project.follow(lambda: run_function(self, module, *arguments, **named))

    def watched_search(self: CallSearch, module: Module, *arguments: Any) -> bool:
        project = _project_to_tell(module)
        return (
            search(self, module, *arguments)
            if project is None
            else project.follow(lambda: search(self, module, *arguments))
        )

    requirement.stripe_requirement = watched_requirement
    Interpreter.run_function = watched_run  # type: ignore[method-assign]
    CallSearch._search = watched_search  # type: ignore[method-assign, assignment]


def _project_to_tell(module: Module) -> WatchedProject | None:
    """The project, where ``module`` is not the one that is checked, and its code is not being followed already."""
    project = module.project
    if not isinstance(project, WatchedProject) or project.is_following or project.is_checked(module):
        return None
    return project


@dataclass
class Measured:
    """One file: in a run over its repository, and alone. Seconds.

    ``newer`` tells that its syntax is newer than this Python, so that LibCST had a part in its parse.
    """

    path: Path
    newer: bool
    parse: float
    index: float
    analysis: float
    first_analysis: float
    reading: float
    searching: float
    following: float
    manifests: float
    alone: float = 0.0
    again: float = 0.0
    modules: int = 0


class Run(NamedTuple):
    """One check of a file: the seconds without other files, what they cost, and the seconds of each rule."""

    own: float
    others: tuple[float, float, float, float]
    by_rule: Counter[str]


@dataclass
class Totals:
    """What is summed up over all files."""

    files: list[Measured] = field(default_factory=list)
    by_rule: Counter[str] = field(default_factory=Counter)
    others: dict[Path, tuple[float, float]] = field(default_factory=dict)
    test_code: int = 0
    unreadable: int = 0


def timed(action: Callable[[], Result]) -> tuple[Result, float]:
    """The result of ``action`` and the processor time that it took."""
    start = time.process_time()
    result = action()
    return result, time.process_time() - start


def fastest(action: Callable[[], object]) -> float:
    """The least processor time of several runs."""
    return min(timed(action)[1] for _ in range(RUNS))


def main() -> int:
    """Measures, prints, and compares with the limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--slowest", type=int, default=5)
    parser.add_argument("--select", default="", metavar="CODES", help="only these rules, such as STP101,STP301")
    options = parser.parse_args()
    config = Config(select=tuple(options.select.split(",")) if options.select else None)
    # as the command does
    gc.set_threshold(100_000, 20, 20)
    watch_other_files()
    warm_up(options.directory)
    totals = Totals()
    for repository in sorted(path for path in options.directory.absolute().iterdir() if path.is_dir()):
        projects: dict[Path, WatchedProject] = {}
        for path in python_files(repository):
            measure(path, repository, projects, config, totals)
        for project in projects.values():
            for other in project.others:
                measure_other(other, totals)
        gc.collect()
    return show(totals, options.directory.absolute(), options.slowest)


def warm_up(directory: Path) -> None:
    """Loads what the rules import and read when they first need it: that is start-up, which has a limit of its own."""
    for path in sorted(directory.rglob("*.py")):
        data = path.read_bytes() if path.is_file() else b""
        if b"construct_event" in data and not is_test_code(path):
            project = Project(path.parent)
            source = decode(data, path, str(path))
            check(source, parse(source.text), project)
            return


def python_files(repository: Path) -> Iterable[Path]:
    """The files that the command would look into."""
    for folder, folders, names in os.walk(repository):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def measure(path: Path, repository: Path, projects: dict[Path, WatchedProject], config: Config, totals: Totals) -> None:
    """Checks one file in its project, then alone."""
    data = path.read_bytes() if path.is_file() else b""
    if not concerns_stripe(data):
        return
    if is_test_code(path):
        totals.test_code += 1
        return
    try:
        source = decode(data, path, str(path))
        # the collector may look at all that was measured so far during any one parse
        gc.disable()
        tree = parse(source.text)
        parsing = fastest(lambda: parse(source.text))
    except SourceError:
        totals.unreadable += 1
        return
    finally:
        gc.enable()
    root = root_of(path, repository)
    project = projects.setdefault(root, WatchedProject(root))
    runs = [check_beside_others(source, tree, project, config) for _ in range(RUNS)]
    first, best = runs[0], min(runs, key=lambda run: run.own)
    totals.by_rule.update(best.by_rule)
    measured = Measured(
        path,
        is_newer(source.text),
        parsing,
        timed(lambda: Module(path, source.text, tree, project))[1],
        best.own,
        first.own,
        *first.others,
    )
    lonely = WatchedProject(root)
    measured.alone = parsing + check(source, tree, lonely, config)
    measured.modules = len(lonely.others)
    measured.again = parsing + check(source, tree, lonely, config)
    totals.files.append(measured)


def check_beside_others(source: Source, tree: ast.Module, project: WatchedProject, config: Config) -> Run:
    """Checks a file, and tells what that cost without other files."""
    before = project.costs
    by_rule: Counter[str] = Counter()
    total = check(source, tree, project, config, by_rule)
    reading, searching, following, manifests = (now - then for now, then in zip(project.costs, before, strict=True))
    others = reading, searching, following, manifests
    return Run(total - sum(others), others, by_rule)


def is_newer(text: str) -> bool:
    """Whether this Python itself can't parse ``text``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError:
        return True
    return False


def root_of(path: Path, repository: Path) -> Path:
    """The root of the project, which never lies above the repository."""
    root = find_root(path)
    return root if root.is_relative_to(repository) else repository


def check(
    source: Source,
    tree: ast.Module,
    project: Project,
    config: Config = EVERYTHING,
    by_rule: Counter[str] | None = None,
) -> float:
    """How long the rules take that ``config`` selects, by default all that are on."""
    module, total = timed(lambda: project.load(source.path, source.text, tree))
    for rule in applicable_rules(source.path, config.rules(), config):
        detect = cast("Callable[[Module], Iterable[object]]", rule.detect)
        _, seconds = timed(lambda detect=detect: list(detect(module)))  # type: ignore[misc]
        total += seconds
        if by_rule is not None:
            by_rule[rule.code] += seconds  # type: ignore[assignment]
    return total


def measure_other(module: Module, totals: Totals) -> None:
    """What the parse and the index of a module cost that another file led to."""
    if module.path not in totals.others:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                parsing = fastest(lambda: ast.parse(module.text))
            except SyntaxError:
                # newer than this Python: it was read in another way, whose cost says nothing about the index
                return
        indexing = fastest(lambda: Module(module.path, module.text, module.tree, module.project))
        totals.others[module.path] = parsing, indexing


def show(totals: Totals, base: Path, slowest: int) -> int:
    """Prints the table; 1 if a limit is exceeded."""
    every = totals.files
    files = [file for file in every if not file.newer]
    newer = [file for file in every if file.newer]
    parse_sum = sum(file.parse for file in files)
    print(f"{len(every)} files measured, {totals.test_code} left out as test code, {totals.unreadable} unreadable")
    print(
        f"{len(newer)} of them of newer syntax, not in the table: {sum(file.parse for file in newer):.2f} s to parse,"
        f" {sum(file.analysis for file in newer):.2f} s to analyse\n"
    )
    print(f"{'':28}{'sum s':>9}{'x parse':>9}{'median x':>10}{'90 % x':>9}{'99 % x':>9}{'max x':>9}{'max ms':>9}")
    row("ast.parse", [(file.parse, file.parse) for file in files])
    row("analysis", [(file.analysis, file.parse) for file in files])
    row("  the first time", [(file.first_analysis, file.parse) for file in files])
    row("  its own index", [(file.index, file.parse) for file in files])
    row("code of other modules", [(file.following, file.parse) for file in files])
    row("reading other modules", [(file.reading, file.parse) for file in files])
    row("searching all files", [(file.searching, file.parse) for file in files])
    row("reading manifests", [(file.manifests, file.parse) for file in files])
    row("index of another module", [(index, parsing) for parsing, index in totals.others.values()])
    read = sorted(file.modules for file in every)
    print(f"\nother modules read for a file: median {statistics.median(read):g}, 90 % {at(read, 0.9)}, most {read[-1]}")
    print("\nby rule, where the first that asks a question pays for the answer:")
    for code, seconds in sorted(totals.by_rule.items()):
        print(f"  {code}{seconds:9.2f} s{seconds / parse_sum:8.2f} x parse")
    for title, key in (("alone", cold_time), ("alone, once more", warm_time)):
        print(f"\nslowest files {title}:")
        for file in sorted(every, key=key, reverse=True)[:slowest]:
            print(f"{key(file):9.3f} s  parse {file.parse:.3f}, {file.modules} modules  {file.path.relative_to(base)}")
    index_ratio = ratio([(index, parsing) for parsing, index in totals.others.values()])
    exceeded = [
        f"{what} is {value:.2f}, limit {limit}"
        for what, value, limit in (
            ("analysis / parse", ratio([(file.analysis, file.parse) for file in files]), RATIO_LIMIT),
            ("index / parse of other modules", index_ratio, RATIO_LIMIT),
            ("median of other modules", statistics.median(read), MODULES_LIMIT),
            ("slowest cold file in seconds", max(map(cold_time, every)), COLD_LIMIT),
            ("slowest warm file in seconds", max(map(warm_time, every)), WARM_LIMIT),
        )
        if value > limit
    ]
    print("\n" + "\n".join(exceeded or ["all within the limits"]))
    return int(bool(exceeded))


def cold_time(file: Measured) -> float:
    """What the check of the file alone takes, with all that it reads, in seconds."""
    return file.alone


def warm_time(file: Measured) -> float:
    """What it takes when other modules are known, in seconds."""
    return file.again


def ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """The ratio of the sums."""
    return sum(part for part, _ in pairs) / (sum(reference for _, reference in pairs) or 1)


def at(ordered: Sequence[Result], share: float) -> Result:
    """The value below which this share of the values lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def row(title: str, pairs: Sequence[tuple[float, float]]) -> None:
    """One line of the table, from times and the parse times that they are compared with."""
    if not pairs:
        return
    ratios = sorted(part / reference for part, reference in pairs)
    numbers = (statistics.median(ratios), at(ratios, 0.9), at(ratios, 0.99), ratios[-1])
    print(
        f"{title:28}{sum(part for part, _ in pairs):9.2f}{ratio(pairs):9.2f}{numbers[0]:10.2f}"
        f"{numbers[1]:9.2f}{numbers[2]:9.2f}{numbers[3]:9.1f}{1000 * max(part for part, _ in pairs):9.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
