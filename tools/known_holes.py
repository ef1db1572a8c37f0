"""What is known to be wrong with releases of ``stripe``, and is in no advisory: the part of ``releases.json`` that no
index can tell.

Each row was seen by running the releases on both ends of its range. ``affected`` is a version specifier (PEP 440).
"""

from __future__ import annotations

from typing import NamedTuple


class Hole(NamedTuple):
    """One thing that is wrong.

    ``effect`` completes "stripe 12.5.1 …". ``kind`` says what decides its severity: ``secret`` and ``payload`` are
    holes that the project has to reach, ``bundle`` is one that opens by itself one day, ``defect`` is a plain mistake.
    """

    name: str
    kind: str
    affected: str
    fixed: str
    effect: str
    source: str


# The same twelve roots were released for most older majors in October 2026; 2.x and 3.x got no such release.
_WITH_NEW_ROOTS = (
    *("4.2.1", "5.5.1", "6.7.1", "7.14.1", "8.11.1", "9.12.1"),
    *("10.12.1", "11.6.1", "12.5.2", "13.2.1"),
)

HOLES = (
    Hole(
        "foreign-host",
        "payload",
        ">=11.0.0,<15.6.1",
        "15.6.1",
        "sends the API key to a host that an unverified payload names",
        "https://github.com/stripe/stripe-python/pull/1896",
    ),
    Hole(
        "empty-secret",
        "secret",
        ">=1.55.0,<15.6.0",
        "15.6.0",
        "accepts webhooks signed with an empty secret",
        "https://github.com/stripe/stripe-python/pull/1902",
    ),
    Hole(
        "old-certificates",
        "bundle",
        "<14.1.0," + ",".join(f"!={version}" for version in _WITH_NEW_ROOTS),
        "14.1.0",
        "lacks the root certificates that Stripe moves to",
        "https://github.com/stripe/stripe-python/pull/1692",
    ),
    Hole(
        "ignored-idempotency-key",
        "defect",
        "==4.0.0",
        "4.0.1",
        "ignores the idempotency key of modify and of calls on a class",
        "https://github.com/stripe/stripe-python/blob/master/CHANGELOG.md",
    ),
)
