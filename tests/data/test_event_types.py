from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import gen_event_types
import pytest
import render_json
import stripe_releases

from stripe_lint.data import event_types

COMMITTED: dict[str, Any] = json.loads(event_types.EVENT_TYPES.read_bytes())


@pytest.mark.parametrize("kind", ["snapshot", "thin"])
def test_newest_release_is_described_as_it_is(kind: str) -> None:
    newest = stripe_releases.RELEASES[-1]
    if importlib.metadata.version("stripe") != newest:
        pytest.fail("install the newest stripe that the data was made from: pip install -e .[test]")
    package = Path(str(importlib.metadata.distribution("stripe").locate_file("")))
    found: Any = gen_event_types.event_types([package])[kind]
    assert set(found) == {name for name, span in COMMITTED[kind].items() if span[1] == newest}


def test_data_was_made_from_the_releases_that_are_listed() -> None:
    assert tuple(COMMITTED["stripe_versions"]) == stripe_releases.RELEASES


def test_file_is_sorted_with_one_entry_a_line() -> None:
    assert event_types.EVENT_TYPES.read_text("utf-8") == render_json.rendered(COMMITTED)


@pytest.mark.parametrize(
    "name",
    [
        "account.application.deauthorized",
        "account.updated",
        "balance.available",
        "charge.dispute.created",
        "charge.refunded",
        "checkout.session.async_payment_failed",
        "checkout.session.completed",
        "customer.subscription.deleted",
        "customer.subscription.trial_will_end",
        "invoice.paid",
        "invoice.payment_failed",
        "invoice.payment_succeeded",
        "invoiceitem.updated",
        "order.created",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
        "payment_method.attached",
        "payout.failed",
        "price.created",
        "setup_intent.succeeded",
        "transfer.reversed",
        "v1.billing.meter.error_report_triggered",
        "v2.core.account[configuration.merchant].updated",
        "v2.core.event_destination.ping",
    ],
)
def test_types_that_exist(name: str) -> None:
    assert event_types.is_known(name)
    assert name in event_types.ALL
    assert event_types.nearest(name) == name


@pytest.mark.parametrize("name", ["", "*", "account", "charge", "payment_intent.suceeded", "created", "user.created"])
def test_types_that_do_not(name: str) -> None:
    assert not event_types.is_known(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("payment_intent.suceeded", "payment_intent.succeeded"),
        ("checkout.session.complete", "checkout.session.completed"),
        ("invoice.payment_suceeded", "invoice.payment_succeeded"),
        ("customer.subscription.update", "customer.subscription.updated"),
        ("user.logged_in", None),
        ("completely different", None),
    ],
)
def test_misspellings(name: str, meant: str | None) -> None:
    assert event_types.nearest(name) == meant


def test_in_which_releases_it_is() -> None:
    assert event_types.versions("charge.refunded") == ("6.7.1", "16.1.0")
    assert event_types.versions("order.created") == ("6.7.1", "8.11.0")
    assert event_types.versions("user.created") is None


def test_thin_and_snapshot_types() -> None:
    assert "v1.billing.meter.no_meter_found" in COMMITTED["thin"]
    assert "charge.refunded" not in COMMITTED["thin"]
    assert len(event_types.ALL) == len(COMMITTED["snapshot"]) + len(COMMITTED["thin"])


def test_there_is_nothing_else_to_import() -> None:
    with pytest.raises(AttributeError, match="ANY"):
        event_types.ANY  # noqa: B018
