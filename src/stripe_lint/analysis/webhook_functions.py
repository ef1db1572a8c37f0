"""What the SDK calls its functions and classes that take a delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

VERIFYING: Final = ("construct_event", "parse_event_notification", "parse_thin_event", "verify_header")
"""They verify the signature (stripe 16.1.0; ``parse_thin_event``: 11.0.0 to 12.5.2)."""

UNVERIFYING: Final = ("construct_event_without_verification", "parse_event_notification_without_verification")
"""They do not (stripe 16.1.0)."""

BUILDERS: Final = frozenset(
    {
        "stripe.Event.construct_from",
        "stripe.StripeObject.construct_from",
        "stripe.stripe_object.StripeObject.construct_from",
        "stripe.util.convert_to_stripe_object",
        "stripe.convert_to_stripe_object",
        "stripe.Webhook.construct_event_without_verification",
        "stripe.v2.core.EventNotification.from_json",
    }
)
"""Functions that make an event of whatever they are given."""

BUILDING: Final = ("construct_from", "convert_to_stripe_object")
"""The last names of those of them that make any object of the SDK."""

DESERIALIZING: Final = "deserialize"
"""The method of a ``StripeClient`` that does the same."""

NAMES: Final = frozenset({*VERIFYING, *UNVERIFYING})

VERIFYING_HANDLERS: Final = frozenset(
    {"stripe.StripeEventNotificationHandler", "stripe.AsyncStripeEventNotificationHandler"}
)
"""Classes whose objects verify each delivery that they handle (stripe 16.1.0)."""

UNVERIFYING_HANDLERS: Final = frozenset(f"{path}WithoutVerification" for path in VERIFYING_HANDLERS)
"""Classes whose objects do not."""

HANDLERS_MADE: Final = {
    "notification_handler": "stripe.StripeEventNotificationHandler",
    "async_notification_handler": "stripe.AsyncStripeEventNotificationHandler",
    "notification_handler_without_verification": "stripe.StripeEventNotificationHandlerWithoutVerification",
    "async_notification_handler_without_verification": "stripe.AsyncStripeEventNotificationHandlerWithoutVerification",
}
"""The methods of a ``StripeClient`` that make such an object, and its class."""

HANDLING: Final = frozenset({"handle", "handle_async"})
"""Methods of these classes that take a delivery."""


def only_verify(names: Iterable[str]) -> bool:
    """Whether calls with these names do nothing but verify a delivery, so that nothing is done with what was sent."""
    return NAMES.issuperset(names)


def is_handling(path: str | None, classes: frozenset[str]) -> bool:
    """Whether ``path`` is the method by which an object of one of the classes takes a delivery."""
    owner, _, method = (path or "").rpartition("().")
    return method in HANDLING and owner in classes


def names_signature_header(text: object) -> bool:
    """Whether ``text`` spells the header that carries the signature, as HTTP, WSGI or a parameter has it."""
    return isinstance(text, str) and text.lower().replace("-", "_").removeprefix("http_") == "stripe_signature"
