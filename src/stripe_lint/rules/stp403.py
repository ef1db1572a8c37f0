"""Stripe's certificate is not checked.

## What it finds

`stripe.verify_ssl_certs = False`, a client (`StripeClient`, `RequestsClient`, `HTTPXClient`, ...) made with
`verify_ssl_certs=False`, and a client that gets a session or HTTP client with `verify=False`, under whatever condition
and in test code too.

Not reported: certificates of other services; `stripe.ca_bundle_path`, which names other authorities but still checks.

## Why it costs money

Without the check anyone on the way (a proxy, a poisoned DNS entry, a Wi-Fi) can answer as Stripe. They read the secret
key from the first request, and from then on can charge, refund and pay out. The SDK gives no warning. What is meant for
development only tends to be one environment variable away from production.

## Bad

```python
import stripe

stripe.verify_ssl_certs = False
```

## Good

```python
import stripe

stripe.max_network_retries = 2
```

## Fix

Take the setting out. Behind a proxy with its own authority, point `stripe.ca_bundle_path` to a bundle that has it; for
tests, run stripe-mock on localhost.

`stripe-lint fix --unsafe-fixes` takes it out; where it is the only statement of a block, or a comment speaks of it, it
becomes `True`. Where the certificate was not checked because it can't be, every request fails then.

## Suppress

```python
stripe.verify_ssl_certs = False  # noqa: STP403 - only in the recording proxy's container
```

## References

- TLS and certificates: https://docs.stripe.com/security/guide#tls
- Improper certificate validation: https://cwe.mitre.org/data/definitions/295.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each place that switches the check off."""
    if "verify" not in module.text:
        return
    from stripe_lint.analysis.sdk_uses import unverified_transports

    for node in unverified_transports(module):
        message = "Stripe's certificate is not checked: anyone on the way gets the secret key; take this out"
        yield Hit(module.span(node), message)


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Take out what switches the check off."""
    from stripe_lint.rules import _checked_certificate

    _checked_certificate.repair(module, hit, edit)


RULE = Rule(
    code="STP403",
    name="tls-verification-disabled",
    summary="The certificate of Stripe's servers is not checked.",
    severity=Severity.ERROR,
    cwe=(295,),
    in_tests=True,
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
