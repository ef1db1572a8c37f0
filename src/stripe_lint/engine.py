"""Bytes to findings, for one file.

Whatever goes wrong with a file becomes a finding ``STP000`` of that file, so that a run always goes on and never passes
over anything in silence.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from stripe_lint.catalogue import COULD_NOT_CHECK
from stripe_lint.errors import ConfigError, SourceError
from stripe_lint.model import Finding, Hit, Severity, Span, Subject
from stripe_lint.sources import display_name, find_root
from stripe_lint.suppression_marks import holds_directive, holds_noqa

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.config import Config
    from stripe_lint.manifests.checked import CheckedManifest
    from stripe_lint.manifests.kinds import Kind
    from stripe_lint.manifests.knowledge import Knowledge
    from stripe_lint.manifests.model import Manifest
    from stripe_lint.model import Conventions, Rule, Step
    from stripe_lint.project import Project
    from stripe_lint.sources import Source
    from stripe_lint.suppressions import Suppressions

MOST_LINES = 8
"""So many lines from the beginning of a finding are in the report, and its last one."""

_START = Span(1, 0, 1, 0)


class Place(NamedTuple):
    """Where bytes belong: the absolute ``path``, and the ``name`` that reports show."""

    path: Path
    name: str


class FileReport(NamedTuple):
    """What the check of one file found, sorted by place.

    ``lines`` holds the text of the first lines of each finding and of its last, by number; ``fail_on`` is the severity
    from which on a finding in this file fails the run.
    """

    name: str
    findings: tuple[Finding, ...]
    lines: Mapping[int, str] = {}
    fail_on: Severity = Severity.WARNING

    @property
    def could_not_check(self) -> bool:
        """Whether the file, or a part of what the rules ask, was not checked."""
        return any(finding.code == COULD_NOT_CHECK.code for finding in self.findings)

    @property
    def fails(self) -> bool:
        """Whether a finding is severe enough to fail the run."""
        return any(finding.severity.value >= self.fail_on.value for finding in self.findings)


def check_source(source: Source, rules: Sequence[Rule], config: Config, project: Project) -> FileReport:
    """The findings of ``rules`` in one file, without those that its comments suppress. Never raises."""
    from stripe_lint.parsing import parse

    try:
        tree = parse(source.text)
    except SourceError as error:
        return could_not_check(source.name, error)
    findings = _unsuppressed(find_in(source, tree, rules, config, project), source, rules, config)
    return FileReport(source.name, tuple(findings), lines_of(findings, source), config.fail_on)


def _unsuppressed(findings: list[Finding], source: Source, rules: Sequence[Rule], config: Config) -> list[Finding]:
    """The findings that no comment silences, and what is wrong with the comments."""
    worth_reviewing = _is_worth_reviewing(source, rules, config)
    if not findings and not worth_reviewing:
        return findings
    from stripe_lint.suppressions import Suppressions

    comments = Suppressions(source.text)
    kept = [
        finding
        for finding in findings
        if finding.code == COULD_NOT_CHECK.code or not comments.cover(finding.code, finding.name, finding.span.line)
    ]
    if not worth_reviewing:
        return kept
    complaints = [each.finding for each in review_suppressions(comments, kept, source, rules, config)]
    return sorted([*kept, *complaints], key=_place)


def _is_worth_reviewing(source: Source, rules: Sequence[Rule], config: Config) -> bool:
    """Whether the comments of a file can be wrong, and somebody wants to know."""
    if not applicable_rules(source.path, rules, config, Subject.COMMENT):
        return False
    return config.require_reason or holds_directive(source.text) or holds_noqa(source.text)


class ReviewedSuppression(NamedTuple):
    """A finding about a suppression; ``advice`` says what to do where it can't just be taken out."""

    finding: Finding
    advice: str | None


