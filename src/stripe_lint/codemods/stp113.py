"""The fix of STP113 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixBrokenVerificationCall(FixCommand):
    """Makes what ``stripe-lint fix --select STP113`` makes."""

    CODE = "STP113"
    DESCRIPTION = "Fixes STP113: The verification call can't work."
