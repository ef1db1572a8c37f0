"""What parameters of requests are about (https://docs.stripe.com/api). The package ``stripe`` does not tell it."""

from __future__ import annotations

from typing import Final

OPTIONS: Final = frozenset(
    {"idempotency_key", "api_key", "stripe_account", "stripe_version", "stripe_context", "options", "headers"}
)
"""Arguments of the SDK's methods that say how a request is sent."""

ALIKE: Final = frozenset(
    {"currency", "confirm", "off_session", "capture_method", "confirmation_method", "payment_method_types", "expand"}
    | {"automatic_payment_methods", "return_url", "success_url", "cancel_url", "receipt_email", "statement_descriptor"}
    | {"statement_descriptor_suffix", "setup_future_usage", "reason", "email", "name", "phone"}
)
"""Parameters that do not tell one operation from another."""

AMOUNTS: Final = frozenset({"amount", "unit_amount", "amount_to_capture"})
"""Parameters that say how much: a deposit and the rest of one order differ by them."""

_CONCERNED: Final = frozenset(
    {"customer", "source", "payment_method", "card", "destination", "charge", "payment_intent", "invoice"}
    | {"subscription", "transfer", "on_behalf_of"}
)

IDS: Final = _CONCERNED | {"price", "default_payment_method", "source_transaction", "cardholder"}
"""Parameters whose value is an id at Stripe."""

CONCERNED: Final = _CONCERNED | {"stripe_account"}
"""Parameters, and the option, that say whom or what a request concerns."""