def review_suppressions(
    comments: Suppressions, reported: Sequence[Finding], source: Source, rules: Sequence[Rule], config: Config
) -> list[ReviewedSuppression]:
    """What is wrong with ``comments``, against which all findings of ``rules`` were held; ``reported`` are the rest."""
    if not _is_worth_reviewing(source, rules, config):
        return []
    from stripe_lint.suppression_review import review

    crashed = any(finding.code == COULD_NOT_CHECK.code for finding in reported)
    asked = [] if crashed else [rule.code for rule in applicable_rules(source.path, rules, config)]
    found = [
        (_finding(reviewer, Hit(complaint.span, complaint.message), source.name), complaint.advice)
        for reviewer in applicable_rules(source.path, rules, config, Subject.COMMENT)
        for complaint in review(comments, asked, reported, require_reason=config.require_reason)
    ]
    graded = _graded([finding for finding, _ in found], config)
    return [ReviewedSuppression(finding, advice) for finding, (_, advice) in zip(graded, found, strict=True)]


def _graded(findings: list[Finding], config: Config) -> list[Finding]:
    """The findings with the severities that the configuration gives to their rules."""
    if not config.severity:
        return findings
    return [finding._replace(severity=config.severity_of(finding.code) or finding.severity) for finding in findings]


def _place(finding: Finding) -> tuple[Span, str, str]:
    return finding.span, finding.code, finding.message


def could_not_check(name: str, error: SourceError | ConfigError) -> FileReport:
    """The report on a file that nothing is known about but the reason."""
    line, column = (error.line, error.column - 1) if isinstance(error, SourceError) else (1, 0)
    return FileReport(name, (_failure(name, str(error), Span(line, column, line, column)),))


def find_in(source: Source, tree: ast.Module, rules: Sequence[Rule], config: Config, project: Project) -> list[Finding]:
    """The findings of ``rules`` in a parsed file, sorted by place, each once, suppressed or not. Never raises.

    ``tree`` is read only.
    """
    applicable = applicable_rules(source.path, rules, config)
    if not applicable:
        return []
    try:
        module = project.load(source.path, source.text, tree)
    except Exception as error:
        return [_failure(source.name, f"the analysis crashed: {describe_crash(error)}")]
    return _graded(findings_of(module, applicable, source.name), config)


class JudgedManifest(NamedTuple):
    """A manifest with what the rules find in it, without what its comments suppress."""

    subject: CheckedManifest
    source: Source
    config: Config
    findings: tuple[Finding, ...]


def check_manifest(
    data: bytes, place: Place, kind: Kind, config_for: Callable[[], Config], knowledge: Knowledge | None = None
) -> FileReport | None:
    """The report on one manifest; the rest is as in ``judge_manifest``."""
    judged = judge_manifest(data, place, kind, config_for, knowledge)
    if not isinstance(judged, JudgedManifest):
        return judged
    lines = lines_of(judged.findings, judged.source)
    return FileReport(place.name, judged.findings, lines, judged.config.fail_on)


def judge_manifest(
    data: bytes, place: Place, kind: Kind, config_for: Callable[[], Config], knowledge: Knowledge | None = None
) -> JudgedManifest | FileReport | None:
    """What the rules find in one manifest, given as bytes, or the report that it could not be checked. Never raises.

    ``None`` stands for a manifest that says nothing of the package, although it holds the word, and for one that no
    rule looks at. ``config_for`` may raise ``ConfigError``; it is asked late, because a broken manifest is often the
    broken configuration as well. ``knowledge`` is what is known of the releases of ``stripe``, by default what came
    with this version.
    """
    from stripe_lint.manifests.reading import decode_manifest, parse_manifest

    problem: SourceError | ConfigError | None = None
    source = manifest = None
    try:
        source = decode_manifest(data, place.path, place.name, kind)
        manifest = parse_manifest(place.path, source.text, kind)
    except SourceError as error:
        problem = error
    except Exception as error:
        problem = SourceError(f"the analysis crashed: {describe_crash(error)}")
    if manifest is not None and not manifest.entries:
        return None
    try:
        config = config_for()
    except ConfigError as error:
        return could_not_check(place.name, problem or error)
    rules = applicable_rules(place.path, config.rules_for(place.path), config, Subject.MANIFEST)
    if not rules:
        return None
    if problem is not None or source is None or manifest is None:
        return could_not_check(place.name, problem or SourceError("can't be read"))
    return _judge(manifest, source, rules, config, knowledge)


