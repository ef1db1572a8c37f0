"""Quart: https://quart.palletsprojects.com/en/latest/reference/source/quart.wrappers.request/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings
from stripe_lint.analysis.frameworks.werkzeug import FRAMEWORK as WERKZEUG

FRAMEWORK = Framework(
    name="quart",
    modules=("quart",),
    builds_on=("flask",),
    request_globals=("quart.request", "quart.globals.request"),
    request_types=("quart.Request", "quart.wrappers.Request", "quart.wrappers.request.Request"),
    raw_attributes=frozenset({"data", "body"}),
    raw_calls=frozenset({"get_data"}),
    awaited_calls=frozenset({"get_data"}),
    parsed_attributes=frozenset({"json"}),
    parsed_calls=frozenset({"get_json"}),
    form_attributes=frozenset({"form", "values", "args", "files"}),
    foreign_attributes=frozenset({"raw_body", "content", "text", "json_body", "get_body", "read"}),
    missing_header_answered=True,
    registers_at_once=True,
    route_decorators=frozenset({"route", "post", "get", "put", "patch", "delete"}),
    route_calls=frozenset({"add_url_rule"}),
    view_bases=("quart.views.MethodView", "quart.views.View"),
    view_methods=frozenset({"get", "post", "put", "patch", "delete", "dispatch_request"}),
    guard_registrations=frozenset({"before_request", "before_app_request"}),
    application_registrations=frozenset({"before_app_request"}),
    guard_attributes=frozenset({"decorators"}),
    guard_methods=frozenset({"dispatch_request"}),
    dispatching_methods=frozenset({"dispatch_request"}),
    including_calls=frozenset({"register_blueprint"}),
    router_calls=frozenset({"Blueprint"}),
    error_handler_decorators=frozenset({"errorhandler", "app_errorhandler"}),
    error_handler_calls=frozenset({"register_error_handler"}),
    response_calls=WERKZEUG.response_calls
    | spellings("quart", "jsonify make_response Response redirect abort")
    | {
        "quart.json.jsonify",
        "quart.wrappers.Response",
        "quart.wrappers.response.Response",
        "quart.helpers.make_response",
    },
    response_exceptions=WERKZEUG.response_exceptions,
    message_calls=frozenset({"quart.flash", "quart.helpers.flash"}),
    template_calls=spellings(
        "quart quart.templating", "render_template render_template_string stream_template stream_template_string"
    ),
    abort_calls=WERKZEUG.abort_calls | {"quart.abort"},
    json_functions=frozenset({"quart.json.loads", "quart.json.load"}),
    none_answers=False,
    status_in_tuple=True,
    raw_body="await {request}.get_data()",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal('return "", 400'),
        Refusal("abort(400)", "quart.abort"),
    ),
)
