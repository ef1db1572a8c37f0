from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import critical_calls
import gen_api_surface
import pytest
import render_json
import stripe_releases

from stripe_lint.data import surface

COMMITTED: dict[str, Any] = json.loads(surface.SURFACE.read_bytes())
# Depend on releases other than the newest, so that the newest alone cannot tell them.
HISTORY = frozenset({"first", "last", "async"})


@pytest.fixture(scope="module")
def regenerated() -> dict[str, Any]:
    """The surface of the ``stripe`` package that is installed beside the tests."""
    if importlib.metadata.version("stripe") != stripe_releases.RELEASES[-1]:
        pytest.fail("install the newest stripe that the data was made from: pip install -e .[test]")
    distribution = importlib.metadata.distribution("stripe")
    probed = gen_api_surface.probe(Path(str(distribution.locate_file(""))))
    return gen_api_surface.surface([probed], strict=False)


@pytest.mark.parametrize("table", ["methods", "services"])
def test_newest_release_is_described_as_it_is(regenerated: dict[str, Any], table: str) -> None:
    def today(entries: dict[str, Any]) -> dict[str, Any]:
        return {
            path: {key: value for key, value in entry.items() if key not in HISTORY} | {"twin": "async" in entry}
            for path, entry in entries.items()
            if "last" not in entry
        }

    assert today(regenerated[table]) == today(COMMITTED[table])


def test_newest_release_has_the_resources_that_are_listed(regenerated: dict[str, Any]) -> None:
    assert set(regenerated["resources"]) == {
        path for path, span in COMMITTED["resources"].items() if "last" not in span
    }


def test_judgements_in_the_data_are_those_of_the_classification() -> None:
    assert COMMITTED["critical"] == json.loads(
        json.dumps({row.name: gen_api_surface.critical(row) for row in critical_calls.CRITICAL})
    )


def test_data_was_made_from_the_releases_that_are_listed() -> None:
    assert surface.stripe_versions() == stripe_releases.RELEASES


def test_file_is_sorted_with_one_entry_a_line() -> None:
    assert surface.SURFACE.read_text("utf-8") == render_json.rendered(COMMITTED)


def entry(path: str) -> dict[str, Any]:
    return COMMITTED["methods" if path.startswith("stripe.") else "services"].get(path) or {}


@pytest.mark.parametrize(
    ("name", "path"), [(row.name, path) for row in critical_calls.CRITICAL for path in row.methods]
)
def test_critical_row_matches_a_method(name: str, path: str) -> None:
    assert entry(path).get("verb") == "post"
    assert entry(path).get("critical") == name


@pytest.mark.parametrize("path", [path for row in critical_calls.READ_ONLY for path in row.methods])
def test_read_only_row_matches_a_method(path: str) -> None:
    assert entry(path).get("verb") == "post"
    assert entry(path).get("read_only") is True


@pytest.mark.parametrize("path", critical_calls.CREATING_LISTS)
def test_list_row_matches_a_list(path: str) -> None:
    assert entry(f"{path}.create").get("verb") == "post"


def test_no_method_is_judged_twice() -> None:
    judged = [path for row in (*critical_calls.CRITICAL, *critical_calls.READ_ONLY) for path in row.methods]
    assert len(judged) == len(set(judged))
    assert len({row.name for row in critical_calls.CRITICAL}) == len(critical_calls.CRITICAL)


def test_generator_refuses_a_row_that_matches_nothing() -> None:
    with pytest.raises(gen_api_surface.StaleRowError, match=r"stripe\.Charge\.create"):
        gen_api_surface.classify({}, {}, strict=True)


def test_methods_without_judgement_on_test_data() -> None:
    assert not [
        path
        for table in ("methods", "services")
        for path, found in COMMITTED[table].items()
        if ("TestHelpers" in path or "test_helpers" in path) and "critical" in found
    ]


