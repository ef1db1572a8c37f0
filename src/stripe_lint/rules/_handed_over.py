"""Where what is wrong with a value is reported that a caller hands to a function which verifies with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import Hit, Step

if TYPE_CHECKING:
    from stripe_lint.analysis.handovers import Handover
    from stripe_lint.analysis.sdk_verifications import SdkVerification


def hit_at_handover(verification: SdkVerification, handover: Handover, problem: str, words: str) -> Hit:
    """The call that passes the value on, or the verification where that call is in another file.

    ``words`` say at that call what is passed.
    """
    module = verification.module
    if handover.module is module:
        step = Step(str(module.path), verification.node.lineno, "the verification gets it here")
        return Hit(module.span(handover.call), problem, steps=(step,))
    step = Step(str(handover.module.path), handover.call.lineno, words)
    return Hit(module.span(verification.node), problem, steps=(step,))
