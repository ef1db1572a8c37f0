"""The fix of STP107 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixReplayWindowDisabled(FixCommand):
    """Makes what ``stripe-lint fix --select STP107`` makes."""

    CODE = "STP107"
    DESCRIPTION = "Fixes STP107: The verification takes deliveries of any age."
