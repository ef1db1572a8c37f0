"""AWS Chalice: https://aws.github.io/chalice/api.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

_ERRORS = spellings(
    "chalice chalice.app",
    """ChaliceViewError BadRequestError UnauthorizedError ForbiddenError NotFoundError ConflictError
    UnprocessableEntityError TooManyRequestsError""",
) | spellings("chalice.app", "MethodNotAllowedError RequestTimeoutError")

FRAMEWORK = Framework(
    name="chalice",
    modules=("chalice",),
    builds_on=("aws_lambda",),
    request_types=("chalice.app.Request",),
    request_parameters=(),
    request_attributes=("current_request",),
    raw_attributes=frozenset({"raw_body"}),
    parsed_attributes=frozenset({"json_body"}),
    form_attributes=frozenset({"query_params"}),
    foreign_attributes=frozenset(
        {"body", "data", "json", "text", "content", "get_data", "get_json", "get_body", "read"}
    ),
    registers_at_once=True,
    route_decorators=frozenset({"route"}),
    guard_registrations=frozenset({"middleware"}),
    guard_keywords=frozenset({"authorizer"}),
    middleware_decorators=frozenset({"middleware"}),
    response_calls=spellings("chalice chalice.app", "Response"),
    response_exceptions=_ERRORS,
    raw_body="{request}.raw_body",
    signature_header='{request}.headers.get("stripe-signature")',
    refusals=(
        Refusal('raise BadRequestError("invalid signature")', "chalice.BadRequestError"),
        Refusal('return Response(body="", status_code=400)', "chalice.Response"),
    ),
)
