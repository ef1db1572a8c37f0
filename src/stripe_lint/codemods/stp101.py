"""The fix of STP101 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixUnverifiedWebhook(FixCommand):
    """Makes what ``stripe-lint fix --select STP101`` makes."""

    CODE = "STP101"
    DESCRIPTION = "Fixes STP101: A webhook handler uses an event that nothing has verified."
