"""What is said of releases agrees with the list of them, and is true of the one that is installed."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from importlib.metadata import version
from typing import Final

import pytest
import stripe
from packaging.specifiers import SpecifierSet

from stripe_lint.data import milestones
from stripe_lint.data.releases import holes, releases

INSTALLED = version("stripe")
RANGES: Final = {name: value for name, value in vars(milestones).items() if name.isupper() and isinstance(value, str)}
STANDING: Final = [release.version for release in releases() if release.withdrawn is None]


def is_in(release: str, versions: str) -> bool:
    return SpecifierSet(versions).contains(release)


@pytest.mark.parametrize("name", RANGES)
def test_every_version_is_a_release(name: str) -> None:
    assert set(re.findall(r"\d+\.\d+\.\d+", RANGES[name])) <= set(STANDING)


def test_each_release_has_the_errors_in_the_package_or_has_not() -> None:
    having = [each for each in STANDING if is_in(each, milestones.WITH_ERRORS_IN_PACKAGE)]
    assert having
    assert having == [each for each in STANDING if not is_in(each, milestones.WITHOUT_ERRORS_IN_PACKAGE)]


def test_an_empty_secret_is_accepted_where_the_list_of_holes_says_so() -> None:
    (hole,) = [hole for hole in holes() if hole.name == "empty-secret"]
    signing = [each for each in STANDING if is_in(each, ">=1.55.0")]
    assert [each for each in signing if is_in(each, hole.affected)] == [
        each for each in signing if is_in(each, milestones.ACCEPTING_EMPTY_SECRETS)
    ]


def fails(statement: str) -> bool:
    """Whether a program of one line ends with an error, in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-c", statement]
    return subprocess.run(command, check=False, capture_output=True).returncode != 0


def test_where_the_installed_release_has_its_errors() -> None:
    assert fails("import stripe.error") is is_in(INSTALLED, milestones.WITHOUT_ERROR_MODULE)
    assert fails("import stripe; stripe.error.CardError") is is_in(INSTALLED, milestones.WITHOUT_ERROR_ATTRIBUTE)
    assert fails("import stripe; stripe.CardError") is is_in(INSTALLED, milestones.WITHOUT_ERRORS_IN_PACKAGE)


def test_whether_the_objects_of_the_installed_release_are_dicts() -> None:
    assert issubclass(stripe.StripeObject, dict) is not is_in(INSTALLED, milestones.WITHOUT_DICTS)


def signed(payload: str, moment: int, secret: str) -> str:
    header: str = stripe.WebhookSignature.generate_signature_header(payload, secret, timestamp=moment)
    return header


def test_whether_the_installed_release_accepts_an_empty_secret() -> None:
    header = signed("{}", int(time.time()), "")
    try:
        accepted = stripe.WebhookSignature.verify_header("{}", header, "")
    except stripe.SignatureVerificationError:
        accepted = False
    assert accepted is is_in(INSTALLED, milestones.ACCEPTING_EMPTY_SECRETS)


@pytest.mark.parametrize("tolerance", [0, None])
def test_the_installed_release_checks_no_age_where_it_is_asked_to(tolerance: int | None) -> None:
    """If only the version is wrong, ``NEWEST_WITH_OPTIONAL_AGE`` is the release that this was run with."""
    header = signed("{}", 1_000_000_000, "whsec_old")
    assert stripe.WebhookSignature.verify_header("{}", header, "whsec_old", tolerance) is True
    assert milestones.NEWEST_WITH_OPTIONAL_AGE == INSTALLED
