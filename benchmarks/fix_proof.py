"""What the fixes do to real repositories, proved without the guards of the engine.

    python benchmarks/fix_proof.py DIRECTORY [--unsafe-fixes] [--extend-select RULES] [--jobs N]

Every folder in the directory is a repository. Each is copied to a temporary folder and fixed there. Of every file that
changed it is then asked: does Python parse it, is every comment still there, does no byte differ outside of statements
that were changed or added, does a second run leave it alone, and does the check find nothing that it did not find
before. For each rule that has fixes it says how many findings there were, by what kind of fix they were repaired, and
why the others were not. Exits with 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from comment_differences import other_differences
from statement_differences import decoded, differences

from stripe_lint.catalogue import UNUSED_SUPPRESSION, all_rules
from stripe_lint.config import Configurations
from stripe_lint.errors import SourceError
from stripe_lint.fixing.options import Options
from stripe_lint.fixing.run import fix_paths, write
from stripe_lint.options import Place
from stripe_lint.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stripe_lint.fixing.run import FileFixes, FixReport

_OWN_WORDS = re.compile(r"[^\w ,()-].*| f?[\"'].*", re.DOTALL)
"""From where on a description or a reason speaks of one place only."""


_LINE_END = re.compile(r"\r\n|\r|\n")


class Promise(NamedTuple):
    """A promise that was broken: which, and where."""

    kind: str
    place: str


@dataclass
class Tally:
    """What happened to some repositories. The counters of rules are by code, then by kind of fix or reason."""

    files: int = 0
    changed_files: int = 0
    statements: Counter[str] = field(default_factory=Counter)
    fixed: Counter[tuple[str, str]] = field(default_factory=Counter)
    declined: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: list[Promise] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Adds what happened elsewhere."""
        self.files += other.files
        self.changed_files += other.changed_files
        self.statements += other.statements
        self.fixed += other.fixed
        self.declined += other.declined
        self.broken += other.broken


