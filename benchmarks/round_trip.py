"""Edits that change nothing: what LibCST generates and is spliced back must be the same bytes, or be refused.

    python benchmarks/round_trip.py [--statements N] [--seed N] [--jobs N] [DIRECTORY ...]

At N random statements of the standard library an expression of the statement, chosen at random too, is replaced by its
own source; a statement without one is generated as it is. The same is done at every call of the files in each directory
that concern Stripe. Each edit takes the whole way of a fix: the statement is cut out, parsed, found again by byte span,
generated, and spliced into the bytes of the file. Calls of one statement that don't hold each other are edited at once,
and one at a time where that is refused or gives other bytes. Prints how many edits were refused, and why. Exits with 1
if any gave other bytes.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import sys
import sysconfig
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.errors import Declined, SourceError
from stripe_lint.fixing.edit import Edit
from stripe_lint.fixing.fragments import fragment_of, owner_of
from stripe_lint.fixing.options import Options
from stripe_lint.fixing.places import Places
from stripe_lint.fixing.plan import splices_of
from stripe_lint.fixing.rendering import identical
from stripe_lint.fixing.splices import Splice, rewrite, trimmed
from stripe_lint.parsing import parse
from stripe_lint.project import Project
from stripe_lint.sources import Source, concerns_stripe, decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stripe_lint.analysis.module import Module

NOT_OURS = {"site-packages", "dist-packages", "__pycache__", "node_modules"}
"""Folders of the standard library that are not of it, and what nobody wrote."""

SHOWN = 20
"""How many edits with other bytes are listed."""


class Tally(NamedTuple):
    """What came of the edits in some files: the reasons of those that were refused, the places of those that differ."""

    identical: int
    refused: Counter[str]
    different: tuple[str, ...]
    unreadable: int = 0


def main() -> int:
    """Edits, compares, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="*", type=Path, metavar="DIRECTORY")
    parser.add_argument("--statements", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    failed = False
    with ProcessPoolExecutor(options.jobs) as pool:
        files = list(python_files(Path(sysconfig.get_path("stdlib"))))
        counts = list(pool.map(number_of_statements, files, chunksize=16))
        chosen = choose(counts, options.statements, options.seed)
        work = [(path, numbers) for path, numbers in zip(files, chosen, strict=True) if numbers]
        tallies = pool.map(partial(at_statements, seed=options.seed), *zip(*work, strict=True), chunksize=4)
        failed |= show(f"{options.statements} random statements of the standard library", tallies)
        for directory in options.directories:
            found = [path for path in python_files(directory.absolute()) if concerns(path)]
            tallies = pool.map(at_calls, found, chunksize=4)
            failed |= show(f"every call in {len(found)} files of {directory}", tallies)
    return int(failed)


def python_files(directory: Path) -> Iterator[Path]:
    """All Python files below a directory, sorted."""
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def concerns(path: Path) -> bool:
    """Whether the fixes would look into a file."""
    return path.is_file() and concerns_stripe(path.read_bytes())


def choose(counts: list[int], number: int, seed: int) -> list[list[int]]:
    """For each file, which of its statements are among ``number`` random ones of all."""
    generator = random.Random(seed)  # noqa: S311 - no secret
    total = sum(counts)
    chosen = sorted(generator.sample(range(total), min(number, total)), reverse=True)
    found, end = [], 0
    for count in counts:
        start, end = end, end + count
        numbers = []
        while chosen and chosen[-1] < end:
            numbers.append(chosen.pop() - start)
        found.append(numbers)
    return found


def number_of_statements(path: Path) -> int:
    """How many statements of a file can be edited; none if it can't be read."""
    try:
        return len(statements(parse(decode(read_bytes(path), path, path.name).text)))
    except SourceError:
        return 0


def statements(tree: ast.Module) -> list[ast.stmt]:
    """All statements that have a part of their own."""
    without = (ast.Try, getattr(ast, "TryStar", ast.Try))
    return [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not isinstance(node, without)]


def at_statements(path: Path, numbers: list[int], seed: int) -> Tally:
    """Edits the statements of a file that have these numbers."""
    generator = random.Random(f"{seed} {path.name} {len(numbers)}")  # noqa: S311 - no secret
    source, module = load(path)
    every = statements(module.tree)
    nodes: list[ast.expr | ast.stmt] = []
    for number in numbers:
        # Parts of annotations are no rule's business, and not in the index.
        expressions = [node for node in own_expressions(every[number]) if node in module.parents]
        nodes.append(generator.choice(expressions) if expressions else every[number])
    return edited(source, module, [[node] for node in nodes])


def at_calls(path: Path) -> Tally:
    """Edits every call of a file."""
    try:
        source, module = load(path)
    except SourceError:
        return Tally(0, Counter(), (), 1)
    # what stands in an annotation is not in the index, as above
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call) and node in module.parents]
    return edited(source, module, side_by_side(module, calls))


