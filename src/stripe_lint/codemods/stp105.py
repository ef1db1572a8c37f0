"""The fix of STP105 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixNonRawPayload(FixCommand):
    """Makes what ``stripe-lint fix --select STP105`` makes."""

    CODE = "STP105"
    DESCRIPTION = "Fixes STP105: The payload of the verification is not the raw request body."
