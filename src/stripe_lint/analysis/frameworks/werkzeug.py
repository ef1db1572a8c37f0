"""Werkzeug, which Flask and Quart are made of: https://werkzeug.palletsprojects.com/en/stable/wrappers/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

_EXCEPTIONS = spellings(
    "werkzeug.exceptions",
    """HTTPException BadRequest BadRequestKeyError ClientDisconnected SecurityError BadHost Unauthorized Forbidden
    NotFound MethodNotAllowed NotAcceptable RequestTimeout Conflict Gone LengthRequired PreconditionFailed
    RequestEntityTooLarge RequestURITooLarge UnsupportedMediaType RequestedRangeNotSatisfiable ExpectationFailed
    ImATeapot MisdirectedRequest UnprocessableEntity Locked FailedDependency PreconditionRequired TooManyRequests
    RequestHeaderFieldsTooLarge UnavailableForLegalReasons InternalServerError NotImplemented BadGateway
    ServiceUnavailable GatewayTimeout HTTPVersionNotSupported""",
)

FRAMEWORK = Framework(
    name="werkzeug",
    modules=("werkzeug",),
    weak_import=True,
    request_types=("werkzeug.Request", "werkzeug.wrappers.Request", "werkzeug.wrappers.request.Request"),
    request_parameters=("request", "req"),
    raw_attributes=frozenset({"data"}),
    raw_calls=frozenset({"get_data"}),
    raw_streams=frozenset({"stream", "input_stream"}),
    parsed_attributes=frozenset({"json"}),
    parsed_calls=frozenset({"get_json"}),
    form_attributes=frozenset({"form", "values", "args", "files"}),
    foreign_attributes=frozenset({"body", "raw_body", "content", "text", "json_body", "get_body", "read"}),
    header_attributes=frozenset({"headers", "environ"}),
    environ_attributes=frozenset({"environ"}),
    underscored_headers=True,
    copied_header_name="Stripe-Signature",
    response_calls=_EXCEPTIONS
    | spellings("werkzeug werkzeug.wrappers werkzeug.wrappers.response", "Response")
    | {"werkzeug.utils.redirect"},
    response_exceptions=_EXCEPTIONS,
    abort_calls=frozenset({"werkzeug.exceptions.abort"}),
    raw_body="{request}.get_data()",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal("return Response(status=400)", "werkzeug.Response"),
        Refusal("return Response(status=400)", "werkzeug.wrappers.Response"),
        Refusal("abort(400)", "werkzeug.exceptions.abort"),
        Refusal("raise BadRequest", "werkzeug.exceptions.BadRequest"),
    ),
)
