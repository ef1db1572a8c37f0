"""Odoo's controllers: https://www.odoo.com/documentation/master/developer/reference/backend/http.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings
from stripe_lint.analysis.frameworks.werkzeug import FRAMEWORK as WERKZEUG

FRAMEWORK = Framework(
    name="odoo",
    modules=("odoo",),
    builds_on=("werkzeug",),
    request_globals=("odoo.http.request", "odoo.http.request.httprequest"),
    request_types=("odoo.http.Request", "odoo.http.HTTPRequest"),
    request_attributes=("httprequest",),
    raw_attributes=WERKZEUG.raw_attributes,
    raw_calls=WERKZEUG.raw_calls,
    parsed_attributes=WERKZEUG.parsed_attributes | {"jsonrequest"},
    parsed_calls=WERKZEUG.parsed_calls | {"get_json_data"},
    form_attributes=WERKZEUG.form_attributes | {"params"},
    form_calls=frozenset({"get_http_params"}),
    foreign_attributes=WERKZEUG.foreign_attributes,
    header_attributes=WERKZEUG.header_attributes,
    environ_attributes=WERKZEUG.environ_attributes,
    underscored_headers=True,
    route_decorators=frozenset({"route"}),
    view_bases=("odoo.http.Controller",),
    response_calls=WERKZEUG.response_calls
    | spellings("odoo.http.request", "make_response make_json_response not_found redirect redirect_query render")
    | {"odoo.http.Response"},
    response_exceptions=WERKZEUG.response_exceptions
    | spellings("odoo.exceptions", "UserError ValidationError AccessError AccessDenied MissingError RedirectWarning"),
    template_calls=frozenset({"odoo.http.request.render"}),
    abort_calls=WERKZEUG.abort_calls,
    # a route of type "json" answers 200 and describes the exception in the body
    exceptions_refuse=False,
    raw_body="{request}.get_data()",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal("return Response(status=400)", "odoo.http.Response"),
        Refusal("raise BadRequest", "werkzeug.exceptions.BadRequest"),
    ),
)
