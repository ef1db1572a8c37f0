"""Repairs the findings of one file: in rounds, all that fit together at once, and each checked by the guards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.catalogue import COULD_NOT_CHECK, all_rules, rule
from stripe_lint.engine import applicable_rules, describe_crash, findings_of
from stripe_lint.errors import Declined, SourceError
from stripe_lint.fixing.edit import Edit
from stripe_lint.fixing.guards import State, check_bytes, check_comments, check_findings
from stripe_lint.fixing.places import Places
from stripe_lint.fixing.plan import conflict, splices_of
from stripe_lint.fixing.splices import Moves, apply, rewrite
from stripe_lint.model import Finding, Hit, Span
from stripe_lint.parsing import parse
from stripe_lint.suppressions import Suppressions

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.config import Config
    from stripe_lint.fixing.edit import Repair
    from stripe_lint.fixing.options import Options
    from stripe_lint.fixing.splices import Splice
    from stripe_lint.model import Rule
    from stripe_lint.project import Project
    from stripe_lint.sources import Source

MOST_ROUNDS: Final = 10
"""How often a file is repaired again because repairs could not be made at the same time."""


class Fixed(NamedTuple):
    """A finding that was repaired, in its place in the fixed file, and how."""

    finding: Finding
    repair: Repair


class NotFixed(NamedTuple):
    """A finding that is left, in its place in the fixed file, and why; ``None`` if its rule has no repair."""

    finding: Finding
    reason: str | None


class Outcome(NamedTuple):
    """One file after all repairs; ``source`` is the one that was given if there was none."""

    source: Source
    fixed: tuple[Fixed, ...]
    not_fixed: tuple[NotFixed, ...]


def fix_source(source: Source, rules: Sequence[Rule], config: Config, project: Project, options: Options) -> Outcome:
    """Repairs what ``rules`` find in one file. Writes nothing. Raises ``SourceError`` if it can't be parsed."""
    guarding = _with_defaults(rules)
    if not applicable_rules(source.path, guarding, config):
        return Outcome(source, (), ())
    snapshot = _look(source, parse(source.text), guarding, config, project)
    codes = {each.code for each in rules}
    fixed: list[Fixed] = []
    reasons: dict[Finding, str] = {}
    for _ in range(MOST_ROUNDS):
        reasons = {}
        step = _round(snapshot, codes, options, guarding, config, project, reasons)
        if step is None:
            break
        moves = Moves(step.splices)
        fixed = [each._replace(finding=_moved(each.finding, snapshot, step.after, moves)) for each in fixed]
        fixed += [Fixed(_moved(finding, snapshot, step.after, moves), repair) for finding, repair in step.repairs]
        snapshot = step.after
    left = tuple(
        NotFixed(finding, reasons.get(finding))
        for finding in snapshot.unsuppressed
        if finding.code in codes or finding.code == COULD_NOT_CHECK.code
    )
    return Outcome(snapshot.source, tuple(sorted(fixed, key=lambda each: each.finding.span)), left)


def _with_defaults(rules: Sequence[Rule]) -> list[Rule]:
    """The rules whose findings a fix must not bring up: those in question and all that are on by default."""
    chosen = {each.code for each in rules} | {each.code for each in all_rules() if each.default}
    return [rule(code) for code in sorted(chosen)]


class _Snapshot(NamedTuple):
    """A text of the file with everything that is known about it."""

    source: Source
    module: Module
    state: State
    unsuppressed: tuple[Finding, ...]


class _Step(NamedTuple):
    """The outcome of repairs: what was repaired, by what change of the text, and the text after it."""

    after: _Snapshot
    splices: Sequence[Splice]
    repairs: Sequence[tuple[Finding, Repair]]


