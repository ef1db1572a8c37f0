"""The fix of STP202 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixMissingIdempotencyKeyOther(FixCommand):
    """Makes what ``stripe-lint fix --select STP202`` makes."""

    CODE = "STP202"
    DESCRIPTION = "Fixes STP202: A mutating call that moves no money has no idempotency key."
