"""The fix of STP403 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixTlsVerificationDisabled(FixCommand):
    """Makes what ``stripe-lint fix --select STP403`` makes."""

    CODE = "STP403"
    DESCRIPTION = "Fixes STP403: The certificate of Stripe's servers is not checked."
