"""The fix of STP110 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixHandmadeSignatureCheck(FixCommand):
    """Makes what ``stripe-lint fix --select STP110`` makes."""

    CODE = "STP110"
    DESCRIPTION = "Fixes STP110: Stripe's signature is checked by hand."
