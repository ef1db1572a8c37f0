"""ASGI without a framework: https://asgi.readthedocs.io/en/latest/specs/www.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework

FRAMEWORK = Framework(
    name="asgi",
    plain_answers=False,
    modules=("asgiref",),
    weak_import=True,
    keyed=True,
    request_parameters=("scope",),
    raw_receivers=("receive",),
    form_attributes=frozenset({"query_string"}),
    # A list of pairs of bytes with lower-case names, usually made a dict first.
    case_sensitive_headers=frozenset({"headers"}),
    entry_points=(("scope", "receive", "send"),),
)
