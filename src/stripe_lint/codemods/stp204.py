"""The fix of STP204 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixReusedIdempotencyKey(FixCommand):
    """Makes what ``stripe-lint fix --select STP204`` makes."""

    CODE = "STP204"
    DESCRIPTION = "Fixes STP204: One idempotency key reaches two different requests."
