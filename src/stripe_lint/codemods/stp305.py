"""The fix of STP305 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixEventUsedAsDict(FixCommand):
    """Makes what ``stripe-lint fix --select STP305`` makes."""

    CODE = "STP305"
    DESCRIPTION = "Fixes STP305: An object of the SDK is used as a dict, which it no longer is."
