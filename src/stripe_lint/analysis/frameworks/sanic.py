"""Sanic: https://sanic.dev/en/guide/basics/request.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

FRAMEWORK = Framework(
    name="sanic",
    plain_answers=False,
    modules=("sanic", "sanic_ext"),
    request_types=("sanic.Request", "sanic.request.Request", "sanic.request.types.Request"),
    request_parameters=("request", "req"),
    raw_attributes=frozenset({"body"}),
    parsed_attributes=frozenset({"json"}),
    parsed_calls=frozenset({"load_json"}),
    form_attributes=frozenset({"form", "files", "args", "query_args"}),
    form_calls=frozenset({"get_form"}),
    foreign_attributes=frozenset(
        {"data", "text", "content", "raw_body", "json_body", "get_data", "get_json", "get_body", "read"}
    ),
    registers_at_once=True,
    route_decorators=frozenset({"get", "post", "put", "patch", "delete", "head", "options", "route"}),
    route_calls=frozenset({"add_route"}),
    view_bases=("sanic.views.HTTPMethodView",),
    view_methods=frozenset({"get", "post", "put", "patch", "delete", "head", "options", "dispatch_request"}),
    guard_registrations=frozenset({"middleware", "on_request"}),
    guard_attributes=frozenset({"decorators"}),
    guard_calls=frozenset({"register_middleware"}),
    middleware_decorators=frozenset({"middleware"}),
    router_calls=frozenset({"Blueprint"}),
    error_handler_decorators=frozenset({"exception"}),
    error_handler_calls=frozenset({"exception"}),
    response_calls=spellings("sanic", "HTTPResponse empty html json raw redirect text")
    | spellings(
        "sanic.response", "HTTPResponse JSONResponse ResponseStream empty file file_stream html json raw redirect text"
    )
    | spellings("sanic.response.convenience", "empty file file_stream html json raw redirect text")
    | spellings("sanic.response.types", "HTTPResponse JSONResponse ResponseStream"),
    response_exceptions=spellings(
        "sanic.exceptions",
        """SanicException HTTPException BadRequest BadURL InvalidUsage Unauthorized Forbidden NotFound FileNotFound
        MethodNotAllowed MethodNotSupported RequestTimeout PayloadTooLarge URITooLong HeaderNotFound InvalidHeader
        RangeNotSatisfiable ContentRangeError ExpectationFailed HeaderExpectationFailed ServerError
        InternalServerError ServiceUnavailable""",
    )
    | spellings(
        "sanic",
        """SanicException BadRequest Unauthorized Forbidden NotFound FileNotFound MethodNotAllowed HeaderNotFound
        InvalidHeader RangeNotSatisfiable ExpectationFailed ServerError InternalServerError ServiceUnavailable""",
    ),
    template_calls=frozenset({"sanic_ext.render"}),
    # The page about the wrong type of a returned value quotes the value.
    returns_exception_text=True,
    none_answers=False,
    raw_body="{request}.body",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal("return empty(status=400)", "sanic.response.empty"),
        Refusal('return text("invalid signature", status=400)', "sanic.response.text"),
        Refusal('return json({"error": "invalid signature"}, status=400)', "sanic.response.json"),
        Refusal("return HTTPResponse(status=400)", "sanic.response.HTTPResponse"),
        Refusal('raise BadRequest("invalid signature")', "sanic.exceptions.BadRequest"),
        Refusal('raise SanicException("invalid signature", status_code=400)', "sanic.exceptions.SanicException"),
    ),
)
