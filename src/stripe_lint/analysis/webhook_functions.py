"""What the SDK calls its functions that make an event of a delivery."""

from __future__ import annotations

from typing import Final

VERIFYING: Final = ("construct_event", "parse_event_notification", "parse_thin_event", "verify_header")
"""They verify the signature (stripe 16.1.0; ``parse_thin_event``: 11.0.0 to 12.5.2)."""

UNVERIFYING: Final = ("construct_event_without_verification", "parse_event_notification_without_verification")
"""They do not (stripe 16.1.0)."""

NAMES: Final = frozenset({*VERIFYING, *UNVERIFYING})