def _look(source: Source, tree: ast.Module, rules: Sequence[Rule], config: Config, project: Project) -> _Snapshot:
    places = Places(source.text)
    module = project.load(source.path, source.text, tree)
    findings = findings_of(module, applicable_rules(source.path, rules, config), source.name)
    if not findings:
        return _Snapshot(source, module, State(places, ()), ())
    suppressions = Suppressions(source.text)
    left = tuple(each for each in findings if not suppressions.cover(each.code, each.name, each.span.line))
    return _Snapshot(source, module, State(places, findings), left)


def _round(
    snapshot: _Snapshot,
    codes: set[str],
    options: Options,
    rules: Sequence[Rule],
    config: Config,
    project: Project,
    reasons: dict[Finding, str],
) -> _Step | None:
    """Repairs what can be repaired at once. ``reasons`` gets why the others can't; ``None`` if nothing was done."""
    repairs = _repairs(snapshot, codes, options, reasons)
    if not repairs:
        return None
    try:
        return _apply(snapshot, repairs, rules, config, project)
    except Declined as error:
        if len(repairs) == 1:
            reasons[repairs[0][0]] = str(error)
            return None
    good: list[tuple[Finding, Repair]] = []
    step: _Step | None = None
    for finding, repair in repairs:
        try:
            step = _apply(snapshot, [*good, (finding, repair)], rules, config, project)
        except Declined as error:  # noqa: PERF203 - each has its own reason
            reasons[finding] = str(error)
        else:
            good.append((finding, repair))
    return step


def _repairs(
    snapshot: _Snapshot, codes: set[str], options: Options, reasons: dict[Finding, str]
) -> list[tuple[Finding, Repair]]:
    """The repairs that do not disturb each other, in the order of the findings."""
    module = snapshot.module
    found: list[tuple[Finding, Repair]] = []
    taken: set[tuple[ast.AST | None, str]] = set()
    for finding in snapshot.unsuppressed:
        if finding.code not in codes:
            continue
        repair_of = rule(finding.code).repair
        if repair_of is None:
            continue
        edit = Edit(module, options, taken)
        hit = Hit(finding.span, finding.message, finding.severity, finding.confidence, finding.steps)
        try:
            repair_of(module, hit, edit)
            repair = edit.finish()
        except Declined as error:
            reasons[finding] = str(error)
            continue
        except Exception as error:
            reasons[finding] = f"the fix of {finding.code} crashed: {describe_crash(error)}"
            continue
        if not conflict(module, repair, (other for _, other in found)):
            found.append((finding, repair))
        else:
            reasons[finding] = "another fix changes the same code"
    return found


def _apply(
    snapshot: _Snapshot,
    repairs: Sequence[tuple[Finding, Repair]],
    rules: Sequence[Rule],
    config: Config,
    project: Project,
) -> _Step:
    """The file after ``repairs``. Raises ``Declined`` where a guard objects."""
    source, state, module = snapshot.source, snapshot.state, snapshot.module
    splices = splices_of(module, state.places, [repair for _, repair in repairs])
    text = apply(source.text, splices)
    after = check_bytes(source, rewrite(source, splices), text)
    try:
        tree = parse(text)
    except SourceError as error:
        raise Declined(f"the outcome is no valid Python: {error}") from error
    check_comments(source.text, text)
    project.forget_facts()
    seen = _look(after, tree, rules, config, project)
    try:
        check_findings(state, seen.state, splices, [finding for finding, _ in repairs])
    except Declined:
        project.forget_facts()
        project.resume(module)
        raise
    return _Step(seen, splices, tuple(repairs))


def _moved(finding: Finding, before: _Snapshot, after: _Snapshot, moves: Moves) -> Finding:
    """The finding with its place in the text after the change; what was replaced stays on its line."""
    offset = before.state.places.offset(finding.span.line, finding.span.column)
    new = moves.new_offset(offset)
    if new is None:
        new = min(offset, len(after.source.text))
    text = after.source.text
    line = text.count("\n", 0, new) + 1
    column = len(text[text.rfind("\n", 0, new) + 1 : new].encode("utf-8", "surrogatepass"))
    return finding._replace(span=Span(line, column, line, column))