CRITICAL_CALLS = [
    ("stripe.Charge.create", "warning"),
    ("stripe.Charge.capture", "info"),
    ("stripe.PaymentIntent.create", "warning"),
    ("stripe.PaymentIntent.create_async", "warning"),
    ("stripe.PaymentIntent.confirm", "info"),
    ("stripe.PaymentIntent.capture", "info"),
    ("stripe.Refund.create", "warning"),
    ("stripe.Transfer.create", "warning"),
    ("stripe.Transfer.create_reversal", "warning"),
    ("stripe.Payout.create", "warning"),
    ("stripe.Payout.reverse", "warning"),
    ("stripe.Topup.create", "warning"),
    ("stripe.ApplicationFee.create_refund", "warning"),
    ("stripe.Customer.create", "warning"),
    ("stripe.Customer.create_balance_transaction", "warning"),
    ("stripe.Subscription.create", "warning"),
    ("stripe.SubscriptionSchedule.create", "warning"),
    ("stripe.SubscriptionItem.create_usage_record", "warning"),
    ("stripe.UsageRecord.create", "warning"),
    ("stripe.billing.MeterEvent.create", "warning"),
    ("stripe.Invoice.create", "warning"),
    ("stripe.Invoice.pay", "info"),
    ("stripe.Invoice.finalize_invoice", "info"),
    ("stripe.InvoiceItem.create", "warning"),
    ("stripe.CreditNote.create", "warning"),
    ("stripe.checkout.Session.create", "info"),
    ("stripe.PaymentLink.create", "info"),
    ("stripe.Quote.accept", "info"),
    ("stripe.Order.create", "warning"),
    ("stripe.Order.pay", "warning"),
    ("stripe.Order.submit", "warning"),
    ("stripe.issuing.Card.create", "warning"),
    ("stripe.treasury.OutboundPayment.create", "warning"),
    ("stripe.treasury.OutboundTransfer.create", "warning"),
    ("stripe.treasury.InboundTransfer.create", "warning"),
    ("charges.create", "warning"),
    ("payment_intents.capture_async", "info"),
    ("v1.payment_intents.create", "warning"),
    ("refunds.create", "warning"),
    ("transfers.reversals.create", "warning"),
    ("customers.balance_transactions.create", "warning"),
    ("subscription_items.usage_records.create", "warning"),
    ("billing.meter_events.create", "warning"),
    ("v2.billing.meter_events.create", "warning"),
    ("application_fees.refunds.create", "warning"),
    ("invoice_items.create", "warning"),
    ("v1.checkout.sessions.create", "info"),
]


def found(path: str) -> surface.Method | None:
    return surface.resource_method(path) if path.startswith("stripe.") else surface.service_method(path)


@pytest.mark.parametrize(("path", "grade"), CRITICAL_CALLS)
def test_calls_that_move_money(path: str, grade: str) -> None:
    method = found(path)
    assert method is not None
    assert method.mutating
    assert method.critical is not None
    assert method.critical.grade == grade


OTHER_MUTATING_CALLS = [
    "stripe.Account.create",
    "stripe.AccountLink.create",
    "stripe.Charge.modify",
    "stripe.Coupon.create",
    "stripe.Customer.create_source",
    "stripe.Customer.modify",
    "stripe.EphemeralKey.create",
    "stripe.Invoice.modify",
    "stripe.Invoice.send_invoice",
    "stripe.Invoice.void_invoice",
    "stripe.PaymentIntent.cancel",
    "stripe.PaymentIntent.modify",
    "stripe.PaymentMethod.attach",
    "stripe.PaymentMethod.detach",
    "stripe.Plan.create",
    "stripe.Price.create",
    "stripe.Product.create",
    "stripe.SetupIntent.confirm",
    "stripe.SetupIntent.create",
    "stripe.Source.create",
    "stripe.SubscriptionItem.create",
    "stripe.SubscriptionItem.modify",
    "stripe.SubscriptionSchedule.modify",
    "stripe.SubscriptionSchedule.release",
    "stripe.Refund.TestHelpers.expire",
    "stripe.billing_portal.Session.create",
    "stripe.terminal.Reader.process_payment_intent",
    "billing_portal.sessions.create",
    "payment_methods.attach",
    "test_helpers.treasury.inbound_transfers.succeed",
    "v2.core.accounts.create",
]


@pytest.mark.parametrize("path", OTHER_MUTATING_CALLS)
def test_calls_that_change_something_else(path: str) -> None:
    method = found(path)
    assert method is not None
    assert method.mutating
    assert method.critical is None


