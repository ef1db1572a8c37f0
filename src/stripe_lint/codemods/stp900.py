"""The fix of STP900 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixUnusedSuppression(FixCommand):
    """Makes what ``stripe-lint fix --select STP900`` makes."""

    CODE = "STP900"
    DESCRIPTION = "Fixes STP900: A comment that suppresses a rule is unused, unknown or malformed."
