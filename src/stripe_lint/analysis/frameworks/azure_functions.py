"""Azure Functions: https://learn.microsoft.com/en-us/python/api/azure-functions/azure.functions.httprequest."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal

FRAMEWORK = Framework(
    name="azure_functions",
    modules=("azure",),
    weak_import=True,
    request_types=("azure.functions.HttpRequest",),
    request_parameters=("req", "request"),
    raw_calls=frozenset({"get_body"}),
    parsed_calls=frozenset({"get_json"}),
    form_attributes=frozenset({"form", "files", "params"}),
    foreign_attributes=frozenset(
        {"body", "data", "json", "text", "content", "raw_body", "json_body", "get_data", "read"}
    ),
    route_decorators=frozenset({"route"}),
    response_calls=frozenset({"azure.functions.HttpResponse"}),
    raw_body="{request}.get_body()",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(Refusal("return HttpResponse(status_code=400)", "azure.functions.HttpResponse"),),
)