@pytest.mark.parametrize(
    "path",
    [
        "stripe.Invoice.create_preview",
        "stripe.PaymentMethodDomain.validate",
        "stripe.tax.Calculation.create",
        "tax.calculations.create_async",
        "v2.core.event_destinations.ping",
        "stripe.OAuth.token",
        "oauth.token",
    ],
)
def test_posts_that_are_harmless_to_repeat(path: str) -> None:
    method = found(path)
    assert method is not None
    assert method.verb == "post"
    assert not method.mutating


@pytest.mark.parametrize(
    ("path", "verb"),
    [
        ("stripe.Customer.search", "get"),
        ("stripe.Invoice.upcoming", "get"),
        ("stripe.Subscription.cancel", "delete"),
        ("stripe.Customer.delete", "delete"),
        ("v1.subscriptions.cancel", "delete"),
        ("sources.detach", "delete"),
        ("payment_methods.detach", "post"),
        ("stripe.apps.Secret.delete_where", "post"),
        ("v2.core.event_destinations.delete", "delete"),
        ("stripe.Quote.pdf", "get"),
    ],
)
def test_verbs(path: str, verb: str) -> None:
    method = found(path)
    assert method is not None
    assert method.verb == verb


@pytest.mark.parametrize(
    "path",
    [
        "stripe.Charge.refund",  # only an instance has it
        "stripe.Customer.save",
        "stripe.Subscription.delete_async",
        "stripe.OAuth.token_async",
        "stripe.Webhook.construct_event",
        "stripe.Customer.construct_from",
        "stripe.Charge",
        "stripe",
        "checkout.sessions",
        "nothing.at.all",
    ],
)
def test_what_is_no_method(path: str) -> None:
    assert found(path) is None


@pytest.mark.parametrize(
    ("resource", "name", "positional"),
    [
        ("stripe.PaymentIntent", "confirm", ()),
        ("stripe.PaymentIntent", "confirm_async", ()),
        ("stripe.Customer", "save", ("idempotency_key",)),
        ("stripe.Charge", "mark_as_fraudulent", ("idempotency_key",)),
        ("stripe.Charge", "refund", ("idempotency_key",)),
        ("stripe.Charge", "refunds.create", ()),
        ("stripe.Refund.TestHelpers", "expire", ()),
    ],
)
def test_methods_of_instances(resource: str, name: str, positional: tuple[str, ...]) -> None:
    method = surface.instance_method(resource, name)
    assert method is not None
    assert method.style == "instance"
    assert method.positional == positional
    assert method.mutating


def test_an_instance_reaches_the_methods_of_its_class() -> None:
    method = surface.instance_method("stripe.Subscription", "modify")
    assert method == surface.resource_method("stripe.Subscription.modify")
    assert method is not None
    assert method.positional == ("id",)


@pytest.mark.parametrize(
    ("resource", "name"),
    [("stripe.Charge", "refund"), ("stripe.Charge", "refunds.create"), ("stripe.Customer", "subscriptions.create")],
)
def test_old_spellings_that_move_money(resource: str, name: str) -> None:
    method = surface.instance_method(resource, name)
    assert method is not None
    assert method.critical is not None
    assert method.critical.grade == "warning"


@pytest.mark.parametrize(
    ("path", "params", "options"),
    [
        ("customers.create", 0, 1),
        ("v1.payment_intents.confirm", 1, 2),
        ("payment_intents.confirm_async", 1, 2),
        ("transfers.reversals.update", 2, 3),
        ("v2.core.event_destinations.ping", 1, 2),
    ],
)
def test_places_of_params_and_options(path: str, params: int, options: int) -> None:
    method = surface.service_method(path)
    assert method is not None
    assert (method.params_index, method.options_index) == (params, options)


def test_resource_methods_take_no_dicts() -> None:
    method = surface.resource_method("stripe.PaymentIntent.confirm")
    assert method is not None
    assert method.positional == ("intent",)
    assert method.params_index is None
    assert method.options_index is None


