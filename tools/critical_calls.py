"""Which requests move money, which only read, and how much a missing idempotency key matters for each.

The one place where calls are judged; ``gen_api_surface.py`` joins it with what the packages do. A row that matches no
method of any release stops the generator. A path that begins with ``stripe.`` is a resource's, any other a
``StripeClient`` service's. What is named nowhere here and sends a POST is mutating but not critical.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Critical:
    """Calls that move or commit money, or create what later moves it.

    ``grade`` is the severity of a missing key outside any retry. ``when`` names arguments of which one must be passed
    for the call to be critical at all, ``unless`` the argument and value that make it harmless; ``warning_when`` names
    the arguments that raise an ``info``, ``info_when`` the argument and value that lower a ``warning``, ``once_by`` the
    arguments whose value Stripe takes only once.
    """

    name: str
    grade: Literal["warning", "info"]
    methods: tuple[str, ...]
    reason: str
    when: tuple[str, ...] = ()
    unless: tuple[tuple[str, str], ...] = ()
    warning_when: tuple[str, ...] = ()
    info_when: tuple[tuple[str, str], ...] = ()
    once_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadOnly:
    """POSTs after which everything is as it was before, so that repeating them is harmless."""

    methods: tuple[str, ...]
    reason: str


# What makes an update of a subscription bill something.
BILLS = (
    "add_invoice_items",
    "billing_cycle_anchor",
    "items",
    "plan",
    "price",
    "prorate",
    "proration_behavior",
    "proration_date",
    "quantity",
)

CRITICAL = (
    Critical(
        "charge",
        "warning",
        ("charges.create", "stripe.Charge.create"),
        "Takes money; a second call takes it again.",
    ),
    Critical(
        "charge-capture",
        "info",
        ("charges.capture", "stripe.Charge.capture"),
        "Stripe refuses a second full capture; with an amount each call may capture a further part.",
        warning_when=("amount",),
    ),
    Critical(
        "payment-intent",
        "warning",
        ("payment_intents.create", "stripe.PaymentIntent.create"),
        "A second intent can be paid beside the first.",
    ),
    Critical(
        "payment-intent-capture",
        "info",
        ("payment_intents.capture", "stripe.PaymentIntent.capture"),
        "Stripe refuses a second full capture; with an amount each call may capture a further part.",
        warning_when=("amount_to_capture",),
    ),
    Critical(
        "payment-intent-confirm",
        "info",
        ("payment_intents.confirm", "stripe.PaymentIntent.confirm"),
        "Stripe refuses to confirm an intent that is confirmed already.",
    ),
    Critical(
        "refund",
        "warning",
        ("refunds.create", "stripe.Charge.refund", "stripe.Charge.refunds.create", "stripe.Refund.create"),
        "A second partial refund is paid as well.",
    ),
    Critical(
        "transfer",
        "warning",
        ("stripe.Transfer.create", "transfers.create"),
        "Moves money to a connected account.",
    ),
    Critical(
        "transfer-reversal",
        "warning",
        ("stripe.Transfer.create_reversal", "stripe.Transfer.reversals.create", "transfers.reversals.create"),
        "Takes money back; a second partial reversal is made as well.",
    ),
    Critical(
        "payout",
        "warning",
        ("payouts.create", "payouts.reverse", "stripe.Payout.create", "stripe.Payout.reverse"),
        "Moves money to or from a bank account.",
    ),
    Critical(
        "topup",
        "warning",
        ("stripe.Topup.create", "topups.create"),
        "Draws money from a bank account.",
    ),
    Critical(
        "application-fee-refund",
        "warning",
        (
            "application_fees.refunds.create",
            "stripe.ApplicationFee.create_refund",
            "stripe.ApplicationFee.refund",
            "stripe.ApplicationFee.refunds.create",
        ),
        "Pays a fee back; a second partial refund is paid as well.",
    ),
    Critical(
        "customer",
        "warning",
        ("customers.create", "stripe.Customer.create"),
        "Two customers for one person are charged, subscribed and refunded apart from each other.",
    ),
    Critical(
        "customer-balance",
        "warning",
        ("customers.balance_transactions.create", "stripe.Customer.create_balance_transaction"),
        "Adds to what the next invoice asks for.",
    ),
    Critical(
        "credit-grant",
        "warning",
        ("billing.credit_grants.create", "stripe.billing.CreditGrant.create"),
        "Gives credit that later invoices draw on, as a customer balance does.",
    ),
    Critical(
        "subscription",
        "warning",
        ("stripe.Customer.subscriptions.create", "stripe.Subscription.create", "subscriptions.create"),
        "Two subscriptions bill twice every period.",
    ),
    Critical(
        "subscription-schedule",
        "warning",
        ("stripe.SubscriptionSchedule.create", "subscription_schedules.create"),
        "Creates a subscription.",
    ),
    Critical(
        "subscription-change",
        "warning",
        ("stripe.Customer.update_subscription", "stripe.Subscription.modify", "subscriptions.update"),
        "What changes the price or the period is prorated and billed each time; other changes are not.",
        when=BILLS,
    ),
    Critical(
        "usage",
        "warning",
        (
            "stripe.SubscriptionItem.create_usage_record",
            "stripe.UsageRecord.create",
            "subscription_items.usage_records.create",
        ),
        "Usage is added up unless it is set.",
        info_when=(("action", "set"),),
    ),
    Critical(
        "meter-event",
        "warning",
        (
            "billing.meter_events.create",
            "stripe.billing.MeterEvent.create",
            "v2.billing.meter_event_stream.create",
            "v2.billing.meter_events.create",
        ),
        "Usage is added up, but for an event whose identifier was there in the last 24 hours.",
        once_by=("identifier",),
    ),
    Critical(
        "invoice",
        "warning",
        ("invoices.create", "stripe.Invoice.create"),
        "A second invoice collects what became pending meanwhile, or is sent empty.",
    ),
    Critical(
        "invoice-payment",
        "info",
        (
            "invoices.finalize_invoice",
            "invoices.pay",
            "stripe.Invoice.finalize_invoice",
            "stripe.Invoice.pay",
        ),
        "Stripe refuses to finalize or to pay an invoice twice.",
    ),
    Critical(
        "invoice-item",
        "warning",
        (
            "invoice_items.create",
            "invoices.add_lines",
            "stripe.Customer.add_invoice_item",
            "stripe.Invoice.add_lines",
            "stripe.InvoiceItem.create",
        ),
        "Adds an amount to an invoice.",
    ),
    Critical(
        "credit-note",
        "warning",
        ("credit_notes.create", "stripe.CreditNote.create"),
        "Refunds or credits a part of an invoice.",
    ),
    Critical(
        "checkout-session",
        "info",
        ("checkout.sessions.create", "stripe.checkout.Session.create"),
        "Nothing is paid before somebody pays on the page, and one page is shown.",
        unless=(("mode", "setup"),),
    ),
    Critical(
        "payment-link",
        "info",
        ("payment_links.create", "stripe.PaymentLink.create"),
        "Nothing is paid before somebody follows the link.",
    ),
    Critical(
        "quote-acceptance",
        "info",
        ("quotes.accept", "stripe.Quote.accept"),
        "Creates the invoice or subscription; Stripe refuses to accept a quote twice.",
    ),
    Critical(
        "order",
        "warning",
        (
            "climate.orders.create",
            "stripe.Order.create",
            "stripe.Order.pay",
            "stripe.Order.return_order",
            "stripe.Order.submit",
            "stripe.climate.Order.create",
        ),
        "Buys, pays or pays back.",
    ),
    Critical(
        "issued-card",
        "warning",
        ("issuing.cards.create", "stripe.issuing.Card.create"),
        "A second card can be spent with, and a physical one is made and shipped.",
    ),
    Critical(
        "treasury",
        "warning",
        (
            "stripe.treasury.CreditReversal.create",
            "stripe.treasury.DebitReversal.create",
            "stripe.treasury.InboundTransfer.create",
            "stripe.treasury.OutboundPayment.create",
            "stripe.treasury.OutboundTransfer.create",
            "treasury.credit_reversals.create",
            "treasury.debit_reversals.create",
            "treasury.inbound_transfers.create",
            "treasury.outbound_payments.create",
            "treasury.outbound_transfers.create",
            "v2.money_management.inbound_transfers.create",
            "v2.money_management.outbound_payments.create",
            "v2.money_management.payout_intents.create",
        ),
        "Moves money between accounts.",
    ),
    Critical(
        "payout-intent-confirm",
        "info",
        ("v2.money_management.payout_intents.confirm",),
        "An intent is confirmed once.",
    ),
)

READ_ONLY = (
    ReadOnly(
        ("invoices.create_preview", "stripe.Invoice.create_preview"),
        "Computes an invoice that is not kept.",
    ),
    ReadOnly(
        ("stripe.tax.Calculation.create", "tax.calculations.create"),
        "Computes taxes; nothing is recorded before a transaction is made of it.",
    ),
    ReadOnly(
        ("payment_method_domains.validate", "stripe.PaymentMethodDomain.validate"),
        "Asks for a check to be run again.",
    ),
    ReadOnly(
        ("v2.core.event_destinations.ping",),
        "Sends a test event.",
    ),
    ReadOnly(
        ("financial_connections.accounts.refresh", "stripe.financial_connections.Account.refresh_account"),
        "Asks for fresh data of a bank account.",
    ),
)

# ``charge.refunds.create(...)``: a list inside an object takes a POST although no class declares it. The lists come
# from the annotations of the packages; these are the ones whose address accepts a POST (Stripe's API reference, and
# the ``create_…`` twin of each on the resource class; ``subscriptions`` has none, it is the address that
# ``Customer.subscriptions.create`` posted to in stripe 1.84.2).
CREATING_LISTS = (
    "stripe.Account.external_accounts",
    "stripe.ApplicationFee.refunds",
    "stripe.Charge.refunds",
    "stripe.Customer.sources",
    "stripe.Customer.subscriptions",
    "stripe.Customer.tax_ids",
    "stripe.Transfer.reversals",
)