def main() -> int:
    """Fixes copies, checks, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--unsafe-fixes", action="store_true")
    parser.add_argument("--extend-select", default="", metavar="RULES")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    selected = [code for code in options.extend_select.split(",") if code]
    repositories = sorted(path for path in options.directory.absolute().iterdir() if path.is_dir())
    tally = Tally()
    with ProcessPoolExecutor(options.jobs) as pool:
        for part in pool.map(partial(prove, unsafe=options.unsafe_fixes, selected=selected), repositories):
            tally.add(part)
    show(tally)
    return int(bool(tally.broken))


def prove(repository: Path, *, unsafe: bool, selected: Sequence[str]) -> Tally:
    """Fixes a copy of one repository and looks at the outcome."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder, repository.name)
        shutil.copytree(repository, copied, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        arguments = [f"--extend-select={','.join(selected)}"] if selected else []
        before = findings_of(copied, arguments)
        # Comments go in a run of their own, so that each kind of change can be judged as what it is.
        layer = {"extend-select": list(selected), "ignore": [UNUSED_SUPPRESSION]}
        planned = fix_paths([copied], Configurations(None, layer, Place("--", copied)), Options(unsafe=unsafe), jobs=1)
        count(write(planned), tally)
        for file in filter(is_code, planned.changed):
            judge(file, copied, tally)
        after = findings_of(copied, arguments)
        alone = Configurations(None, {"select": [UNUSED_SUPPRESSION]}, Place("--", copied))
        comments_planned = fix_paths([copied], alone, Options(), jobs=1)
        count(write(comments_planned), tally)
        for file in filter(is_code, comments_planned.changed):
            judge_comments(file, copied, tally)
        changed = {shown(file, copied): file for file in planned.changed}
        tally.broken += [
            Promise("a new finding", f"{repository.name}/{each.path}:{each.line} {each.code}")
            for each in new_findings(before, after, changed)
        ]
        again = command(copied, "fix", "--check", *(["--unsafe-fixes"] if unsafe else []), *arguments)
        if "Would fix 0 findings in 0 files" not in again:
            tally.broken.append(Promise("a second run changes something", repository.name))
    return tally


def command(folder: Path, *words: str) -> str:
    """The output of ``stripe-lint`` in ``folder``."""
    done = subprocess.run(
        [sys.executable, "-m", "stripe_lint", *words, "--jobs", "1"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


class Found(NamedTuple):
    """One finding."""

    path: str
    line: int
    code: str
    message: str


def findings_of(folder: Path, arguments: Sequence[str]) -> Counter[Found]:
    """Everything that the check finds."""
    document: dict[str, Any] = json.loads(command(folder, "check", "--format", "json", *arguments))
    return Counter(Found(each["path"], each["line"], each["code"], each["message"]) for each in document["findings"])


def shown(file: FileFixes, folder: Path) -> str:
    """The path of a file in the repository, as reports show it there."""
    return file.path.relative_to(folder).as_posix() if file.path is not None else file.name


def is_code(file: FileFixes) -> bool:
    """Whether a file is code, and no list of requirements."""
    return file.path is None or file.path.suffix in {".py", ".pyw"}


def count(report: FixReport, tally: Tally) -> None:
    """Counts what was fixed, and what was not for which reason."""
    fixable = {rule.code for rule in all_rules() if rule.repair is not None}
    for file in filter(is_code, report.files):
        tally.files += 1
        tally.changed_files += file.changed
        if file.failure is not None:
            continue
        for fixed in file.fixed:
            kind = f"{'unsafe' if fixed.unsafe else 'safe'}: {_OWN_WORDS.sub(' …', fixed.description)}"
            tally.fixed[fixed.finding.code, kind] += 1
        for left in file.not_fixed:
            if left.finding.code in fixable:
                tally.declined[left.finding.code, _OWN_WORDS.sub(" …", left.reason or "no reason is given")] += 1


def judge(file: FileFixes, folder: Path, tally: Tally) -> None:
    """Compares a changed file with what it was."""
    name = f"{folder.name}/{shown(file, folder)}"
    after = file.path.read_bytes() if file.path is not None else file.after
    try:
        parse(decoded(after))
        found = differences(file.before, after)
    except SourceError as error:
        tally.broken.append(Promise("does not parse", f"{name}: {error}"))
        return
    tally.statements += Counter(changed=found.changed, added=found.added, removed=found.removed)
    tally.broken += [Promise("bytes outside of statements", f"{name}: {text}") for text in found.outside]
    lost = comments(file.before) - comments(after)
    tally.broken += [Promise("a lost comment", f"{name}: {comment}") for comment in lost]


def judge_comments(file: FileFixes, folder: Path, tally: Tally) -> None:
    """Compares a file, of which only suppressions may have changed, with what it was."""
    after = file.path.read_bytes() if file.path is not None else file.after
    name = f"{folder.name}/{shown(file, folder)}"
    tally.broken += [
        Promise("something else than suppressions", f"{name}: {text}") for text in other_differences(file.before, after)
    ]


def comments(data: bytes) -> Counter[str]:
    """The comments of a file, each with the number of times that it is there."""
    tokens = tokenize.generate_tokens(io.StringIO(decoded(data)).readline)
    return Counter(token.string.strip() for token in tokens if token.type == tokenize.COMMENT)


def new_findings(before: Counter[Found], after: Counter[Found], changed: dict[str, FileFixes]) -> list[Found]:
    """What is found after and was not found before: at the same place as far as that is there still, or in the same
    words at a place in the file where nothing is found any more, because the statement has moved."""
    left = Counter((each.path, each.line, each.code) for each in before.elements())
    words = Counter((each.path, each.code, each.message) for each in before.elements())
    elsewhere = []
    for each in sorted(after.elements()):
        lines = old_lines(changed[each.path], each.line) if each.path in changed else range(each.line, each.line + 1)
        place = next(((each.path, old, each.code) for old in lines if left[each.path, old, each.code]), None)
        if place is None:
            elsewhere.append(each)
        else:
            left[place] -= 1
            words[each.path, each.code, each.message] -= 1
    new = []
    for each in elsewhere:
        words[each.path, each.code, each.message] -= 1
        if words[each.path, each.code, each.message] < 0:
            new.append(each)
    return new


def old_lines(file: FileFixes, line: int) -> range:
    """Which lines of the file before can have become ``line``."""
    before, after = (_LINE_END.split(decoded(data)) for data in (file.before, file.after))
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if j1 < line <= j2:
            return range(i1 + line - j1, i1 + line - j1 + 1) if kind == "equal" else range(i1 + 1, i2 + 1)
    return range(0)


def show(tally: Tally) -> None:
    """Prints the tables."""
    statements = ", ".join(f"{number} {kind}" for kind, number in tally.statements.items())
    print(f"{tally.changed_files} of {tally.files} files changed; statements: {statements or 'none'}\n")
    for code in sorted({code for code, _ in (*tally.fixed, *tally.declined)}):
        fixed = {kind: number for (of, kind), number in tally.fixed.most_common() if of == code}
        declined = {reason: number for (of, reason), number in tally.declined.most_common() if of == code}
        done, left = sum(fixed.values()), sum(declined.values())
        print(f"{code}: {done} of {done + left} fixed, {100 * done / (done + left):.1f} %")
        for text, number in fixed.items():
            print(f"{number:7}  {text}")
        for text, number in declined.items():
            print(f"{number:7}  not fixed: {text}")
    print(f"\n{len(tally.broken)} broken promises")
    for promise in tally.broken:
        print(f"  {promise.kind}: {promise.place}")


if __name__ == "__main__":
    sys.exit(main())
