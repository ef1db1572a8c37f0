"""The fix of STP114 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixUnhandledEventRefused(FixCommand):
    """Makes what ``stripe-lint fix --select STP114`` makes."""

    CODE = "STP114"
    DESCRIPTION = "Fixes STP114: A verified event is refused, so Stripe repeats it."
