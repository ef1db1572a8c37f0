"""What is written down of the SDK's verifications is what the installed release says of them."""

from __future__ import annotations

import inspect

import pytest
import stripe

from stripe_lint.analysis.sdk_verifications import CLIENT_PARAMETERS, PARAMETERS, REQUIRED
from stripe_lint.analysis.webhook_functions import UNVERIFYING, VERIFYING

HOLDERS = (stripe.Webhook, stripe.WebhookSignature, stripe.StripeClient)
GONE = {"parse_thin_event": "parse_event_notification"}
"""What older releases have, and what it became: the parameters are the same."""

PRESENT = [(holder, name) for holder in HOLDERS for name in PARAMETERS if hasattr(holder, name)]


def parameters(holder: type, name: str) -> list[inspect.Parameter]:
    """The parameters of a function of the SDK, without ``self``."""
    found = inspect.signature(getattr(holder, name)).parameters.values()
    return [each for each in found if each.name != "self"]


def test_each_verification_is_in_the_installed_release_or_known_to_be_gone() -> None:
    assert {name for _, name in PRESENT} == set(PARAMETERS) - set(GONE)
    assert all(PARAMETERS[name] == PARAMETERS[successor] for name, successor in GONE.items())


@pytest.mark.parametrize(("holder", "name"), PRESENT, ids=lambda each: getattr(each, "__name__", each))
def test_the_parameters_are_those_of_the_sdk(holder: type, name: str) -> None:
    known = PARAMETERS[name][:CLIENT_PARAMETERS] if holder is stripe.StripeClient else PARAMETERS[name]
    found = parameters(holder, name)
    assert tuple(each.name for each in found) == known
    assert all(each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for each in found)
    assert [each.default is inspect.Parameter.empty for each in found] == [
        number < REQUIRED for number in range(len(known))
    ]


def test_no_verification_of_the_sdk_is_missing() -> None:
    """What takes a signature and a secret verifies."""
    verifying = {
        name
        for holder in HOLDERS
        for name, _ in inspect.getmembers(holder, callable)
        if not name.startswith("_")
        and (taken := {each.name for each in parameters(holder, name)}) >= {"secret"}
        and taken & {"sig_header", "header"}
    }
    assert verifying == set(PARAMETERS) - set(GONE)


def test_what_verifies_is_called_so_everywhere() -> None:
    assert set(VERIFYING) == set(PARAMETERS)


def test_what_makes_an_event_without_verifying_is_what_the_sdk_calls_so() -> None:
    found = {name for holder in HOLDERS for name in dir(holder) if name.endswith("_without_verification")}
    assert {name for name in found if "_event_" in name} == set(UNVERIFYING)
