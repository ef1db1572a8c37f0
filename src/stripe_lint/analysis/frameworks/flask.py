"""Flask: https://flask.palletsprojects.com/en/stable/api/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework

FRAMEWORK = Framework(
    name="flask",
    modules=("flask", "flask_restful", "flask_restx"),
    request_globals=("flask.request", "flask.globals.request"),
    request_types=("flask.Request", "flask.wrappers.Request"),
    raw_attributes=frozenset({"data"}),
    raw_calls=frozenset({"get_data"}),
    raw_streams=frozenset({"stream", "input_stream"}),
    parsed_attributes=frozenset({"json"}),
    parsed_calls=frozenset({"get_json"}),
    form_attributes=frozenset({"form", "values", "args"}),
    foreign_attributes=frozenset({"body", "raw_body", "content"}),
    header_attributes=frozenset({"headers", "environ"}),
    route_decorators=frozenset({"route", "post", "get", "put", "patch", "delete"}),
    view_bases=("flask.views.MethodView", "flask.views.View", "flask_restful.Resource", "flask_restx.Resource"),
    view_methods=frozenset({"get", "post", "put", "patch", "delete", "dispatch_request"}),
    guard_registrations=frozenset({"before_request"}),
    error_handler_decorators=frozenset({"errorhandler", "app_errorhandler"}),
    error_handler_calls=frozenset({"register_error_handler"}),
    response_calls=frozenset(
        {
            "flask.jsonify",
            "flask.json.jsonify",
            "flask.make_response",
            "flask.Response",
            "flask.wrappers.Response",
            "flask.abort",
            "flask_restful.abort",
            "flask_restx.abort",
        }
    ),
    message_calls=frozenset({"flask.flash"}),
    template_calls=frozenset({"flask.render_template", "flask.render_template_string"}),
    abort_calls=frozenset({"flask.abort", "werkzeug.exceptions.abort", "flask_restful.abort", "flask_restx.abort"}),
)
