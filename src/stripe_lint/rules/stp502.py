"""A stripe that any installation may replace by the next major version.

## What it finds

A requirement on `stripe` without an upper bound (`stripe`, `stripe>=8`), where nothing else fixes the version either:
no lock file here or further up in the repository, no pin in another manifest of the same folder, no constraints file.

Reported as `info` at the requirement.

Not reported: a pin, an upper bound, `~=`, Poetry's `^`; a repository or a folder as source; lists of constraints, which
install nothing.

## Why it costs money

Stripe releases two or more major versions a year, and they break code that takes payments: since 13
`import stripe.error` ends the program at its start, since 15 a verified event is no `dict`, so that `event.get("type")`
answers every delivery with a 500. Without a bound that happens on the day of the next build, whatever was changed on
that day.

## Bad

```text
# requirements.txt
stripe>=8.0
```

## Good

```text
# requirements.txt
stripe>=16.1,<17
```

```toml
# pyproject.toml
[tool.poetry.dependencies]
stripe = "^16.1"
```

## Fix

In a program, commit a lock file (`uv lock`, `poetry lock`, `pip-compile --generate-hashes`) and let Dependabot or
Renovate move it (STP504). In a library, set the upper bound to the next major version that you have not tested.

There is no automatic fix, since only you know which versions work.

## Suppress

```text
stripe>=8.0  # noqa: STP502 - the image is built from a lock that is not in this repository
```

## References

- Versioning and support: https://docs.stripe.com/sdks/versioning
- Version specifiers: https://packaging.python.org/en/latest/specifications/version-specifiers/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import Hit, Rule, Severity, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.manifests.checked import CheckedManifest


def detect(manifest: CheckedManifest) -> Iterator[Hit]:
    """Report each requirement that nothing bounds."""
    for entry in manifest.manifest.requirements:
        versions = manifest.versions(entry)
        if versions is not None and not versions.is_bounded and not manifest.is_bounded_elsewhere:
            yield Hit(
                entry.span,
                "nothing keeps the next major version of stripe out, and these break payments;"
                " add an upper bound or commit a lock file",
            )


RULE = Rule(
    code="STP502",
    name="unpinned-stripe",
    summary="The requirement on stripe has no upper bound, and no lock file fixes the version.",
    severity=Severity.INFO,
    cwe=(1104,),
    subject=Subject.MANIFEST,
    detect=detect,
)
