"""Messages that name the release of the SDK which a project runs with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rule_cases import check

if TYPE_CHECKING:
    from pathlib import Path

HANDLER = """\
import stripe


def webhook(request, secret):
    stripe.WebhookSignature.verify_header(request.body.decode(), request.headers["Stripe-Signature"], secret)
"""


@pytest.mark.parametrize(
    ("requirement", "release"),
    [
        ("stripe==15.6.2\n", "stripe 15.6.2"),
        ("stripe>=14,<16\n", "every stripe up to 16.1.0"),
        ("stripe==17.0.0\n", "every stripe up to 16.1.0"),
        ("", "every stripe up to 16.1.0"),
    ],
)
def test_a_missing_tolerance_is_reported_for_the_release_that_is_locked(
    requirement: str, release: str, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text(requirement, encoding="utf-8")
    (tmp_path / "hooks.py").write_text(HANDLER, encoding="utf-8")
    messages = [finding.message for finding in check(tmp_path, "STP107") if finding.code == "STP107"]
    assert len(messages) == 1
    assert f"checks no age in {release}, so" in messages[0]
