"""An object of the SDK used as a dict.

## What it finds

A verified event, or anything else that the SDK returned, used as only a `dict` can be: `event.get("type")`, `.items()`,
`.keys()`, `.values()`, `dict(event)`, `json.dumps(event)`, `isinstance(event, dict)`, `save(**event)`,
`for name in event`, `len(event)`. Entries and attributes count too (`session["metadata"].get("order")`), and arguments
of functions that get nothing else, whatever their annotations say, also through a table of handlers.

Only where the project may get stripe 15.0.0 or newer, by its lock file, pin or range, or by `--stripe-version`. Where
nothing says which release, the rule is silent.

That another branch has a parsed body there, or an object of your own class, changes nothing: the real one fails.

Not reported: `event["type"]`, `event.type`, `"type" in event`, `event.to_dict()`; what is right on all releases, such
as `event if isinstance(event, dict) else event.to_dict()`; a variable that other branches give something else, in a
function that asks for its type.

Limit: values are followed through names, entries, parameters and returns, not through attributes of your own objects.

## Why it costs money

Since 15.0.0 `StripeObject` is no `dict`. `event.get("type")` raises `AttributeError`, and so every genuine delivery
ends in a 500 while a forged one still gets its 400. Stripe repeats each event for up to three days and may then disable
the endpoint: orders that were paid stay open.

## Bad

With `stripe>=12` in the requirements:

```python
import stripe


def order_of(session_id):
    session = stripe.checkout.Session.retrieve(session_id)
    return session["metadata"].get("order")
```

## Good

```python
import stripe


def order_of(session_id):
    session = stripe.checkout.Session.retrieve(session_id)
    return session.to_dict()["metadata"].get("order")
```

## Fix

Go through `to_dict()`: `session.to_dict().get("metadata")`. It exists in all releases since 1.55; in 7.9 to 14 it warns
that it is deprecated, and from 15 on it is the supported way again. Or use what both kinds of object allow:
`event["type"]`, and `"order" in metadata` before `metadata["order"]`.

Since 15 what comes out of `to_dict()` is plain all the way down. `stripe-lint fix` follows it: a variable that is only
used as a dict gets its dict where it is assigned, and where a part is used as an object (`page.get("data")[0].url`), it
asks for the attribute instead: `getattr(page, "data", None)`. `isinstance(event, dict)` stays: what the test decides
has to be decided anew; and so does a value that another branch gives something else, which may have no `to_dict()`.

## Suppress

```python
order = session["metadata"].get("order")  # noqa: STP305 - the image still has stripe 12
```

## References

- Migration guide of version 15: https://github.com/stripe/stripe-python/blob/master/CHANGELOG.md
- Handling of exceptional conditions: https://cwe.mitre.org/data/definitions/703.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each use that only a dict allows."""
    from stripe_lint.analysis.dict_uses import dict_uses

    if "stripe" not in module.lowered:
        return
    uses = dict_uses(module)
    if not uses:
        return
    from stripe_lint.data.milestones import WITHOUT_DICTS

    requirement = module.stripe_requirement
    if requirement is None or requirement.excludes(WITHOUT_DICTS):
        return
    for use in uses:
        message = (
            f"{use.words} of an SDK object fails since stripe 15, whose objects are no dicts: go through to_dict()"
        )
        yield Hit(module.span(use.node), message)


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Make a dict of the object first."""
    from stripe_lint.analysis.dict_uses import dict_uses
    from stripe_lint.analysis.sdk_objects import alternative
    from stripe_lint.rules._plain_dicts import make_plain

    use = next(use for use in dict_uses(module) if module.span(use.node) == hit.span)
    if use.words.startswith("isinstance"):
        edit.decline("what the test decides has to be decided anew: with stripe 15 it is always false")
    other = alternative(module, use.holder)
    if other is not None:
        edit.decline(f"in another branch this is {other}")
    if use.changes:
        edit.decline("a dict made of the object is a copy, and what is changed in it changes nothing")
    make_plain(module, use, edit)


RULE = Rule(
    code="STP305",
    name="event-used-as-dict",
    summary="An object of the SDK is used as a dict, which it no longer is.",
    severity=Severity.ERROR,
    cwe=(703,),
    fix=FixClass.SAFE,
    repair=fix,
    by_release=True,
    detect=detect,
)
