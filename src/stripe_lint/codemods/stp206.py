"""The fix of STP206 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixWeakIdempotencyKey(FixCommand):
    """Makes what ``stripe-lint fix --select STP206`` makes."""

    CODE = "STP206"
    DESCRIPTION = "Fixes STP206: The idempotency key does not name the operation."
