"""The fix of STP402 as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class FixEmptySecretDefault(FixCommand):
    """Makes what ``stripe-lint fix --select STP402`` makes."""

    CODE = "STP402"
    DESCRIPTION = "Fixes STP402: A webhook secret is read with an empty or usable default."
