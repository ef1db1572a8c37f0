"""The module `stripe.error`, which newer releases lack.

## What it finds

- `import stripe.error` and `from stripe.error import ...` where the project's stripe may be 13.0.0 or newer: the module
  is gone, and the import ends in `ModuleNotFoundError` when the process starts.
- `stripe.error.CardError` after `import stripe`, where it may be 13.0.0 to 14.0.0: the attribute was missing in these
  releases, and came back in 14.0.1. There `from stripe import error` fails too, when the process starts.

Which releases the project may get is read from its lock file, else its pin or range, in the nearest folder upward that
speaks of stripe (`setup.py` included); `--stripe-version` overrides that. Where nothing says it, the import is reported
and the attribute is not.

Not reported: an import that a handler of `ImportError` answers for, one below `if TYPE_CHECKING`, one that is itself
the answer to a missing newer name.

## Why it costs money

An import stops the deployment, which is the harmless case. The attribute fails later: Python evaluates what stands in
`except stripe.error.CardError` only when an exception arrives there. Every payment works until the first card is
declined; then an `AttributeError` replaces the error that you wanted to handle, and the customer sees a 500.

## Bad

```python
import stripe
from stripe.error import CardError


def pay(intent, order):
    try:
        return stripe.PaymentIntent.confirm(intent, idempotency_key=f"order-{order.id}-confirm")
    except CardError as error:
        return error.user_message
```

## Good

```python
import stripe


def pay(intent, order):
    try:
        return stripe.PaymentIntent.confirm(intent, idempotency_key=f"order-{order.id}-confirm")
    except stripe.CardError as error:
        return error.user_message
```

## Fix

`stripe.error.CardError` becomes `stripe.CardError`, `from stripe.error import CardError` becomes
`from stripe import CardError`, and `import stripe.error as errors` becomes `import stripe`, with `errors.CardError` as
`stripe.CardError`. The classes are the same; they have stood in the package itself since 7.8.1.

`stripe-lint fix` does so; in place of `from stripe.error import *` it imports the classes that the file uses, for
`from stripe import *` brings none. The fix is unsafe where the project may get an older release, and where nothing says
which release it gets.

## Suppress

```python
from stripe.error import CardError  # noqa: STP303 - runs on the image with stripe 5
```

## References

- Migration guide of version 13: https://github.com/stripe/stripe-python/blob/master/CHANGELOG.md
- Error handling: https://docs.stripe.com/error-handling?lang=python
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each use of the module that a release the project may get does not have."""
    if "error" not in module.text or "stripe" not in module.text:
        return
    from stripe_lint.analysis.sdk_uses import error_module_uses
    from stripe_lint.data.milestones import WITHOUT_ERROR_ATTRIBUTE, WITHOUT_ERROR_MODULE

    for use in error_module_uses(module):
        requirement = module.stripe_requirement
        if use.imports_module:
            if requirement is None or requirement.admits(WITHOUT_ERROR_MODULE):
                message = "stripe.error is gone since 13.0.0, so this import fails: take the class from stripe itself"
                yield Hit(module.span(use.node), message)
        elif requirement is not None and requirement.admits(WITHOUT_ERROR_ATTRIBUTE):
            is_import = isinstance(use.node, ast.ImportFrom)
            effect = "so this import fails" if is_import else "just when an error arrives"
            yield Hit(module.span(use.node), f"stripe.error is missing in 13.0.0 to 14.0.0, {effect}: use stripe.X")


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Take the classes from the package itself."""
    from stripe_lint.analysis.sdk_uses import error_module_uses
    from stripe_lint.data.milestones import WITHOUT_ERRORS_IN_PACKAGE

    use = next(use for use in error_module_uses(module) if module.span(use.node) == hit.span)
    requirement = module.stripe_requirement
    if requirement is None or requirement.admits(WITHOUT_ERRORS_IN_PACKAGE):
        edit.unsafe("releases before 7.8.1 have these classes only in stripe.error")
    node = use.node
    if isinstance(node, ast.Attribute):
        edit.replace(node, edit.source_of(node.value))
    elif isinstance(node, ast.Import | ast.ImportFrom):
        from stripe_lint.rules import _error_module_imports

        if isinstance(node, ast.ImportFrom) and use.imports_module:
            _error_module_imports.import_classes(module, node, edit)
        elif not _error_module_imports.replace_module(module, node, edit):
            edit.describe("takes away the import, of which nothing is used")
            return
    edit.describe("takes the class from stripe itself")


RULE = Rule(
    code="STP303",
    name="removed-stripe-error-module",
    summary="The module stripe.error is used, which newer releases lack.",
    severity=Severity.ERROR,
    cwe=(703,),
    fix=FixClass.SAFE,
    repair=fix,
    in_tests=True,
    by_release=True,
    detect=detect,
)
