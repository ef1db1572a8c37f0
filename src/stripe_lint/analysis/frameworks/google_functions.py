"""Google Cloud Functions and Firebase: https://cloud.google.com/functions/docs/writing/write-http-functions."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.flask import FRAMEWORK as FLASK
from stripe_lint.analysis.frameworks.model import Framework, Refusal

FRAMEWORK = Framework(
    name="google_functions",
    modules=("functions_framework", "firebase_functions"),
    builds_on=("flask",),
    request_globals=FLASK.request_globals,
    request_types=(*FLASK.request_types, "firebase_functions.https_fn.Request"),
    request_parameters=("request", "req"),
    raw_attributes=FLASK.raw_attributes,
    raw_calls=FLASK.raw_calls,
    raw_streams=FLASK.raw_streams,
    parsed_attributes=FLASK.parsed_attributes,
    parsed_calls=FLASK.parsed_calls,
    form_attributes=FLASK.form_attributes,
    foreign_attributes=FLASK.foreign_attributes,
    header_attributes=FLASK.header_attributes,
    environ_attributes=FLASK.environ_attributes,
    underscored_headers=True,
    route_decorators=frozenset({"http", "on_request"}),
    bare_routes=True,
    error_handler_decorators=frozenset({"errorhandler"}),
    response_calls=FLASK.response_calls | {"firebase_functions.https_fn.Response"},
    response_exceptions=FLASK.response_exceptions | {"firebase_functions.https_fn.HttpsError"},
    template_calls=FLASK.template_calls,
    abort_calls=FLASK.abort_calls,
    json_functions=FLASK.json_functions,
    none_answers=False,
    status_in_tuple=True,
    raw_body="{request}.get_data()",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal('return "", 400'),
        Refusal("abort(400)", "flask.abort"),
    ),
)