def side_by_side(module: Module, calls: list[ast.Call]) -> list[list[ast.Call]]:
    """The calls in groups: those of one statement that stand in equally many others."""
    groups: dict[tuple[ast.AST, int], list[ast.Call]] = {}
    for call in calls:
        within = sum(isinstance(around, ast.Call) for around in module.ancestors(call))
        groups.setdefault((owner_of(module, call), within), []).append(call)
    return list(groups.values())


def load(path: Path) -> tuple[Source, Module]:
    """A file and what the analysis knows of it."""
    source = decode(read_bytes(path), path, str(path))
    return source, Project(path.parent).load(path, source.text, parse(source.text))


def own_expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """The values that a statement itself computes, not those in its body."""
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from (node for node in ast.walk(child) if isinstance(node, ast.expr) and is_value(node))


def is_value(node: ast.expr) -> bool:
    """Whether the source of ``node`` is an expression by itself; what is assigned to is not, nor is ``1:2``."""
    if isinstance(node, ast.Slice | ast.Starred | ast.FormattedValue):
        return False
    return isinstance(getattr(node, "ctx", None) or ast.Load(), ast.Load) and hasattr(node, "end_lineno")


def edited(source: Source, module: Module, groups: Iterable[Sequence[ast.expr | ast.stmt]]) -> Tally:
    """What comes of an edit at each node, those of one of ``groups`` at once."""
    places = Places(source.text)
    same = 0
    refused: Counter[str] = Counter()
    different = []
    pending = list(groups)
    while pending:
        nodes = pending.pop()
        try:
            is_same = rewrite(source, splices_at(nodes, module, places)) == source.data
            reason = None
        except Declined as error:
            is_same, reason = False, re.sub(r"\d+", "…", str(error))
        if is_same:
            same += len(nodes)
        elif len(nodes) > 1:
            pending.extend([node] for node in nodes)
        elif reason is not None:
            refused[reason] += 1
        else:
            (node,) = nodes
            different.append(f"{source.path}:{node.lineno}:{node.col_offset + 1} {type(node).__name__}")
    return Tally(same, refused, tuple(different))


def splices_at(nodes: Sequence[ast.expr | ast.stmt], module: Module, places: Places) -> list[Splice]:
    """What edits that change nothing change."""
    edit = Edit(module, Options(), set())
    for node in nodes:
        if not isinstance(node, ast.expr):
            fragment = fragment_of(module, places, node)
            generated = fragment.cut(identical(fragment).deep_clone().code)
            return [trimmed(places.text, Splice(fragment.start, fragment.end, generated))]
        edit.replace(node, edit.source_of(node))
    return splices_of(module, places, [edit.finish()])


def show(title: str, tallies: Iterable[Tally]) -> bool:
    """Prints what came of it; whether anything differs."""
    same = unreadable = 0
    refused: Counter[str] = Counter()
    different: list[str] = []
    for tally in tallies:
        same, unreadable = same + tally.identical, unreadable + tally.unreadable
        refused += tally.refused
        different += tally.different
    print(f"{title}: {same} identical, {sum(refused.values())} refused, {len(different)} different", end="")
    print(f", {unreadable} files unreadable" if unreadable else "", flush=True)
    for reason, number in refused.most_common():
        print(f"{number:8}  refused: {reason}")
    for place in different[:SHOWN]:
        print(f"          different: {place}")
    return bool(different)


if __name__ == "__main__":
    sys.exit(main())