def _judge(
    manifest: Manifest, source: Source, rules: Sequence[Rule], config: Config, knowledge: Knowledge | None
) -> JudgedManifest:
    from stripe_lint.manifests.checked import CheckedManifest
    from stripe_lint.manifests.knowledge import shipped_knowledge
    from stripe_lint.manifests.suppressions import ManifestSuppressions

    subject = CheckedManifest(
        manifest, knowledge or shipped_knowledge(), config.max_majors_behind, partial(project_of, source.path, config)
    )
    comments = ManifestSuppressions(source.text)
    findings = (
        finding
        for finding in _graded(findings_of(subject, rules, source.name), config)
        if finding.code == COULD_NOT_CHECK.code or not comments.cover(finding.code, finding.name, finding.span.line)
    )
    return JudgedManifest(subject, source, config, tuple(findings))


def applicable_rules(
    path: Path, rules: Sequence[Rule], config: Config, subject: Subject = Subject.CODE
) -> Sequence[Rule]:
    """Those of ``rules`` that judge the file at the absolute ``path``: what it is decides, and if it is test code."""
    chosen = [rule for rule in rules if rule.subject is subject]
    if not config.include_tests:
        from stripe_lint.test_code import is_test_code

        if is_test_code(path):
            return [rule for rule in chosen if rule.in_tests]
    return chosen


def findings_of(subject: Module | CheckedManifest, rules: Iterable[Rule], name: str) -> list[Finding]:
    """The findings of ``rules`` in their subject, called ``name`` in reports: by place, each once. Never raises."""
    findings = [finding for rule in rules for finding in _ask(rule, subject, name)]
    unique: dict[tuple[str, int, int], Finding] = {}
    for finding in sorted(findings, key=_place):
        unique.setdefault((finding.code, finding.span.line, finding.span.column), finding)
    return list(unique.values())


def project_of(path: Path, config: Config) -> Project:
    """The project that owns the absolute ``path``, with what its configuration tells of it.

    There is one in each process, which remembers what it read.
    """
    return _project_at(find_root(path), config.conventions)


@cache
def _project_at(root: Path, conventions: Conventions) -> Project:
    from stripe_lint.project import Project

    return Project(root, conventions)


def _ask(rule: Rule, subject: Module | CheckedManifest, name: str) -> Iterator[Finding]:
    detect = cast("Callable[[Module | CheckedManifest], Iterator[Hit]]", rule.detect)
    try:
        for hit in detect(subject):
            yield _finding(rule, hit, name)
    except Exception as error:
        yield _failure(name, f"rule {rule.code} crashed: {describe_crash(error)}")


def _finding(rule: Rule, hit: Hit, name: str) -> Finding:
    return Finding(
        path=name,
        span=hit.span,
        code=rule.code,
        name=rule.name,
        severity=hit.severity or rule.severity,
        confidence=hit.confidence or rule.confidence,
        message=hit.message,
        steps=tuple(_shown(step) for step in hit.steps),
        cwe=rule.cwe,
        fix=hit.fix if hit.fix is not None else rule.fix,
    )


def _shown(step: Step) -> Step:
    path = Path(step.path)
    return step._replace(path=display_name(path)) if path.is_absolute() else step


def _failure(name: str, message: str, span: Span = _START) -> Finding:
    return Finding(
        path=name,
        span=span,
        code=COULD_NOT_CHECK.code,
        name=COULD_NOT_CHECK.name,
        severity=COULD_NOT_CHECK.severity,
        confidence=COULD_NOT_CHECK.confidence,
        message=" ".join(message.split()),
    )


def describe_crash(error: Exception) -> str:
    """The exception in one line, with the innermost place in our own code, for a bug report."""
    place = ""
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_globals.get("__name__", "").startswith("stripe_lint."):
            place = f" ({Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno})"
        frame = frame.tb_next
    return f"{type(error).__name__}: {error}{place}; please report this"


def lines_of(findings: Iterable[Finding], source: Source) -> dict[int, str]:
    """The first lines of each of ``findings`` in ``source`` and its last, without secrets, by number."""
    wanted: set[int] = set()
    for finding in findings:
        first, last = finding.span.line, finding.span.end_line
        wanted.update(range(first, min(last, first + MOST_LINES - 1) + 1), (last,))
    if not wanted:
        return {}
    from stripe_lint.key_shapes import redacted

    lines = source.lines
    return {number: redacted(lines[number - 1]) for number in sorted(wanted) if number <= len(lines)}
