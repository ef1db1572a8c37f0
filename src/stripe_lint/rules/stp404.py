"""An address of Stripe, or for Stripe, without encryption.

## What it finds

`stripe.api_base` (and the other bases), the `base_addresses` of a client, or the `url` of a webhook endpoint that is
created or changed, with `http://`.

Not reported: localhost; a name without a dot, which is a container beside it (`http://stripe-mock:12111`); names under
`.localhost` and `.test`; addresses from the configuration; your own pages, such as `success_url`.

## Why it costs money

The SDK accepts the address silently and sends the secret key with every request, readable for everyone on the way. A
webhook endpoint without encryption receives customers' data in clear text; Stripe refuses such an address in live mode,
so the endpoint works in test mode and no event arrives once it counts.

## Bad

```python
import stripe

stripe.api_base = "http://stripe-proxy.shop.example"
```

## Good

```python
import stripe

stripe.api_base = "https://stripe-proxy.shop.example"
```

## Fix

Write `https://`, once the other side answers there. `stripe-lint fix --unsafe-fixes` does so in the literal in which
the address begins, and leaves the port as it is; an address with port 80 stays, which is that of unencrypted HTTP.

## Suppress

```python
stripe.api_base = "http://stripe.shop.example"  # noqa: STP404 - the sidecar encrypts
```

## References

- TLS and certificates: https://docs.stripe.com/security/guide#tls
- Webhook endpoints need HTTPS: https://docs.stripe.com/webhooks#webhook-endpoint-def
- Clear-text transmission: https://cwe.mitre.org/data/definitions/319.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each address without encryption."""
    if "http://" not in module.text:
        return
    from stripe_lint.analysis.sdk_uses import insecure_addresses

    for node in insecure_addresses(module):
        yield Hit(
            module.span(node), "this address is not encrypted: keys and events can be read on the way; use https://"
        )


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Let the address begin with https://."""
    from stripe_lint.rules import _encrypted_address

    _encrypted_address.repair(module, hit, edit)


RULE = Rule(
    code="STP404",
    name="insecure-stripe-url",
    summary="Stripe, or a webhook endpoint, is addressed with http://.",
    severity=Severity.WARNING,
    cwe=(319,),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
