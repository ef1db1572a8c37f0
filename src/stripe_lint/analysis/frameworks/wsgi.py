"""WSGI without a framework: https://peps.python.org/pep-3333/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework

FRAMEWORK = Framework(
    name="wsgi",
    plain_answers=False,
    modules=("wsgiref",),
    weak_import=True,
    keyed=True,
    request_parameters=("environ", "env"),
    raw_streams=frozenset({"wsgi.input"}),
    form_attributes=frozenset({"QUERY_STRING"}),
    header_attributes=frozenset(),
    environ_request=True,
    entry_points=(("environ", "start_response"), ("env", "start_response")),
)
