"""Litestar: https://docs.litestar.dev/latest/reference/connection.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

FRAMEWORK = Framework(
    name="litestar",
    modules=("litestar",),
    builds_on=("asgi",),
    request_types=("litestar.Request", "litestar.connection.Request", "litestar.connection.request.Request"),
    request_parameters=("request",),
    raw_calls=frozenset({"body"}),
    awaited_calls=frozenset({"body"}),
    parsed_calls=frozenset({"json", "msgpack"}),
    form_attributes=frozenset({"query_params"}),
    form_calls=frozenset({"form"}),
    foreign_attributes=frozenset(
        {"data", "text", "content", "raw_body", "json_body", "get_data", "get_json", "get_body", "read"}
    ),
    body_parameters=True,
    body_parameter_names=("data",),
    body_parameter_markers=tuple(
        sorted(spellings("litestar.params", "Body BodyKwarg RequestBody JSONBody MsgPackBody"))
    ),
    raw_parameters=("body",),
    header_parameters=("headers",),
    header_parameter_markers=tuple(
        sorted(spellings("litestar.params", "Parameter ParameterKwarg HeaderParameter FromHeader"))
    ),
    route_decorators=frozenset({"get", "post", "put", "patch", "delete", "head", "route"}),
    bare_routes=True,
    route_calls=frozenset({"register"}),
    view_bases=("litestar.Controller", "litestar.controller.Controller"),
    dependency_markers=("litestar.di.Provide",),
    guard_keywords=frozenset({"guards", "dependencies", "before_request", "middleware"}),
    guard_attributes=frozenset({"guards", "dependencies", "before_request", "middleware"}),
    guard_methods=frozenset({"__call__", "authenticate_request"}),
    dispatching_methods=frozenset({"__call__"}),
    application_calls=frozenset({"Litestar"}),
    error_handler_keywords=frozenset({"exception_handlers"}),
    response_calls=spellings(
        "litestar litestar.response litestar.response.base",
        "Response",
    )
    | spellings("litestar.response", "File Redirect ServerSentEvent Stream Template")
    | {
        "litestar.response.file.File",
        "litestar.response.redirect.Redirect",
        "litestar.response.streaming.Stream",
        "litestar.response.template.Template",
    },
    response_exceptions=spellings(
        "litestar.exceptions litestar.exceptions.http_exceptions",
        """HTTPException ClientException ValidationException NotAuthorizedException PermissionDeniedException
        NotFoundException MethodNotAllowedException TooManyRequestsException InternalServerException
        ServiceUnavailableException""",
    )
    | {"litestar.exceptions.http_exceptions.RequestEntityTooLarge"},
    textless_exceptions=spellings("litestar.exceptions litestar.exceptions.http_exceptions", "InternalServerException"),
    template_calls=frozenset({"litestar.response.Template", "litestar.response.template.Template"}),
    json_functions=frozenset({"litestar.serialization.decode_json"}),
    raw_body="await {request}.body()",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal(
            'raise HTTPException(status_code=400, detail="invalid signature")', "litestar.exceptions.HTTPException"
        ),
        Refusal('raise ClientException("invalid signature")', "litestar.exceptions.ClientException"),
    ),
)
