"""A verification that takes deliveries of any age.

## What it finds

A verification with `tolerance=0`, `None` or `False`, with a negative one, with more than an hour (3600 seconds), and a
call of `WebhookSignature.verify_header` without a tolerance: its default is no check at all, unlike that of
`construct_event`, which is 300 seconds. Positions count as well as keywords, and so do constants of the project,
arithmetic of numbers (`60 * 60 * 24`), one arm of a choice (`None if DEBUG else 300`), what a Django setting is in the
one file that has it, and the default of a setting or of a field.

Reported as an `error` at the call; where a function of the project is given the tolerance, at the call in the same file
that passes it, or for a default that is in force, at the verification. All releases of the SDK up to 16.1.0 behave like
this; the message names the one that the project is locked to.

Not reported: a tolerance from a setting without a default or from the database, or through a parameter from what
can't be seen; anything from one second to an hour.

Limit: a hand-written check (STP110) that looks at no timestamp is not reported here.

## Why it costs money

The signature covers the time at which Stripe sent the delivery, and the tolerance is what makes use of it. Without one,
a delivery that was captured once, in a proxy's log, a debugging tool or a leaked backup, is genuine for ever: whoever
has it can send it again and be credited, granted or refunded again, unless every effect is protected against
duplicates.

Stripe's own repeats need no long window: each attempt is signed anew, with a new time. If genuine deliveries are
refused as too old, the server's clock is wrong. A negative tolerance refuses every genuine delivery.

## Bad

```python
import os

import stripe
from flask import Flask, abort, request

from shop.wallets import credit

app = Flask(__name__)


@app.post("/webhook")
def webhook():
    signature = request.headers.get("Stripe-Signature")
    secret = os.environ["STRIPE_WEBHOOK_SECRET"]
    try:
        event = stripe.Webhook.construct_event(request.get_data(), signature, secret, tolerance=None)
    except (ValueError, stripe.SignatureVerificationError):
        abort(400)
    if event["type"] == "payment_intent.succeeded":
        credit(event["id"], event["data"]["object"]["amount_received"])
    return "", 200
```

## Good

```python
import os

import stripe
from flask import Flask, abort, request

from shop.wallets import credit

app = Flask(__name__)


@app.post("/webhook")
def webhook():
    signature = request.headers.get("Stripe-Signature")
    secret = os.environ["STRIPE_WEBHOOK_SECRET"]
    try:
        event = stripe.Webhook.construct_event(request.get_data(), signature, secret)
    except (ValueError, stripe.SignatureVerificationError):
        abort(400)
    if event["type"] == "payment_intent.succeeded":
        credit(event["id"], event["data"]["object"]["amount_received"])
    return "", 200
```

## Fix

Leave the argument out of `construct_event`, which then allows five minutes, and pass
`stripe.Webhook.DEFAULT_TOLERANCE` to `verify_header`. Keep the clock right with NTP. Where deliveries are stored and
verified later, verify when they arrive and store the verified event.

`stripe-lint fix --unsafe-fixes` does so where the tolerance is one number. A constant that held it stays, and may be
without use then.

## Suppress

```python
event = stripe.Webhook.construct_event(body, signature, secret, tolerance=0)  # noqa: STP107 - replays an archive
```

## References

- Receive Stripe events in your webhook endpoint: https://docs.stripe.com/webhooks
- The SDK's check: https://github.com/stripe/stripe-python/blob/master/stripe/_webhook.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stripe_lint.model import FixClass, Hit, Rule, Severity, Step

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.sdk_verifications import SdkVerification
    from stripe_lint.fixing.edit import Edit

LONGEST: Final = 3600
"""The longest tolerance, in seconds, that is taken to be meant."""


def detect(module: Module) -> Iterator[Hit]:
    """Report each verification that takes deliveries of any age."""
    from stripe_lint.analysis import sdk_verifications

    verifications = sdk_verifications.sdk_verifications(module)
    if not verifications:
        return
    from stripe_lint.analysis import handovers

    for verification in verifications:
        given = verification.tolerance
        if given is None:
            missing = _missing(verification)
            if missing is not None:
                yield Hit(module.span(verification.node), missing)
            continue
        found = _problem_of(module, handovers.default_in_force(module, given) or given)
        if found is not None:
            yield Hit(module.span(verification.node), found[0], steps=found[1])
            continue
        for handover in handovers.handovers(module, given):
            found = _problem_of(handover.module, handover.written)
            if found is not None:
                from stripe_lint.rules._handed_over import hit_at_handover

                yield hit_at_handover(verification, handover, found[0], "the tolerance is passed here")


def _missing(verification: SdkVerification) -> str | None:
    """What is wrong with a verification that is given no tolerance."""
    if verification.name != "verify_header" or verification.open or verification.signature is None:
        return None
    release = _release(verification.module)
    return (
        f"verify_header without a tolerance checks no age in {release}, so a captured delivery is taken for ever: "
        "pass 300 seconds"
    )


def _problem_of(module: Module, given: ast.expr) -> tuple[str, tuple[Step, ...]] | None:
    """What is wrong with a tolerance on one of the ways to it, and where that is made."""
    from stripe_lint.analysis import constant_numbers, possible_values

    whole = constant_numbers.always(module, given)
    if whole is not None:
        problem = _problem_with(module, whole)
        return (problem, ()) if problem is not None else None
    for source, node in possible_values.sources(module, given):
        problem = _problem_with(module, _seconds(source, node))
        if problem is not None:
            apart = source is not module or node.lineno != given.lineno
            return problem, (Step(str(source.path), node.lineno, "the tolerance comes from here"),) if apart else ()
    return None


def _seconds(module: Module, node: ast.expr) -> float | None:
    """The seconds that an expression is, 0 for ``None``; ``None`` where that can't be known."""
    import ast

    from stripe_lint.analysis import constant_numbers, syntax

    if syntax.is_none(node):
        return 0
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return float(node.value) if node.value.lstrip("-").isdecimal() else None
    return constant_numbers.always(module, node)


