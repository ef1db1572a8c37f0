"""The fix of STP303 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixRemovedStripeErrorModule(FixCommand):
    """Makes what ``stripe-lint fix --select STP303`` makes."""

    CODE = "STP303"
    DESCRIPTION = "Fixes STP303: The module stripe.error is used, which newer releases lack."
