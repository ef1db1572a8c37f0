"""The fix of STP104 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixParsedBeforeVerification(FixCommand):
    """Makes what ``stripe-lint fix --select STP104`` makes."""

    CODE = "STP104"
    DESCRIPTION = "Fixes STP104: The request's JSON is parsed before the verification."
