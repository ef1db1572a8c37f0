"""Powertools for AWS Lambda: https://docs.aws.amazon.com/powertools/python/latest/core/event_handler/api_gateway/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

FRAMEWORK = Framework(
    name="aws_powertools",
    modules=("aws_lambda_powertools",),
    builds_on=("aws_lambda",),
    request_types=tuple(
        sorted(
            spellings(
                "aws_lambda_powertools.utilities.data_classes",
                "ALBEvent APIGatewayProxyEvent APIGatewayProxyEventV2 LambdaFunctionUrlEvent VPCLatticeEvent",
            )
        )
    ),
    request_parameters=("event",),
    request_attributes=("current_event",),
    raw_attributes=frozenset({"body", "decoded_body"}),
    base64_flag="is_base64_encoded",
    decoded_attributes=frozenset({"decoded_body"}),
    parsed_attributes=frozenset({"json_body"}),
    form_attributes=frozenset({"query_string_parameters"}),
    foreign_attributes=frozenset({"data", "json", "text", "content", "raw_body", "get_data", "get_json", "get_body"}),
    header_calls=frozenset({"get_header_value"}),
    body_parameters=True,
    body_parameter_markers=("aws_lambda_powertools.event_handler.openapi.params.Body",),
    header_parameter_markers=("aws_lambda_powertools.event_handler.openapi.params.Header",),
    registers_at_once=True,
    route_decorators=frozenset({"get", "post", "put", "patch", "delete", "head", "route"}),
    bare_routes=True,
    dependency_markers=(
        "aws_lambda_powertools.event_handler.Depends",
        "aws_lambda_powertools.event_handler.depends.Depends",
    ),
    guard_keywords=frozenset({"middlewares"}),
    wrapper_decorators=spellings(
        "aws_lambda_powertools.middleware_factory aws_lambda_powertools.middleware_factory.factory",
        "lambda_handler_decorator",
    ),
    error_handler_decorators=frozenset({"exception_handler"}),
    response_calls=spellings(
        "aws_lambda_powertools.event_handler aws_lambda_powertools.event_handler.api_gateway", "Response"
    ),
    response_exceptions=spellings(
        "aws_lambda_powertools.event_handler.exceptions",
        """BadRequestError ForbiddenError InternalServerError NotFoundError RequestEntityTooLargeError
        RequestTimeoutError ServiceError ServiceUnavailableError UnauthorizedError""",
    ),
    raw_body="{request}.decoded_body",
    signature_header='{request}.headers.get("stripe-signature")',
    refusals=(
        Refusal(
            'raise BadRequestError("invalid signature")',
            "aws_lambda_powertools.event_handler.exceptions.BadRequestError",
        ),
    ),
)
