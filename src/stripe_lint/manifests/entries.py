"""Makes entries of what stands in structured manifests: lists of PEP 508 strings, and tables like Poetry's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stripe_lint.errors import SourceError
from stripe_lint.manifests.dependency import any_version, can_apply, is_stripe, parse_dependency, parse_marker
from stripe_lint.manifests.model import PACKAGE, Entry, Role
from stripe_lint.manifests.versions import exactly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stripe_lint.manifests.toml_document import Path, TomlDocument
    from stripe_lint.manifests.versions import VersionRange
    from stripe_lint.model import Span

_ELSEWHERE = ("git", "path", "url", "file", "workspace")
"""Keys of a dependency that does not come from an index."""


def of_strings(document: TomlDocument, values: object, path: Path, role: Role = Role.REQUIREMENT) -> Iterator[Entry]:
    """The entries in a list of requirements at ``path``; what is no string (an ``include-group``) is passed over.

    Raises ``SourceError`` where something else than a list speaks of ``stripe``.
    """
    if not isinstance(values, list):
        if PACKAGE in str(values).lower():
            span = document.span(path)
            raise SourceError(f"{'.'.join(map(str, path))} must be a list of strings", span.line, span.column + 1)
        return
    for index, value in enumerate(values):
        if isinstance(value, str):
            yield from of_string(value, partial(document.span, (*path, index)), role)


def of_string(text: str, place: Callable[[], Span], role: Role = Role.REQUIREMENT) -> Iterator[Entry]:
    """The entry that one requirement makes. ``place`` is asked only where there is one."""
    try:
        found = parse_dependency(text)
    except ValueError as error:
        raise _broken(error, place()) from error
    if found is not None:
        yield Entry(place(), role, found.versions)


def of_table(
    document: TomlDocument,
    table: dict[str, object],
    path: Path,
    parse: Callable[[str], VersionRange],
    role: Role = Role.REQUIREMENT,
) -> Iterator[Entry]:
    """The entries of a table from names to constraints, which ``parse`` understands.

    A constraint is a string, a table with ``version``, or a list of such tables for different environments.
    """
    for name, value in table.items():
        if not is_stripe(name):
            continue
        span = document.span((*path, name))
        for each in value if isinstance(value, list) else [value]:
            try:
                entry = _of_constraint(each, span, parse, role)
            except ValueError as error:
                raise _broken(error, span) from error
            if entry is not None:
                yield entry


def _of_constraint(value: object, span: Span, parse: Callable[[str], VersionRange], role: Role) -> Entry | None:
    if isinstance(value, str):
        return Entry(span, role, parse(value))
    if not isinstance(value, dict):
        raise ValueError("the constraint on stripe must be a string or a table")  # noqa: TRY004 - it is the text's fault
    for condition in (value.get("markers"), _python_marker(value.get("python"))):
        if isinstance(condition, str) and not can_apply(parse_marker(condition)):
            return None
    version = value.get("version")
    if isinstance(version, str):
        return Entry(span, role, parse(version))
    tag = value.get("tag") or value.get("ref")
    if isinstance(tag, str) and tag.lstrip("v")[:1].isdigit() and "." in tag:
        return Entry(span, role, exactly(tag))
    return Entry(span, role, None if any(key in value for key in _ELSEWHERE) else any_version())


def _python_marker(value: object) -> str | None:
    """Poetry's ``python = "<3.8"`` as an environment marker; ``None`` for what is more than one comparison."""
    text = str(value or "").replace(" ", "")
    operator = text.rstrip("0123456789.*")
    if operator not in {"<", "<=", ">", ">=", "=="} or "*" in text:
        return None
    return f'python_version {operator} "{text[len(operator) :]}"'


def _broken(error: ValueError, span: Span) -> SourceError:
    return SourceError(str(error), span.line, span.column + 1)
