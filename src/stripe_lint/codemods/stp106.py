"""The fix of STP106 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixUnhandledVerificationError(FixCommand):
    """Makes what ``stripe-lint fix --select STP106`` makes."""

    CODE = "STP106"
    DESCRIPTION = "Fixes STP106: Nothing catches the error of a failed verification."
