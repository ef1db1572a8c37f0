"""The fix of STP201 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixMissingIdempotencyKey(FixCommand):
    """Makes what ``stripe-lint fix --select STP201`` makes."""

    CODE = "STP201"
    DESCRIPTION = "Fixes STP201: A call that moves or commits money has no idempotency key."
