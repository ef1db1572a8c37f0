"""AWS Lambda behind an HTTP endpoint: https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal

FRAMEWORK = Framework(
    name="aws_lambda",
    modules=("aws_lambda_typing",),
    weak_import=True,
    keyed=True,
    request_types=(
        "aws_lambda_typing.events.APIGatewayProxyEventV1",
        "aws_lambda_typing.events.APIGatewayProxyEventV2",
        "aws_lambda_typing.events.ALBEvent",
    ),
    request_parameters=("event", "evt"),
    raw_attributes=frozenset({"body"}),
    base64_flag="isBase64Encoded",
    form_attributes=frozenset({"queryStringParameters", "multiValueQueryStringParameters"}),
    header_attributes=frozenset({"headers", "multiValueHeaders"}),
    case_sensitive_headers=frozenset({"headers", "multiValueHeaders"}),
    entry_points=(
        ("event", "context"),
        ("event", "_context"),
        ("event", "_"),
        ("event", "__"),
        ("event", "ctx"),
        ("event", "_ctx"),
        ("event", "lambda_context"),
        ("event", "unused_context"),
        ("event", "context_"),
        ("evt", "context"),
        ("evt", "ctx"),
    ),
    raw_body='{request}["body"]',
    signature_header='{name.lower(): value for name, value in {request}["headers"].items()}.get("stripe-signature")',
    refusals=(Refusal('return {"statusCode": 400, "body": "invalid signature"}'),),
)
