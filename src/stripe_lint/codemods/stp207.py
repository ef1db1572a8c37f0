"""The fix of STP207 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixIneffectiveIdempotencyKey(FixCommand):
    """Makes what ``stripe-lint fix --select STP207`` makes."""

    CODE = "STP207"
    DESCRIPTION = "Fixes STP207: The idempotency key has no effect."
