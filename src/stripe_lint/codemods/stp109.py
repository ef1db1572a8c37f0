"""The fix of STP109 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixSignatureHeaderLookup(FixCommand):
    """Makes what ``stripe-lint fix --select STP109`` makes."""

    CODE = "STP109"
    DESCRIPTION = "Fixes STP109: The signature header is looked up in a way that fails."
