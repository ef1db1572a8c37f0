"""The fix of STP301 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixExceptionTextInResponse(FixCommand):
    """Makes what ``stripe-lint fix --select STP301`` makes."""

    CODE = "STP301"
    DESCRIPTION = "Fixes STP301: The text of a caught exception is sent to the client."
