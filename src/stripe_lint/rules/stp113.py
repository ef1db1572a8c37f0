"""A verification call that can't work.

## What it finds

- No signature or no secret is passed, or `None` is, or an empty text as the signature; more is passed than the function
  takes, or a keyword that it does not have (`signature=` instead of `sig_header=`).
- The arguments are in the wrong order: the signature where the body belongs, the secret where the signature belongs.
- An API key or a publishable key where the webhook's secret belongs: a literal `sk_…`, `rk_…` or `pk_…`,
  `stripe.api_key`, or a setting that is called like one (`STRIPE_SECRET_KEY`, `STRIPE_API_KEY`).
- The secret as bytes (`secret.encode()`), which the SDK fails to encode again.
- `stripe.Webhook.verify_header`, which no release has; it is a function of `stripe.WebhookSignature`.

Reported as an `error` at the call; where a function of the project is given the secret, at the call in the same file
that passes an API key to it, or for a default, at the verification.

Not reported: arguments that come through `*args` or `**kwargs`; a name that says webhook, signing or endpoint
(`STRIPE_WEBHOOK_SECRET_KEY`); a method of that name that may be another library's.

Limit: what is in a variable or setting is told by its name and by what is assigned to it, not by its value at run time.

## Why it costs money

Every genuine delivery is refused. Where a broad `except` stands around the call it looks as if Stripe sent nothing but
forgeries: orders stay open, subscriptions stay active, and after some days Stripe may disable the endpoint. The next
step is then often to take the check out.

A webhook's secret begins with `whsec_` and belongs to one endpoint. An API key is no substitute for it.

## Bad

```python
import os

import stripe
from flask import Flask, request

from shop.orders import mark_paid

app = Flask(__name__)
stripe.api_key = os.environ["STRIPE_SECRET_KEY"]


@app.post("/webhook")
def webhook():
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(request.get_data(), signature, stripe.api_key)
    except Exception:
        return "", 400
    if event["type"] == "checkout.session.completed":
        mark_paid(event["data"]["object"]["client_reference_id"])
    return "", 200
```

## Good

```python
import os

import stripe
from flask import Flask, request

from shop.orders import mark_paid

app = Flask(__name__)
stripe.api_key = os.environ["STRIPE_SECRET_KEY"]


@app.post("/webhook")
def webhook():
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(request.get_data(), signature, os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, stripe.SignatureVerificationError):
        return "", 400
    if event["type"] == "checkout.session.completed":
        mark_paid(event["data"]["object"]["client_reference_id"])
    return "", 200
```

## Fix

Pass the raw body, the value of the header `Stripe-Signature` and the endpoint's secret, in this order or as `payload=`
(`raw=` for event notifications), `sig_header=` and `secret=`. The secret is shown in the settings of the endpoint at
Stripe; `stripe listen` prints another one for its own deliveries.

`stripe-lint fix` puts the arguments in order, renames what is misnamed, and takes a signature or a secret that is at
hand: in a variable, in the file's settings, in the request. A secret that the file does not know yet is a guess, and
needs `--unsafe-fixes`; one that another endpoint verifies with is not taken.

## Suppress

```python
event = stripe.Webhook.construct_event(body, signature, SECRET_KEY)  # noqa: STP113 - holds the whsec_ secret
```

## References

- Receive Stripe events in your webhook endpoint: https://docs.stripe.com/webhooks
- Resolve webhook signature verification errors: https://docs.stripe.com/webhooks/signature
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.sdk_verifications import SdkVerification
    from stripe_lint.fixing.edit import Edit

_API_KEY: Final = "an API key is passed where the webhook's secret (whsec_…) belongs"


def detect(module: Module) -> Iterator[Hit]:
    """Report each verification that can't work."""
    from stripe_lint.analysis import sdk_verifications

    found = sdk_verifications.sdk_verifications(module)
    if not found:
        return
    from stripe_lint.analysis import handovers
    from stripe_lint.analysis.verification_arguments import Role, role_of

    for verification in found:
        problem = _unknown(verification) or _malformed(verification) or _empty(verification) or _misplaced(verification)
        if problem is not None:
            yield Hit(module.span(verification.node), f"{problem}, so every delivery is refused")
            continue
        for handover in handovers.handovers(module, verification.secret):
            if role_of(handover.module, handover.written) is Role.API_KEY:
                from stripe_lint.rules._handed_over import hit_at_handover

                problem = f"{_API_KEY}, so every delivery is refused"
                yield hit_at_handover(verification, handover, problem, "the API key is passed here")


def _unknown(verification: SdkVerification) -> str | None:
    """What is wrong with a function that the SDK does not have, although its documentation strings name it."""
    from stripe_lint.analysis.verification_arguments import calls_missing_function

    return (
        "stripe.Webhook has no verify_header, stripe.WebhookSignature has"
        if calls_missing_function(verification)
        else None
    )


def _malformed(verification: SdkVerification) -> str | None:
    """What is wrong with how many arguments there are, and with their names."""
    from stripe_lint.analysis.sdk_verifications import REQUIRED

    parameters = verification.parameters
    if verification.open or not verification.certain:
        return None
    if len(verification.positional) > len(parameters):
        return f"{verification.name} takes {len(parameters)} arguments at most"
    for name in verification.keywords:
        if name not in parameters:
            return f"{verification.name} has no parameter `{name}`: its parameters are {', '.join(parameters)}"
    given = {*parameters[: len(verification.positional)], *verification.keywords}
    missing = [parameter for parameter in parameters[:REQUIRED] if parameter not in given]
    return f"{verification.name} needs `{missing[-1]}`" if missing else None


def _empty(verification: SdkVerification) -> str | None:
    """Which argument is passed without a value; a body of the program's own is meant to be refused."""
    from stripe_lint.analysis.verification_arguments import is_bytes, is_empty, literal

    module = verification.module
    if not verification.certain or literal(module, verification.payload) is not None:
        return None
    if is_empty(literal(module, verification.signature)):
        return "no signature is passed"
    secret = literal(module, verification.secret)
    if verification.secret is not None and is_bytes(module, verification.secret):
        return "the secret is passed as bytes, and the SDK encodes it itself"
    return "no secret is passed" if secret is not None and secret.value is None else None


def _misplaced(verification: SdkVerification) -> str | None:
    """What is wrong with what is passed for which parameter."""
    from stripe_lint.analysis import handovers
    from stripe_lint.analysis.sdk_verifications import REQUIRED
    from stripe_lint.analysis.verification_arguments import Role, role_of, roles

    payload, signature, secret = roles(verification)
    default = handovers.default_in_force(verification.module, verification.secret)
    if secret is Role.API_KEY or (default is not None and role_of(verification.module, default) is Role.API_KEY):
        return _API_KEY
    parameters = verification.parameters
    swapped = (
        (payload is Role.SIGNATURE and signature is Role.PAYLOAD),
        (signature in {Role.SECRET, Role.API_KEY} and secret is Role.SIGNATURE),
        (payload in {Role.SECRET, Role.API_KEY} and secret in {Role.PAYLOAD, Role.SIGNATURE}),
    )
    if any(swapped):
        return f"the arguments are in the wrong order: pass {', '.join(parameters[:REQUIRED])}"
    return None


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Pass what belongs to each parameter."""
    from stripe_lint.rules import _broken_verification

    _broken_verification.repair(module, hit, edit)


RULE = Rule(
    code="STP113",
    name="broken-verification-call",
    summary="The verification call can't work.",
    severity=Severity.ERROR,
    cwe=(347,),
    fix=FixClass.SAFE,
    repair=fix,
    detect=detect,
)
