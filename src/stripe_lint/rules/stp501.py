"""A release of stripe from years ago.

## What it finds

A requirement, pin or lock file whose `stripe`, taken as new as it admits, is more than two major versions behind the
newest release that the tool knows (its own list, or the package index with `--online`). `max-majors-behind` in
`[tool.stripe-lint]` sets another number.

Reported as a `warning` at the requirement; where that is wide enough and only the lock file is old, at the line of the
lock file that names stripe. A requirement and its lock that are both too old are one finding, and so are a wide
requirement and the constraints (`-c`) that keep it old, at the constraint; where each is too old by itself, each is
reported. Lists that one includes (`-r`) are looked at whatever they are called.

Not reported: a branch of a repository or a folder, whose version nothing tells; a requirement for interpreters that are
no longer supported (`python_version < "3"`); a version for which STP503 reports an `error`; manifests in a folder of
tests (`tests/`).

## Why it costs money

Stripe maintains the newest major version. Older ones get no fixes, security fixes included: the hardening against
payloads that name another host was released for the newest line only. Each major version is also tied to a version of
the API; the longer the step is put off, the more of it has to be done at once, one day under pressure, because a root
certificate or a field that the code needs has gone.

## Bad

```text
# requirements.txt
stripe==9.12.0
```

## Good

```text
# requirements.txt
stripe>=16.1,<17
```

## Fix

Raise the bound one major version at a time and read the migration guide of each; `stripe-lint check
--stripe-version 15` tells what breaks. The API version can be kept for the time being by `stripe.api_version`.

`stripe-lint fix --unsafe-fixes` raises the bound to the newest release that runs with the project's Python, as the
marker of the requirement, `requires-python`, Poetry's `python`, the `Pipfile` or `setup.cfg` state it, and that brings
no known hole with it. Your code has to be tested with it. Lock files, a requirement beside one, lists with hashes and
lists that were compiled stay: their tools have to make them anew, and the report names the command where there is one.

## Suppress

```text
stripe==9.12.0  # noqa: STP501 - until the checkout is rewritten
```

## References

- Versioning and support: https://docs.stripe.com/sdks/versioning
- Changes: https://github.com/stripe/stripe-python/blob/master/CHANGELOG.md
- Migration guides: https://github.com/stripe/stripe-python/wiki
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.manifests.checked import CheckedManifest
    from stripe_lint.manifests.repairs import NewText


def detect(manifest: CheckedManifest) -> Iterator[Hit]:
    """Report each entry that is too far behind, unless it follows from a declaration that is reported itself."""
    from stripe_lint.rules._dependencies import (
        declared,
        described,
        flaw,
        is_outdated,
        is_reported_as_constraint,
        majors_behind,
    )

    if any(is_outdated(*declaration) for declaration in declared(manifest)):
        return
    for entry in manifest.entries:
        if not is_outdated(manifest, entry) or is_reported_as_constraint(manifest, entry, is_outdated):
            continue
        wrong = flaw(manifest, entry)
        if wrong is not None and wrong.severity is Severity.ERROR:
            continue
        yield Hit(
            entry.span,
            f"{described(manifest, entry)} is {majors_behind(manifest, entry)} major versions behind"
            f" {manifest.knowledge.newest} and gets no fixes, not even for security; move to the newest major",
        )


def repair(manifest: CheckedManifest, hit: Hit, text: str) -> NewText:
    """Raise the bound to the newest release that the project's Python runs and that has no hole the present has not."""
    from stripe_lint.manifests.repairs import raise_bound

    entry = manifest.entry_at(hit.span)
    knowledge = manifest.knowledge
    highest = manifest.highest(entry)
    known = set(knowledge.weaknesses_of(highest)) if highest is not None else set()
    candidates = [
        each
        for each in reversed(knowledge.standing)
        if knowledge.newest.major - each.major <= manifest.majors_behind
        and known.issuperset(knowledge.weaknesses_of(each))
    ]
    return raise_bound(manifest, entry, text, candidates)


RULE = Rule(
    code="STP501",
    name="outdated-stripe",
    summary="The stripe package is several major versions behind.",
    severity=Severity.WARNING,
    cwe=(1104,),
    fix=FixClass.UNSAFE,
    subject=Subject.MANIFEST,
    repair_manifest=repair,
    detect=detect,
)
