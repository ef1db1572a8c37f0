"""The fix of STP203 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixConstantIdempotencyKey(FixCommand):
    """Makes what ``stripe-lint fix --select STP203`` makes."""

    CODE = "STP203"
    DESCRIPTION = "Fixes STP203: The idempotency key is the same for every request."
