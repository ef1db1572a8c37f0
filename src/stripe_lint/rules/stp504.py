"""Nothing proposes newer releases of stripe.

## What it finds

A manifest that asks for `stripe`, in a repository whose Dependabot and Renovate configurations do not cover it: there
is none, none for Python in that folder, or it leaves stripe out (`ignore`, `ignoreDeps`, `enabled: false`, a limit of
no pull requests).

Reported as `info` at the requirement, once for all manifests of a folder, since one entry looks after them; in a lock
file only where nothing beside it declares the requirement.

Not reported: a list that uv, pip-compile, PDM or Pipenv compiled from a declaration here or further up. Nor where a
configuration can't be read or extends one that is not in the repository: it may cover anything.

## Why it costs money

Stripe's security fixes go to the newest major version only, and they are rarely announced as advisories; who does not
look does not hear of them. An update of a month is read in minutes. An update of three years is a project, and until it
is done the holes of STP503 stay open.

## Bad

```text
# requirements.txt
stripe>=16.1,<17
```

## Good

```text
# requirements.txt
stripe>=16.1,<17
```

```yaml
# .github/dependabot.yml
version: 2
updates:
  - package-ecosystem: "pip"
    directory: "/"
    schedule:
      interval: "weekly"
```

## Fix

Add the entry above with the folder of the manifest (`package-ecosystem: "uv"` for uv).

`stripe-lint fix --unsafe-fixes` writes it into `.github/dependabot.yml`. It is unsafe because it makes a robot open
pull requests. An entry that leaves stripe or this folder out stays as it is.

Dependabot's *security* updates, which need no file, are not enough: they know published advisories only.

## Suppress

```text
stripe>=16.1,<17  # noqa: STP504 - updated by a job of our own
```

## References

- Dependabot's options: https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference
- Renovate for Python: https://docs.renovatebot.com/python/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.manifests.checked import CheckedManifest
    from stripe_lint.manifests.repairs import NewText


def detect(manifest: CheckedManifest) -> Iterator[Hit]:
    """Report the first entry of a manifest that no robot looks at, once for all manifests of a folder."""
    if not _is_left_out(manifest):
        return
    # one entry looks after a whole folder
    if not any(each.path < manifest.path and _is_left_out(each) for each in manifest.neighbours):
        asked = manifest.manifest.requirements or manifest.manifest.locked
        yield Hit(
            asked[0].span,
            "neither Dependabot nor Renovate proposes new releases of stripe here, and its security fixes"
            " go to the newest only; add an entry to .github/dependabot.yml",
        )


def _is_left_out(manifest: CheckedManifest) -> bool:
    """Whether the manifest asks for the package by itself, and no robot looks at it."""
    from stripe_lint.manifests.updates import is_kept_up_to_date

    if not manifest.manifest.requirements and not manifest.manifest.locked:
        return False
    if any(declaration.manifest.requirements for declaration in manifest.declarations):
        return False
    return not is_kept_up_to_date(manifest.path, manifest.manifest.kind)


def repair(manifest: CheckedManifest, hit: Hit, text: str) -> NewText:  # noqa: ARG001
    """Write Dependabot's entry."""
    from stripe_lint.manifests.repairs import add_dependabot_entry

    return add_dependabot_entry(manifest)


RULE = Rule(
    code="STP504",
    name="no-automated-stripe-updates",
    summary="Neither Dependabot nor Renovate updates stripe.",
    severity=Severity.INFO,
    cwe=(1104,),
    fix=FixClass.UNSAFE,
    subject=Subject.MANIFEST,
    repair_manifest=repair,
    detect=detect,
)
