"""A release of stripe with a known hole, or one that its authors withdrew.

## What it finds

A pin or lock on a version of `stripe` that was withdrawn from the package index, that an advisory was published for, or
that is known to have a hole; and a range in which every version has one. With `--online` the index and the OSV database
are asked, else the tool's own list is used, of which each row has a source:

| Versions | What is wrong | Mended in |
| --- | --- | --- |
| 5.1.0, 7.8.0 | withdrawn by Stripe | |
| 11.0.0 to 15.6.0 | the API key is sent to a host that an unverified payload names | 15.6.1 |
| 1.55.0 to 15.5.1 | a webhook that is signed with an empty secret is accepted | 15.6.0 |
| before 14.1.0, without the patches of October 2026 | the root certificates that Stripe moves to are missing | 14.1.0 |
| 4.0.0 | the idempotency key of `modify` and of calls on a class is ignored | 4.0.1 |

A withdrawn version and one with an advisory are an `error`. The other holes have no advisory, so that tools such as
pip-audit do not know them; they are a `warning` where the project reaches them, else `info`. The hole of the empty
secret is reached where STP402 finds one in the project's code, that of the foreign host where a file with STP101 or
STP102 fetches what the payload names.

Reported at the requirement, else at the line of the lock file that names stripe. A range that admits a withdrawn
version among others is fine: no installer takes it.

## Why it costs money

With the secret API key a stranger moves your money: refunds, transfers, payouts to another account. With an empty
secret anyone signs events, and unpaid orders are delivered. Without the new roots no request reaches Stripe from the
day its certificates change: no payment at all until you have deployed another version.

## Bad

```text
# requirements.txt
stripe==7.8.0
```

## Good

```text
# requirements.txt
stripe>=16.1,<17
```

## Fix

Move to 15.6.1 or newer. Where that takes time: verify every payload before anything in it is used (STP101), refuse to
start without a webhook secret, and take the last patch release of your major version, which has the new roots.

`stripe-lint fix --unsafe-fixes` raises the bound to the first later version that was not withdrawn, has none of these
holes and runs with the project's Python, which may be another major version; where there is none, it says so. Lock
files, a requirement beside one, lists with hashes and lists that were compiled stay: their tools have to make them
anew.

## Suppress

```text
stripe==14.4.1  # noqa: STP503 - webhooks are verified by the gateway
```

## References

- Hardening against foreign hosts: https://github.com/stripe/stripe-python/pull/1896
- Empty webhook secrets: https://github.com/stripe/stripe-python/pull/1902
- Root certificates: https://github.com/stripe/stripe-python/pull/1692
- Certificates of Stripe: https://docs.stripe.com/tls-certificates
- Advisories: https://osv.dev/list?ecosystem=PyPI&q=stripe
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

    from stripe_lint.manifests.checked import CheckedManifest
    from stripe_lint.manifests.model import Entry
    from stripe_lint.manifests.repairs import NewText
    from stripe_lint.rules._dependencies import Flaw


def detect(manifest: CheckedManifest) -> Iterator[Hit]:
    """Report each entry that leads to a bad version, unless it follows from a declaration that is as bad itself."""
    from stripe_lint.rules._dependencies import declared, flaw, is_reported_as_constraint

    reported = [wrong for declaration in declared(manifest) if (wrong := flaw(*declaration)) is not None]
    worst = max((wrong.severity.value for wrong in reported), default=0)
    for entry in manifest.entries:
        wrong = flaw(manifest, entry)
        if wrong is not None and wrong.severity.value > worst and not is_reported_as_constraint(manifest, entry, flaw):
            yield Hit(entry.span, _message(manifest, entry, wrong), _severity(manifest, wrong))


def _severity(manifest: CheckedManifest, wrong: Flaw) -> Severity:
    """As bad as it is by itself, and a warning where the project's own code reaches the hole."""
    from stripe_lint.rules._dependencies import REACHED_KINDS
    from stripe_lint.rules._reach import reaches

    kinds = {weakness.kind for weakness in wrong.weaknesses} & REACHED_KINDS
    if wrong.severity is Severity.INFO and any(reaches(manifest.project, kind) for kind in sorted(kinds)):
        return Severity.WARNING
    return wrong.severity


def _message(manifest: CheckedManifest, entry: Entry, wrong: Flaw) -> str:
    from stripe_lint.rules._dependencies import described

    subject = described(manifest, entry)
    better = next(iter(_better(manifest, wrong)), None)
    advice = f"take {better} or newer" if better else "no release is better"
    if wrong.withdrawn is not None:
        reason = f" ({wrong.withdrawn})" if wrong.withdrawn else ""
        nearest = next((each for each in manifest.knowledge.standing if each > wrong.version), None)
        if better and nearest and nearest < better:
            advice = f"take {nearest} at least; {better} is the first after it that nothing is wrong with"
        return f"{subject} was withdrawn by its authors{reason}; {advice}"
    *others, last = (weakness.effect for weakness in wrong.weaknesses)
    effects = f"{', '.join(others)} and {last}" if others else last
    return f"{subject} {effects}; {advice}"


def _better(manifest: CheckedManifest, wrong: Flaw) -> list[Version]:
    """The releases after it that nothing is wrong with, oldest first.

    A release that lacks one hole may have another. An advisory may name a release that no index has shown yet.
    """
    knowledge = manifest.knowledge
    announced = (weakness.fixed for weakness in wrong.weaknesses if weakness.fixed is not None)
    candidates = (each for each in (*announced, *knowledge.standing) if each > wrong.version)
    return sorted(
        {each for each in candidates if each not in knowledge.withdrawn and not knowledge.weaknesses_of(each)}
    )


def repair(manifest: CheckedManifest, hit: Hit, text: str) -> NewText:
    """Raise the bound to the first release that nothing is wrong with and that the project's Python runs."""
    from stripe_lint.manifests.repairs import raise_bound
    from stripe_lint.rules._dependencies import flaw

    entry = manifest.entry_at(hit.span)
    wrong = flaw(manifest, entry)
    return raise_bound(manifest, entry, text, _better(manifest, wrong) if wrong is not None else [])


RULE = Rule(
    code="STP503",
    name="vulnerable-or-yanked-stripe",
    summary="The version of stripe was withdrawn, or has a known hole.",
    severity=Severity.ERROR,
    cwe=(1395,),
    fix=FixClass.UNSAFE,
    subject=Subject.MANIFEST,
    repair_manifest=repair,
    detect=detect,
)
