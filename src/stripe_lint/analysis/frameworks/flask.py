"""Flask: https://flask.palletsprojects.com/en/stable/api/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings
from stripe_lint.analysis.frameworks.werkzeug import FRAMEWORK as WERKZEUG

FRAMEWORK = Framework(
    name="flask",
    modules=("flask", "flask_restful", "flask_restx", "flask_smorest", "apiflask"),
    builds_on=("werkzeug",),
    request_globals=("flask.request", "flask.globals.request"),
    request_types=("flask.Request", "flask.wrappers.Request"),
    raw_attributes=WERKZEUG.raw_attributes,
    raw_calls=WERKZEUG.raw_calls,
    raw_streams=WERKZEUG.raw_streams,
    parsed_attributes=WERKZEUG.parsed_attributes,
    parsed_calls=WERKZEUG.parsed_calls,
    form_attributes=WERKZEUG.form_attributes,
    foreign_attributes=WERKZEUG.foreign_attributes,
    header_attributes=WERKZEUG.header_attributes,
    environ_attributes=WERKZEUG.environ_attributes,
    underscored_headers=True,
    copied_header_name="Stripe-Signature",
    registers_at_once=True,
    route_decorators=frozenset({"route", "post", "get", "put", "patch", "delete"}),
    route_calls=frozenset({"add_url_rule", "add_resource"}),
    view_bases=(
        "flask.views.MethodView",
        "flask.views.View",
        "flask_restful.Resource",
        "flask_restx.Resource",
        "flask_restx.resource.Resource",
        "apiflask.views.MethodView",
    ),
    view_methods=frozenset({"get", "post", "put", "patch", "delete", "dispatch_request"}),
    guard_registrations=frozenset({"before_request", "before_app_request"}),
    application_registrations=frozenset({"before_app_request"}),
    guard_attributes=frozenset({"decorators", "method_decorators"}),
    guard_keywords=frozenset({"decorators"}),
    guard_methods=frozenset({"dispatch_request"}),
    dispatching_methods=frozenset({"dispatch_request"}),
    including_calls=frozenset({"register_blueprint"}),
    router_calls=frozenset({"Blueprint"}),
    error_handler_decorators=frozenset({"errorhandler", "app_errorhandler"}),
    error_handler_calls=frozenset({"register_error_handler"}),
    response_calls=WERKZEUG.response_calls
    | spellings("flask", "jsonify make_response Response redirect abort")
    | {
        "flask.json.jsonify",
        "flask.wrappers.Response",
        "flask.helpers.make_response",
        "flask.helpers.redirect",
        "flask.helpers.abort",
        "flask_restful.abort",
        "flask_restx.abort",
        "flask_restx.errors.abort",
        "flask_smorest.abort",
        "apiflask.abort",
    },
    response_exceptions=WERKZEUG.response_exceptions
    | {
        "flask_restx.errors.RestError",
        "flask_restx.RestError",
        "flask_restx.errors.ValidationError",
        "flask_restx.ValidationError",
        "apiflask.HTTPError",
        "apiflask.exceptions.HTTPError",
    },
    message_calls=frozenset({"flask.flash", "flask.helpers.flash"}),
    template_calls=spellings(
        "flask flask.templating", "render_template render_template_string stream_template stream_template_string"
    ),
    abort_calls=WERKZEUG.abort_calls
    | {
        "flask.abort",
        "flask.helpers.abort",
        "flask_restful.abort",
        "flask_restx.abort",
        "flask_restx.errors.abort",
        "flask_smorest.abort",
        "apiflask.abort",
    },
    json_functions=frozenset({"flask.json.loads", "flask.json.load"}),
    none_answers=False,
    status_in_tuple=True,
    raw_body="{request}.get_data()",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal('return "", 400'),
        Refusal("abort(400)", "flask.abort"),
        Refusal("raise BadRequest", "werkzeug.exceptions.BadRequest"),
    ),
)
