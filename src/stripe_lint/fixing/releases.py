"""Asks of code what would be wrong with it if it met another release of ``stripe``, before a manifest lets it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from stripe_lint.catalogue import all_rules
from stripe_lint.discovery import PYTHON_SUFFIXES, discover
from stripe_lint.engine import applicable_rules, check_source, project_of
from stripe_lint.errors import Declined, SourceError
from stripe_lint.manifests.folder import project_folder
from stripe_lint.manifests.requirement import stripe_requirement
from stripe_lint.sources import concerns_stripe, decode, display_name, find_root, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packaging.version import Version

    from stripe_lint.config import Config, Configurations
    from stripe_lint.manifests.versions import VersionRange
    from stripe_lint.model import Finding
    from stripe_lint.sources import Source


def reject_breaking_releases(
    manifest: Path, newest: Version, admitted: VersionRange, configurations: Configurations
) -> None:
    """Raises ``Declined`` if code that the manifest may be for would have findings with releases that it has not now.

    ``admitted`` are the releases that the manifest is about to admit, ``newest`` is the newest of them.

    All rules are asked that look at the release, also those that are off: the code would break all the same.
    """
    for source, config in _governed_code(manifest, configurations):
        left = Counter(_key(finding) for finding in _by_release(source, config))
        for finding in _by_release(source, config._replace(stripe_version=str(admitted))):
            left[_key(finding)] -= 1
            if left[_key(finding)] < 0:
                place = f"{display_name(source.path)}:{finding.span.line}"
                raise Declined(
                    f"stripe{admitted} would break {place} ({finding.code}): mend that first, with"
                    f' --stripe-version "{newest}"'
                )


def _governed_code(manifest: Path, configurations: Configurations) -> Iterator[tuple[Source, Config]]:
    """The files about Stripe that may run with what the manifest asks for, with the configuration of each.

    That is the code that the manifests of its folder speak for, one of which may be installed as well as another, and
    the code that none speaks for. A manifest that has no code of its own, such as that of a layer, is for all code.
    """
    own: list[tuple[Source, Config]] = []
    others: list[tuple[Source, Config]] = []
    for path in discover([_repository(manifest)], configurations).files:
        if not path.name.endswith(PYTHON_SUFFIXES):
            continue
        config = configurations.at(path.parent)
        requirement = stripe_requirement(path, config.stripe_version)
        code = _code_about_stripe(path) if requirement is None or requirement.path is not None else None
        if code is None:
            continue
        if requirement is not None and requirement.path is not None:
            is_own = project_folder(requirement.path) == project_folder(manifest)
            (own if is_own else others).append((code, config))
        else:
            yield code, config
    yield from own or others


def _repository(manifest: Path) -> Path:
    """The repository around a manifest; without one, what owns the code beside it."""
    return next((folder for folder in manifest.parents if (folder / ".git").exists()), None) or find_root(manifest)


def _code_about_stripe(path: Path) -> Source | None:
    try:
        data = read_bytes(path)
        return decode(data, path, str(path)) if concerns_stripe(data) else None
    except SourceError:
        return None


def _by_release(source: Source, config: Config) -> tuple[Finding, ...]:
    rules = applicable_rules(source.path, [rule for rule in all_rules() if rule.by_release], config)
    return check_source(source, rules, config, project_of(source.path, config)).findings if rules else ()


def _key(finding: Finding) -> tuple[str, int, int]:
    return finding.code, finding.span.line, finding.span.column
