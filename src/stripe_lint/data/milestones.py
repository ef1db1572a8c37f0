"""Which releases of ``stripe`` differ in something that decides what a finding or a fix says.

Ranges are version specifiers (PEP 440). Their source is the package's
`changelog <https://github.com/stripe/stripe-python/blob/master/CHANGELOG.md>`_, under the version that a range names,
unless something else is said; the releases on both ends were run.
"""

from __future__ import annotations

from typing import Final

WITHOUT_ERRORS_IN_PACKAGE: Final = "<7.8.1"
"""The releases that have the classes of errors only in ``stripe.error``. 7.8.0, the first that has not, was yanked."""

WITH_ERRORS_IN_PACKAGE: Final = ">=7.8.1"
"""The others: all of these have them in the package too."""

WITHOUT_ERROR_MODULE: Final = ">=13.0.0"
"""The releases in which ``import stripe.error`` fails."""

WITHOUT_ERROR_ATTRIBUTE: Final = ">=13.0.0,<14.0.1"
"""The releases in which ``stripe.error`` is missing when it is first read."""

WITHOUT_DICTS: Final = ">=15.0.0"
"""The releases whose objects are no dicts."""

ACCEPTING_EMPTY_SECRETS: Final = "<15.6.0"
"""The releases that verify with an empty secret. Source: https://github.com/stripe/stripe-python/pull/1902."""

NEWEST_WITH_OPTIONAL_AGE: Final = "16.1.0"
"""The newest release that was seen to check no age with a tolerance of ``0`` or ``None``; all before it do the same."""
