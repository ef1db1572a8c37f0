"""A secret of Stripe written into the code.

## What it finds

Text in the shape of a secret key (`sk_live_`, `sk_test_`), a restricted key (`rk_`), an organization key (`sk_org_`) or
a webhook secret (`whsec_`), in a string, a comment or a docstring. No report shows the secret itself.

- `error`: a secret with a real body, live or test.
- `info`: a string that only stands in for one (`sk_test_...`, `whsec_xxx`, `sk_test_123`), because placeholders are
  where keys are pasted. As the default of a setting it is STP402's.
- In test code only live keys are reported.
- Not reported: publishable keys (`pk_`), which are public; a prefix alone, as a validator has it; names that merely end
  alike (`calculation_task_test_`); `whsec_` secrets in files that speak of Svix or Standard Webhooks, which use the
  same prefix; a list of values.

Limit: other files (`.env`, YAML, Dockerfiles, shell scripts, the history of the repository) are not looked at. Use
gitleaks, TruffleHog or the secret scanning of your forge for those.

## Why it costs money

Whoever reads a live secret key can charge, refund, pay out and read all customers, and keys in repositories are found
by scanners within minutes. With a webhook secret anyone can sign events that your handler believes. A test key opens
the test data, and the code with it is one copy away from the live one. A key that was committed stays in the history,
also when the line is gone.

## Bad

```python
import stripe

stripe.api_key = "sk_test_EXAMPLEkeyBody"
```

## Good

```python
import os

import stripe

stripe.api_key = os.environ["STRIPE_SECRET_KEY"]
```

## Fix

Roll the key in the Dashboard first (a webhook secret at its endpoint), then read it from the environment or a secret
store. Taking the line out does not help: it is in the history.

## Suppress

```python
SAMPLE = "sk_test_..."  # noqa: STP401 - shown in the help text
```

## References

- API keys: https://docs.stripe.com/keys
- Best practices for secret keys: https://docs.stripe.com/keys-best-practices
- Hard-coded credentials: https://cwe.mitre.org/data/definitions/798.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import Hit, Rule, Severity
from stripe_lint.sources import KEY_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.secret_literals import SecretLiteral


def detect(module: Module) -> Iterator[Hit]:
    """Report each secret, and each string that stands in for one."""
    if not any(prefix in module.text for prefix in KEY_PREFIXES):
        return
    from stripe_lint.analysis.secret_literals import secret_literals
    from stripe_lint.test_code import is_test_code

    only_live = is_test_code(module.path) and not module.project.conventions.include_tests
    for literal in secret_literals(module):
        if only_live and (literal.shape.placeholder or not literal.shape.live or literal.shape.webhook):
            continue
        severity = Severity.INFO if literal.shape.placeholder else Severity.ERROR
        yield Hit(literal.span, _message(literal), severity)


def _message(literal: SecretLiteral) -> str:
    shape = literal.shape
    if shape.placeholder:
        return f"a placeholder for a secret ({shape.prefix}…): a real one is soon pasted here; read it from outside"
    if shape.webhook:
        return "a webhook secret (whsec_…) is in the code: its readers can forge events; roll it, read it from outside"
    if shape.live:
        return f"a live key ({shape.prefix}…) is in the code: its readers can move money; roll it, read it from outside"
    return f"a test key ({shape.prefix}…) is in the code: roll it and read it from the environment"


RULE = Rule(
    code="STP401",
    name="hardcoded-stripe-secret",
    summary="A secret key or webhook secret is written into the code.",
    severity=Severity.ERROR,
    cwe=(798,),
    in_tests=True,
    detect=detect,
)
