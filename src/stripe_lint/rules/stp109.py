"""The signature header looked up in a way that fails.

## What it finds

- A name that never matches: `STRIPE_SIGNATURE` or `HTTP_STRIPE_SIGNATURE` in `request.headers` of Starlette, FastAPI,
  aiohttp and others, `Stripe-Signature` in Django's `request.META`, mixed case in Falcon's `req.headers`.
- A plain dict, such as `event["headers"]` on AWS Lambda, in which upper and lower case decide; so does
  `dict(request.headers)`, which knows the one spelling of its framework (`Stripe-Signature` on Flask and Django,
  `stripe-signature` on Starlette and FastAPI).
- `Header(alias="STRIPE_SIGNATURE")` of FastAPI, which looks for underscores.
- A subscript (`request.headers["Stripe-Signature"]`, `request.META["HTTP_STRIPE_SIGNATURE"]`) that no `except KeyError`
  covers, so that a request without the header ends in a 500.

All but the last are a `warning`, a missing header that only ends in a 500 is an `info`: it is how Stripe's own example
for Django is written. Reported at the look-up.

Not reported: `.get(…)` with a name that matches; a subscript within `except KeyError`, `LookupError` or `Exception`,
here or around every call of the function; a subscript after `if "Stripe-Signature" not in request.headers`; both
spellings tried in turn on Lambda; Quart, which answers 400 itself; `STRIPE_SIGNATURE` on Flask and Django, which take
an underscore for a hyphen.

Limit: a mapping of headers that comes from a parameter or from another function is not judged; a Lambda's event is
followed into functions that it is handed to.

## Why it costs money

A name that never matches refuses every delivery: Stripe repeats each for up to three days, then gives up and may
disable the endpoint, and nothing that was paid is delivered. On Lambda the same code works behind a REST API, which
hands names on as they were sent, and fails behind an HTTP API or a function URL, where all are in lower case.

The bare 500 costs less. Anybody can cause it, with a request that needs no signature, so it fills the error log and
sets off alarms that should mean something.

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
    signature = request.headers.get("STRIPE_SIGNATURE")
    try:
        event = stripe.Webhook.construct_event(await request.body(), signature, SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        raise HTTPException(status_code=400, detail="invalid signature") from None
    if event["type"] == "checkout.session.completed":
        await mark_paid(event["data"]["object"]["client_reference_id"])
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
    signature = request.headers.get("Stripe-Signature")
    try:
        event = stripe.Webhook.construct_event(await request.body(), signature, SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        raise HTTPException(status_code=400, detail="invalid signature") from None
    if event["type"] == "checkout.session.completed":
        await mark_paid(event["data"]["object"]["client_reference_id"])
    return {"received": True}
```

## Fix

Use `.get` with the name that the mapping knows: `request.headers.get("Stripe-Signature")`, or
`request.META.get("HTTP_STRIPE_SIGNATURE")`. The SDK refuses a missing header like a wrong one, with
`SignatureVerificationError`, so nothing else changes. On Lambda make the names lower case first:
`headers = {name.lower(): value for name, value in event["headers"].items()}`.

`stripe-lint fix` writes the `.get` and the name; among a Lambda's headers, whose spelling the gateway decides, it looks
the name up in lower case, unless `in` asks for the one spelling too. It leaves Falcon's `req.headers`, which differ
between WSGI and ASGI; a name that never matches and stands in a constant; and a header that is used as a text before it
is verified (`.strip()`, `.split(",")`), since a missing one would end in another 500.

## Suppress

```python
signature = event["headers"]["stripe-signature"]  # noqa: STP109 - an HTTP API, whose names are lower case
```

## References

- Receive Stripe events in your webhook endpoint: https://docs.stripe.com/webhooks
- Request and response objects, Django: https://docs.djangoproject.com/en/stable/ref/request-response/
- HTTP APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.signature_headers import Lookup
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each look-up of the signature header that fails."""
    if "signature" not in module.lowered:
        return
    from stripe_lint.analysis import signature_headers

    for lookup in signature_headers.lookups(module):
        span = module.span(lookup.node)
        if lookup.never is not None:
            yield Hit(span, f"this name never matches, so every delivery is refused: {lookup.never}")
        elif lookup.by_case:
            yield Hit(
                span,
                "upper and lower case decide in this dict, and gateways differ: "
                "make the names lower case, or every delivery may be refused",
            )
        else:
            yield Hit(
                span,
                "a request without this header ends in a 500: use .get(), and it is refused like a wrong signature",
                Severity.INFO,
            )


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Look the header up with ``.get``, by the name that matches."""
    from stripe_lint.analysis.signature_headers import is_used_as_text, lookups

    lookup = next((each for each in lookups(module) if module.span(each.node) == hit.span), None)
    if lookup is None:
        edit.decline("the look-up is not found again")
    if lookup.by_case:
        _in_any_case(module, lookup, edit)
        return
    if not lookup.known_as:
        edit.decline("the names are in upper case on WSGI and in lower case on ASGI: ask the request for the header")
    name = edit.source_of(lookup.key)
    if lookup.never is not None:
        if not isinstance(lookup.key, ast.Constant):
            edit.decline("the name comes from elsewhere")
        name = f'"{lookup.known_as}"'
    if isinstance(lookup.node, ast.Subscript):
        if is_used_as_text(module, lookup.node):
            edit.decline("what is there is used as a text before it is verified: refuse a missing header first")
        edit.replace(lookup.node, f"{_object(lookup.node.value, edit)}.get({name})")
    else:
        edit.replace(lookup.key, name)
    edit.describe("the header is looked up by the name that matches, and a missing one is refused like a wrong one")


def _object(node: ast.expr, edit: Edit) -> str:
    """The source of an expression to whose value a method is to be called."""
    source = edit.source_of(node)
    return source if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call) else f"({source})"


def _in_any_case(module: Module, lookup: Lookup, edit: Edit) -> None:
    """Look the header up among the names in lower case."""
    from stripe_lint.analysis.signature_headers import is_used_as_text

    node = lookup.node
    if lookup.held is None or lookup.is_asked_for:
        edit.decline("whether the header is there is asked by the same spelling: make the names lower case first")
    if isinstance(node, ast.Subscript) and lookup.raises and is_used_as_text(module, node):
        edit.decline("what is there is used as a text before it is verified: refuse a missing header first")
    names = f"{{name.lower(): value for name, value in {_object(lookup.held, edit)}.items()}}"
    key = f'"{lookup.known_as.lower()}"'
    if isinstance(node, ast.Subscript) and not lookup.raises:
        edit.replace(node, f"{names}[{key}]")
    else:
        default = [edit.source_of(each) for each in node.args[1:]] if isinstance(node, ast.Call) else []
        edit.replace(node, f"{names}.get({', '.join([key, *default])})")
    edit.describe("the header is found however the gateway spells its name")


RULE = Rule(
    code="STP109",
    name="signature-header-lookup",
    summary="The signature header is looked up in a way that fails.",
    severity=Severity.WARNING,
    cwe=(755,),
    fix=FixClass.SAFE,
    repair=fix,
    detect=detect,
)