def test_conditions() -> None:
    change = found("subscriptions.update")
    assert change is not None
    assert change.critical is not None
    assert change == surface.service_method("v1.subscriptions.update")
    assert {"items", "price", "plan", "quantity", "proration_behavior", "proration_date", "prorate"} < set(
        change.critical.when
    )
    assert "metadata" not in change.critical.when
    session = found("stripe.checkout.Session.create")
    assert session is not None
    assert session.critical is not None
    assert session.critical.unless == (("mode", "setup"),)
    capture = found("stripe.PaymentIntent.capture")
    assert capture is not None
    assert capture.critical is not None
    assert capture.critical.warning_when == ("amount_to_capture",)
    usage = found("stripe.SubscriptionItem.create_usage_record")
    assert usage is not None
    assert usage.critical is not None
    assert usage.critical.info_when == (("action", "set"),)


@pytest.mark.parametrize(
    ("path", "returns", "listed"),
    [
        ("stripe.PaymentIntent.create", "stripe.PaymentIntent", None),
        ("stripe.PaymentIntent.retrieve_async", "stripe.PaymentIntent", None),
        ("stripe.PaymentIntent.modify", "stripe.PaymentIntent", None),
        ("stripe.AccountLink.retrieve", "stripe.AccountLink", None),
        ("stripe.Customer.list", None, "stripe.Customer"),
        ("stripe.Customer.search", None, "stripe.Customer"),
        ("stripe.Customer.create_source", None, None),
        ("stripe.Customer.create_tax_id", "stripe.TaxId", None),
        ("stripe.issuing.Card.create", "stripe.issuing.Card", None),
        ("stripe.SKU.create", "stripe.SKU", None),
        ("payment_intents.confirm", "stripe.PaymentIntent", None),
        ("checkout.sessions.create", "stripe.checkout.Session", None),
        ("billing_portal.sessions.create", "stripe.billing_portal.Session", None),
        ("accounts.external_accounts.create", None, None),
        ("v2.core.events.list", None, "stripe.v2.core.Event"),
    ],
)
def test_what_is_returned(path: str, returns: str | None, listed: str | None) -> None:
    method = found(path)
    assert method is not None
    assert method.returns == returns
    assert method.returns_list_of == listed


@pytest.mark.parametrize(
    ("path", "versions"),
    [
        ("stripe.Charge.create", ("1.84.2", "16.1.0")),
        ("stripe.Charge.create_async", ("8.11.0", "16.1.0")),
        ("stripe.Invoice.upcoming", ("1.84.2", "11.6.0")),
        ("stripe.Reversal.modify", None),
        ("stripe.SKU.create", ("1.84.2", "4.2.1")),
        ("stripe.Recipient.create", ("1.84.2", "3.5.0")),
        ("stripe.Invoice.create_preview", ("9.12.1", "16.1.0")),
        ("customers.create", ("8.11.0", "16.1.0")),
    ],
)
def test_in_which_releases_it_is(path: str, versions: tuple[str, str] | None) -> None:
    method = found(path)
    assert (method.versions if method else None) == versions


@pytest.mark.parametrize("path", ["v1", "v2", "v2.core", "checkout", "v1.checkout", "checkout.sessions", "customers"])
def test_paths_to_services(path: str) -> None:
    assert surface.is_service_path(path)


@pytest.mark.parametrize("path", ["", "checkout.sessions.create", "sessions", "v3", "construct_event", "v1.v1"])
def test_paths_to_something_else(path: str) -> None:
    assert not surface.is_service_path(path)


def test_every_entry_can_be_loaded() -> None:
    for path, found_entry in COMMITTED["methods"].items():
        owner, _, name = path.rpartition(".")
        assert surface.resource_method(path) or surface.instance_method(owner, name), path
        assert set(found_entry) & {"class", "instance"}
        if "async" in found_entry:
            assert surface.resource_method(f"{path}_async") or surface.instance_method(owner, f"{name}_async"), path
    for path in COMMITTED["services"]:
        method = surface.service_method(path)
        assert method is not None
        assert method.options_index is not None or not method.mutating or method.api == "v2", path


def test_methods_are_values() -> None:
    method = surface.resource_method("stripe.Charge.create")
    assert method is surface.resource_method("stripe.Charge.create")
    assert isinstance(method, tuple)


def test_nothing_is_read_before_the_first_question_and_stripe_never() -> None:
    program = """
import sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
from stripe_lint.data import event_types, surface
assert not [path for path in opened if path.endswith(".json")], opened
surface.resource_method("stripe.Charge.create")
event_types.is_known("charge.refunded")
assert len([path for path in opened if path.endswith(".json")]) == 2, opened
assert "stripe" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
