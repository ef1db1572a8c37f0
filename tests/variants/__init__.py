"""Mechanical variants of a Python file that mean the same to the rules, and those that take Stripe out of it.

A variant edits the text where the syntax tree says, so that comments, and with them the expectations, travel with the
lines that they belong to.
"""

from __future__ import annotations

from variants import coroutines, layout, names, nesting, shadows
from variants.editing import Code, Variant

SAME_FINDINGS = (*layout.VARIANTS, *names.VARIANTS, *nesting.VARIANTS)
SAME_KEY_FINDINGS = coroutines.VARIANTS
NO_KEY_FINDINGS = shadows.VARIANTS

__all__ = ["NO_KEY_FINDINGS", "SAME_FINDINGS", "SAME_KEY_FINDINGS", "Code", "Variant"]
