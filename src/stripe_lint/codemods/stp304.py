"""The fix of STP304 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixUnloggedVerificationFailure(FixCommand):
    """Makes what ``stripe-lint fix --select STP304`` makes."""

    CODE = "STP304"
    DESCRIPTION = "Fixes STP304: A failed verification is not logged."
