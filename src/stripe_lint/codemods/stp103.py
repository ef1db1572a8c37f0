"""The fix of STP103 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixSwallowedVerificationError(FixCommand):
    """Makes what ``stripe-lint fix --select STP103`` makes."""

    CODE = "STP103"
    DESCRIPTION = "Fixes STP103: The error of a failed verification is swallowed."
