"""A suppression that suppresses nothing.

## What it finds

Comments that are meant to silence a rule and do not, or that silence more than they say:

- `# stripe-lint: ignore[STP101]` and `# noqa: STP101` where the rule finds nothing on the lines that the comment speaks
  of;
- rules that do not exist, with the nearest one that does;
- what can't be understood (`# stripe-lint: ignore STP101`), which therefore suppresses nothing;
- `# noqa : STP101` and `# noqa: STP`, which flake8 takes for a blanket `# noqa`: every rule of every linter;
- with `require-reason = true`, suppressions without a reason.

Only the command reports it, never the flake8 plugin: a comment that flake8 has already used up looks unused to a
plugin. A suppression of a rule that did not judge the file, because it is off or the file is test code, is left alone,
and so is a blanket `# noqa`, which may serve another linter.

How a suppression is written:

```python
charge(order)  # stripe-lint: ignore[STP201] -- the queue makes the key
charge(order)  # stripe-lint: ignore[STP201, constant-idempotency-key] -- run by hand, once

# stripe-lint: ignore[STP201] -- on a line of its own it speaks of the next statement
charge(order)

# stripe-lint: ignore-file[STP201] -- on a line of its own, anywhere in the file
```

It takes whole codes or names and no beginnings of codes. Behind the last line of a statement it counts for the whole
statement, since that is where formatters put it. `# noqa: STP201` works as in flake8, which also means that flake8
applies it to every finding of the codes that begin like this, on the line alone.

## Why it costs money

A comment that suppresses nothing waits for the next mistake on its line and hides that one. A blanket one by a typo
hides it in every linter. And a suppression that was meant to work and does not makes people switch the rule off.

## Bad

```python
import stripe


def customer(reference):
    return stripe.Customer.retrieve(reference)  # stripe-lint: ignore[STP201] -- only reads
```

## Good

```python
import stripe


def refund(reference):
    return stripe.Refund.create(charge=reference)  # stripe-lint: ignore[STP201] -- run by hand, once
```

## Fix

`stripe-lint fix` takes the rule out of the list, or, where it was the only one, the suppression with its reason; other
text of the comment stays, and a comment of which nothing is left goes, with its line if it stood alone. It does so
after all other fixes, and only if the file then has the same findings and suppresses the same ones as before. With
`--select STP900` the comments are held against the rules that are on without a selection.

What is malformed is yours to repair, and so is a word that suppresses nothing where a rule is reported: it may be a
slip of the pen.

## Suppress

Where a suppression serves only now and then, name this rule beside it, or in another comment on the line:

```python
charge(order)  # stripe-lint: ignore[STP201, STP900] -- generated code, with a key or without
stripe.Refund.create(charge=charge_id)  # noqa: STP900, STP201
```

For files, or altogether, in the configuration:

```toml
[tool.stripe-lint]
per-file-ignores = { "scripts/**" = ["STP900"] }
```

## References

- flake8 on suppressions: https://flake8.pycqa.org/en/latest/user/violations.html
- Suppression of warnings that hides others: https://cwe.mitre.org/data/definitions/1127.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Rule, Severity, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit


def detect(module: Module) -> Iterator[Hit]:  # noqa: ARG001 - comments are held against findings, not against code
    """Report nothing: the engine does, once all other rules have spoken."""
    return iter(())


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Take out the rule that is not needed, and the comment where it was the only one."""
    from stripe_lint.rules import _unused_suppression

    _unused_suppression.repair(module, hit, edit)


RULE = Rule(
    code="STP900",
    name="unused-suppression",
    summary="A comment that suppresses a rule is unused, unknown or malformed.",
    severity=Severity.WARNING,
    cwe=(1127,),
    in_tests=True,
    subject=Subject.COMMENT,
    fix=FixClass.SAFE,
    repair=fix,
    detect=detect,
)