def _problem_with(module: Module, seconds: float | None) -> str | None:
    if seconds is None or 0 < seconds <= LONGEST:
        return None
    if seconds == 0:
        release = _release(module)
        return (
            f"this tolerance switches the age check off in {release}, so a captured delivery is taken for ever: "
            "pass 300 seconds"
        )
    if seconds < 0:
        return "a negative tolerance refuses every genuine delivery: pass 300 seconds"
    return "this tolerance takes a captured delivery again for more than an hour: pass 300 seconds"


def _release(module: Module) -> str:
    """The release that the project runs with, else those of which it is known."""
    from stripe_lint.data.milestones import NEWEST_WITH_OPTIONAL_AGE

    requirement = module.stripe_requirement
    examined = f"<={NEWEST_WITH_OPTIONAL_AGE}"
    if requirement is not None and requirement.locked is not None and requirement.admits(examined):
        return f"stripe {requirement.locked}"
    return f"every stripe up to {NEWEST_WITH_OPTIONAL_AGE}"


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Let the verification look at the age, with the SDK's own five minutes."""
    from stripe_lint.analysis import functions, handovers, sdk_verifications

    found = sdk_verifications.sdk_verifications(module)
    verification = next((each for each in found if module.span(each.node) == hit.span), None)
    if verification is None:
        _fix_where_passed(module, hit, edit)
        return
    call, given = verification.node, verification.tolerance
    if given is not None and _problem_of(module, given) is None:
        in_force = handovers.default_in_force(module, given)
        if in_force is None or _problem_of(module, in_force) is None:
            edit.decline("the tolerance is passed in another file; pass 300 seconds there")
        _look_at_age(in_force, edit)
        return
    handed_on = functions.last_name(call.func) != verification.name
    if given is None and handed_on:
        edit.decline("the verification is handed to another function; hand the tolerance on too, in its place")
    if given is not None and not _is_written_there(module, given):
        edit.decline("the tolerance comes from a setting, a condition or an attribute; make it 300 seconds there")
    edit.unsafe("deliveries that were signed more than five minutes ago are refused")
    if verification.name != "verify_header" and "tolerance" in verification.keywords:
        edit.remove_keyword(call, "tolerance")
    else:
        default = f"{edit.name_of('stripe.Webhook', call)}.DEFAULT_TOLERANCE"
        if given is None or "tolerance" in verification.keywords:
            edit.set_keyword(call, "tolerance", default)
        else:
            edit.replace(given, default)
    edit.describe("deliveries older than five minutes are refused")


def _is_written_there(module: Module, given: ast.expr) -> bool:
    """Whether a tolerance is one constant, whatever happens."""
    from stripe_lint.analysis import assignments, constant_numbers, syntax

    return (
        constant_numbers.always(module, given) is not None
        or syntax.is_none(given)
        or syntax.is_none(assignments.assigned_expression(module, given)[1])
    )


def _fix_where_passed(module: Module, hit: Hit, edit: Edit) -> None:
    """The call that passes the tolerance to the function that verifies passes another one."""
    from stripe_lint.analysis import handovers, sdk_verifications

    for verification in sdk_verifications.sdk_verifications(module):
        for handover in handovers.handovers(module, verification.tolerance):
            if handover.module is module and module.span(handover.call) == hit.span:
                _look_at_age(handover.argument, edit)
                return
    edit.decline("the verification is not found again")


def _look_at_age(given: ast.expr, edit: Edit) -> None:
    edit.unsafe("deliveries that were signed more than five minutes ago are refused")
    edit.replace(given, f"{edit.name_of('stripe.Webhook', given)}.DEFAULT_TOLERANCE")
    edit.describe("deliveries older than five minutes are refused")


RULE = Rule(
    code="STP107",
    name="replay-window-disabled",
    summary="The verification takes deliveries of any age.",
    severity=Severity.ERROR,
    cwe=(294,),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
