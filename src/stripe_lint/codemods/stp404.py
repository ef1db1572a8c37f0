"""The fix of STP404 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixInsecureStripeUrl(FixCommand):
    """Makes what ``stripe-lint fix --select STP404`` makes."""

    CODE = "STP404"
    DESCRIPTION = "Fixes STP404: Stripe, or a webhook endpoint, is addressed with http://."
