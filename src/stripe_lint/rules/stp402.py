"""A webhook secret that has a default.

## What it finds

A webhook secret that is read with a default: `os.getenv("STRIPE_WEBHOOK_SECRET", "")`, `config(...,
default="whsec_test")`, `... or ""`, `getattr(settings, "STRIPE_WEBHOOK_SECRET", "")`, a field of a Pydantic settings
class (with Stripe in its name, prefix or field), `... if ... else ""`, a ready-made secret in a `DEFAULTS` dict, and
whatever the file itself verifies with. And any secret whose default is a key of Stripe's.

Not reported:

- an empty default where the project's stripe is 15.6.0 or newer, which refuses the empty secret; the release is taken
  from the lock file, pin or range, or from `--stripe-version`;
- an empty default where, before each verification with this secret, a test for its emptiness ends the request or the
  process (`if not secret: raise ...`): at import, in a check of the settings, in the view itself, or in what runs
  before it (a caller, a decorator, a dependency, a middleware); a test in the view of another endpoint does not count;
- a value that is only looked at, such as for a page that tells whether there is a secret;
- an empty default in whose place something else is taken (`os.getenv("STRIPE_WEBHOOK_SECRET", "") or None`);
- an empty API key, which opens nothing; publishable keys; a read without a default.

Limit: other files (`.env`, Docker Compose, Helm) can hold defaults as well. gitleaks and TruffleHog look for secrets in
them; nothing looks for empty ones.

## Why it costs money

Where the variable is missing in production (a new server, a typo, a renamed setting), the default is in force, and
nothing fails. Up to stripe 15.5.1 the SDK then verifies with the empty secret, for which anyone can compute a
signature: every forged event is genuine. A default that stands in the code is known to everybody who can read the
code, on every release.

## Bad

```python
import os

import stripe

WEBHOOK_SECRET = os.getenv("STRIPE_WEBHOOK_SECRET", "")


def read_event(body, signature):
    return stripe.Webhook.construct_event(body, signature, WEBHOOK_SECRET)
```

## Good

```python
import os

import stripe

WEBHOOK_SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


def read_event(body, signature):
    return stripe.Webhook.construct_event(body, signature, WEBHOOK_SECRET)
```

## Fix

Read the secret without a default, so that a missing one ends the process when it starts. Where the process has to start
without it, refuse the request while it is empty.

`stripe-lint fix --unsafe-fixes` does the first: `os.environ["STRIPE_WEBHOOK_SECRET"]`, `config(...)` and `env(...)`
without their default, `settings.STRIPE_WEBHOOK_SECRET`, a required field of settings that Pydantic reads from the
environment. The process then stops where the variable is missing, in builds and tests too. Ready-made secrets in a dict
of defaults, `... if ... else ""`, fields of other models and readers whose behaviour is not known stay and are
reported.

## Suppress

```python
SECRET = os.getenv("STRIPE_WEBHOOK_SECRET", "")  # noqa: STP402 - refused in the gateway while it is empty
```

## References

- Verify webhook signatures: https://docs.stripe.com/webhooks#verify-official-libraries
- Initialization with an insecure default: https://cwe.mitre.org/data/definitions/1188.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.secret_defaults import SecretDefault
    from stripe_lint.fixing.edit import Edit

_WORDS = ("secret", "whsec", "sk_", "rk_", "hook", "signing", "construct_event", "verify_header")


def detect(module: Module) -> Iterator[Hit]:
    """Report each secret with a default that lets somebody in."""
    for default in open_defaults(module):
        if default.empty:
            message = (
                "the webhook secret may be empty, and what verifies with it then lets anyone sign events: "
                "read it without a default"
            )
        elif default.webhook:
            message = "the webhook secret has a default that stands in the code: whoever reads it can sign events"
        else:
            message = "a key of Stripe's is the default of this setting: read it without a default"
        yield Hit(module.span(default.node), message)


def open_defaults(module: Module) -> Iterator[SecretDefault]:
    """The defaults that let somebody in: nothing refuses them, neither the project nor its release of ``stripe``."""
    lowered = module.lowered
    if not any(word in lowered for word in _WORDS):
        return
    from stripe_lint.analysis.secret_defaults import secret_defaults

    for default in secret_defaults(module):
        if not default.empty or _is_accepted(module, default):
            yield default


def _is_accepted(module: Module, default: SecretDefault) -> bool:
    """Whether nothing refuses the secret where it is empty."""
    from stripe_lint.analysis.secret_refusals import is_refused
    from stripe_lint.data.milestones import ACCEPTING_EMPTY_SECRETS

    requirement = module.stripe_requirement
    if requirement is not None and requirement.excludes(ACCEPTING_EMPTY_SECRETS):
        return False
    return not is_refused(module, default)


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Read the secret without the default."""
    from stripe_lint.rules import _required_secret

    _required_secret.repair(module, hit, edit)


RULE = Rule(
    code="STP402",
    name="empty-secret-default",
    summary="A webhook secret is read with an empty or usable default.",
    severity=Severity.ERROR,
    cwe=(1188, 347),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
