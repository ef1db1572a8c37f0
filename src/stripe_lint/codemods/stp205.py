"""The fix of STP205 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixRegeneratedIdempotencyKey(FixCommand):
    """Makes what ``stripe-lint fix --select STP205`` makes."""

    CODE = "STP205"
    DESCRIPTION = "Fixes STP205: The idempotency key is made anew on each attempt."
