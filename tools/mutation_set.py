"""Break correct webhook handlers and keyed Stripe calls, and count how many of the mistakes the linter finds.

Each correct place of real code is broken in every way that `mutation/` knows, one at a time and on the source text, so
that all else stays as it is::

    python tools/mutation_set.py --corpus CORPUS                       # one folder a repository
    python tools/mutation_set.py --corpus CORPUS --files FILES.tsv     # only these files, columns `repo` and `path`
    python tools/mutation_set.py --fixtures                            # the good fixtures of the test suite

A correct handler is one that verifies and on which the linter reports none of STP101 to STP105; a correct call passes
an idempotency key and has no finding of STP201, STP203, STP204 or STP205. A finding counts where it has the right code
and stands within two lines of the expected one, or, for rules that speak of a whole handler, in the same innermost
function. The exit status is 1 where fewer than 95 % of the mutants or fewer than 90 % of a rule's were reported.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mutation import checking
from mutation.repositories import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mutation.model import Outcome, Verdict

FIXTURES: Final = Path(__file__).parents[1] / "tests" / "fixtures"
ENOUGH: Final = 0.95
ENOUGH_OF_A_RULE: Final = 0.90


def main() -> int:
    """Runs the mutation set, prints the figures and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="a folder with one folder a repository")
    parser.add_argument("--files", type=Path, help="a table with the columns repo and path: mutate these files only")
    parser.add_argument("--fixtures", action="store_true", help="mutate the good fixtures of the test suite")
    parser.add_argument("--repository", action="append", default=[], help="only repositories whose name holds this")
    parser.add_argument("--only", action="append", default=[], help="only mutations whose name or code holds this")
    parser.add_argument("--show", action="append", default=[], choices=["missed", "reported", "skipped", "loud"])
    parser.add_argument("--jobs", type=int, default=2, help="how many processes")
    arguments = parser.parse_args()
    if arguments.corpus is None and not arguments.fixtures:
        parser.error("give --corpus, --fixtures or both")
    good = True
    if arguments.corpus is not None:
        print(f"# {arguments.corpus}")
        repositories = _repositories(arguments.corpus, arguments.files)
        good &= _run(repositories, arguments)
    if arguments.fixtures:
        print("# fixtures")
        with tempfile.TemporaryDirectory(prefix="mutation-set-") as folder:
            good &= _run(_fixtures(Path(folder)), arguments)
    return 0 if good else 1


def _repositories(corpus: Path, table: Path | None) -> list[Repository]:
    if table is None:
        folders = sorted(folder for folder in corpus.resolve().iterdir() if folder.is_dir())
        return [Repository(folder.name, folder) for folder in folders]
    paths = defaultdict(list)
    with table.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            paths[row["repo"].replace("/", "+")].append(row["path"])
    return [Repository(name, corpus.resolve() / name, paths[name]) for name in sorted(paths)]


def _fixtures(folder: Path) -> list[Repository]:
    """The good fixtures, each copied to where its path does not say that it is test code."""
    repositories = []
    for case in sorted(FIXTURES.glob("STP*/good_*")):
        name = f"{case.parent.name}-{case.stem}"
        target = folder / name
        if case.is_dir():
            shutil.copytree(case, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir()
            shutil.copy(case, target)
        repositories.append(Repository(name, target))
    return repositories


def _run(repositories: Sequence[Repository], arguments: argparse.Namespace) -> bool:
    chosen = [each for each in repositories if _is_wanted(each.name, arguments.repository)]
    with ProcessPoolExecutor(arguments.jobs) as pool:
        outcomes = list(pool.map(checking.check, chosen, [tuple(arguments.only)] * len(chosen)))
    if "reported" in arguments.show or "missed" in arguments.show:
        for verdict in (verdict for outcome in outcomes for verdict in outcome.verdicts):
            if ("reported" if verdict.reported else "missed") in arguments.show:
                word = "reported" if verdict.reported else "missed"
                print(f"{word} {verdict.code} {verdict.mutation}: {verdict.where}\n{verdict.note}\n")
    for line in _details(outcomes, arguments.show):
        print(line)
    return _report([verdict for outcome in outcomes for verdict in outcome.verdicts], outcomes)


def _is_wanted(name: str, parts: Sequence[str]) -> bool:
    return not parts or any(part in name for part in parts)


def _details(outcomes: Sequence[Outcome], show: Sequence[str]) -> Iterator[str]:
    for outcome in outcomes:
        if "loud" in show:
            yield from (f"loud {each}" for each in outcome.loud)
        if "skipped" in show:
            yield from (f"skipped {each.mutation}: {each.reason}: {each.where}" for each in outcome.skipped)


def _report(verdicts: Sequence[Verdict], outcomes: Sequence[Outcome]) -> bool:
    skipped = Counter((each.mutation, each.reason) for outcome in outcomes for each in outcome.skipped)
    print(f"correct places {sum(outcome.originals for outcome in outcomes)}, ", end="")
    print(f"places with findings {sum(len(outcome.loud) for outcome in outcomes)}")
    print(f"{'code':8}{'mutants':>9}{'reported':>10}{'missed':>8}{'share':>8}")
    good = True
    for code in [*sorted({verdict.code for verdict in verdicts}), "all"]:
        good &= _print_row(code, [verdict for verdict in verdicts if code in ("all", verdict.code)], code == "all")
    print()
    for mutation in dict.fromkeys(verdict.mutation for verdict in verdicts):
        _print_row(f"  {mutation:36}", [verdict for verdict in verdicts if verdict.mutation == mutation], strict=False)
    for (mutation, reason), number in sorted(skipped.items()):
        print(f"  skipped {number:4}  {mutation}: {reason}")
    return good


def _print_row(title: str, verdicts: Sequence[Verdict], strict: bool) -> bool:
    reported = sum(verdict.reported for verdict in verdicts)
    share = reported / len(verdicts) if verdicts else 1.0
    print(f"{title:8}{len(verdicts):9}{reported:10}{len(verdicts) - reported:8}{share:8.3f}")
    return share >= (ENOUGH if strict else ENOUGH_OF_A_RULE)


if __name__ == "__main__":
    sys.exit(main())
