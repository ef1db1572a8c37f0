"""Bottle: https://bottlepy.org/docs/stable/api.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

FRAMEWORK = Framework(
    name="bottle",
    modules=("bottle",),
    request_globals=("bottle.request",),
    request_types=("bottle.BaseRequest", "bottle.Request", "bottle.LocalRequest"),
    raw_streams=frozenset({"body"}),
    parsed_attributes=frozenset({"json"}),
    form_attributes=frozenset({"forms", "POST", "GET", "params", "query", "files"}),
    foreign_attributes=frozenset(
        {"data", "text", "content", "raw_body", "json_body", "get_data", "get_json", "get_body", "read"}
    ),
    header_attributes=frozenset({"headers", "environ"}),
    header_calls=frozenset({"get_header"}),
    environ_attributes=frozenset({"environ"}),
    underscored_headers=True,
    registers_at_once=True,
    route_decorators=frozenset({"route", "get", "post", "put", "patch", "delete"}),
    bare_routes=True,
    route_calls=frozenset({"route", "get", "post", "put", "patch", "delete", "add_route"}),
    guard_registrations=frozenset({"hook"}),
    guard_keywords=frozenset({"apply"}),
    guard_calls=frozenset({"install"}),
    error_handler_decorators=frozenset({"error"}),
    response_calls=spellings(
        "bottle", "HTTPResponse HTTPError MultipartError Response BaseResponse LocalResponse static_file abort redirect"
    ),
    response_exceptions=spellings("bottle", "HTTPResponse HTTPError MultipartError"),
    template_calls=spellings("bottle", "template jinja2_template mako_template cheetah_template"),
    abort_calls=spellings("bottle", "abort redirect"),
    json_functions=frozenset({"bottle.json_loads"}),
    raw_body="{request}.body.read()",
    signature_header='{request}.get_header("Stripe-Signature")',
    refusals=(
        Refusal("return HTTPResponse(status=400)", "bottle.HTTPResponse"),
        Refusal('abort(400, "invalid signature")', "bottle.abort"),
    ),
)
