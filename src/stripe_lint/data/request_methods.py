"""What methods of the SDK mean for an order, a delivery or the like (https://docs.stripe.com/api).

Which methods there are, and what they take, is in ``surface``; the package ``stripe`` does not tell this. Names are the
last parts of paths, without ``_async``.
"""

from __future__ import annotations

from typing import Final

OF_WHAT_IS_THERE: Final = frozenset({"retrieve", "modify", "update", "delete", "cancel"})
"""They take the id of something that was made before, and so tell whether it is still there."""

ONCE: Final = frozenset(
    {"create", "capture", "refund", "create_refund", "create_reversal", "pay", "finalize_invoice", "accept"}
)
"""They are called once for a record. What changes something may be called again with other values."""

OFTEN: Final = ("checkout", "PaymentLink", "payment_links", "billing.MeterEvent", "billing.meter_events")
"""How the paths begin of resources of which one record may need several, each with values of its own."""

PARTIAL: Final = frozenset({"refund", "reversal", "capture"})
"""What is a part of the paths, in lower case, of methods that can give back or take a part of an amount."""

OF_OWNERS: Final = frozenset({"stripe.Customer.create", "customers.create"})
"""The paths of methods that make what there is one of for each person or company."""
