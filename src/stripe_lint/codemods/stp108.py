"""The fix of STP108 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixFailureAcknowledged(FixCommand):
    """Makes what ``stripe-lint fix --select STP108`` makes."""

    CODE = "STP108"
    DESCRIPTION = "Fixes STP108: A failure is answered with a success, so the event is lost."
