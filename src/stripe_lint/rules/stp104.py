"""JSON parsed before the signature is checked.

## What it finds

`request.json`, `get_json()`, `json.loads(body)`, `await request.json()`, DRF's `request.data` and their like on a path
that verifies the signature of the same request later, in the handler itself, in a decorator or in a function that is
called before. Also where the parsed value decides something: which secret is used, whether the type is of interest.

Reported as a `warning` at each parse.

Not reported: a parse after the verification; a look at the length, the content type, the address or the headers; a
parse in a branch that does not verify; a request that is no webhook; the id that is read for
`stripe.Event.retrieve(id)`. Where the parsed value itself is given to the verification, STP105 alone speaks. Where it
is used on a path without verification, STP102 reports that path too.

Limit: a parse by the framework itself (a `dict` or model parameter beside the raw body) or by another package is not
seen.

## Why it costs money

Whatever is done with the parsed body before the check is done for anybody: a forged body chooses the secret, the
tenant, the branch, or an early 200. Malformed JSON ends in a 500 before anything is checked, deep nesting in a
`RecursionError`, and both fill the error log that should show real failures. And the value stays at hand: of the 22
Python handlers in Stripe's sample repositories that call `construct_event`, 19 parse first, and 20 trust the raw JSON
where no secret is set.

The SDK had the same flaw and mended it in 2.29.1: since then it checks the signature before it parses.

## Bad

```python
import os

import stripe
from fastapi import FastAPI, HTTPException, Request

from shop.orders import mark_paid

app = FastAPI()
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/webhook")
async def webhook(request: Request):
    body = await request.json()
    order = body["data"]["object"]["client_reference_id"]
    try:
        event = stripe.Webhook.construct_event(await request.body(), request.headers.get("stripe-signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        raise HTTPException(status_code=400, detail="invalid signature") from None
    if event["type"] == "checkout.session.completed":
        await mark_paid(order)
    return {"received": True}
```

## Good

```python
import os

import stripe
from fastapi import FastAPI, HTTPException, Request

from shop.orders import mark_paid

app = FastAPI()
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/webhook")
async def webhook(request: Request):
    try:
        event = stripe.Webhook.construct_event(await request.body(), request.headers.get("stripe-signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        raise HTTPException(status_code=400, detail="invalid signature") from None
    if event["type"] == "checkout.session.completed":
        await mark_paid(event["data"]["object"]["client_reference_id"])
    return {"received": True}
```

## Fix

Verify first, with the raw body, and take everything from the returned event. Remove the parse if nothing else needs it.

If the body chose the secret: give each mode, tenant or account its own address and take the choice from the route, or
try the few secrets that are possible one after the other. If it filtered the types: choose the types in the settings of
the endpoint at Stripe.

`stripe-lint fix` takes the parse out where nothing uses it, and moves it to where its value is used if that is behind
the check, or on a path that checks nothing. With `--unsafe-fixes` it also moves what is done with the body before the
check, such as a log line or a filter by type, right behind it. A parse that chooses the secret stays.

## Suppress

```python
body = await request.json()  # noqa: STP104 - only its size is recorded
```

## References

- Receive Stripe events in your webhook endpoint: https://docs.stripe.com/webhooks
- The SDK's own flaw: https://github.com/stripe/stripe-python/issues/577
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each parse of the body that comes before its verification."""
    from stripe_lint.analysis import webhooks

    for place, verification in webhooks.parsed_early(module):
        step = Step(str(verification.module.path), verification.line, "the signature is checked here")
        yield Hit(
            module.span(place.node),
            "the body is parsed before its signature is checked: verify first and use the event",
            steps=(step,),
        )


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Move the parse behind the verification, or take it out where nothing uses it."""
    from stripe_lint.rules import _early_parse

    _early_parse.repair(module, hit, edit)


RULE = Rule(
    code="STP104",
    name="parsed-before-verification",
    summary="The request's JSON is parsed before the verification.",
    severity=Severity.WARNING,
    cwe=(345,),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
