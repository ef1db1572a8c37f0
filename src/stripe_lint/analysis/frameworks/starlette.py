"""Starlette: https://starlette.dev/requests/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

FRAMEWORK = Framework(
    name="starlette",
    plain_answers=False,
    modules=("starlette",),
    builds_on=("asgi",),
    request_types=("starlette.requests.Request",),
    request_parameters=("request", "req"),
    raw_calls=frozenset({"body"}),
    awaited_calls=frozenset({"body"}),
    parsed_calls=frozenset({"json"}),
    form_attributes=frozenset({"query_params"}),
    form_calls=frozenset({"form"}),
    foreign_attributes=frozenset(
        {"data", "text", "content", "raw_body", "json_body", "get_data", "get_json", "get_body", "read"}
    ),
    copied_header_name="stripe-signature",
    registers_at_once=True,
    route_decorators=frozenset({"route"}),
    route_calls=frozenset({"Route", "add_route"}),
    view_bases=("starlette.endpoints.HTTPEndpoint",),
    view_methods=frozenset({"get", "post", "put", "patch", "delete", "head", "options", "dispatch"}),
    guard_registrations=frozenset({"middleware"}),
    guard_keywords=frozenset({"middleware"}),
    guard_methods=frozenset({"dispatch", "__call__"}),
    dispatching_methods=frozenset({"dispatch", "__call__"}),
    guard_calls=frozenset({"add_middleware", "Middleware"}),
    middleware_bases=frozenset({"starlette.middleware.base.BaseHTTPMiddleware"}),
    middleware_methods=frozenset({"dispatch", "__call__"}),
    middleware_decorators=frozenset({"middleware"}),
    application_calls=frozenset({"Starlette", "Mount", "Router"}),
    error_handler_decorators=frozenset({"exception_handler"}),
    error_handler_calls=frozenset({"add_exception_handler"}),
    error_handler_keywords=frozenset({"exception_handlers"}),
    response_calls=spellings(
        "starlette.responses",
        "Response HTMLResponse PlainTextResponse JSONResponse RedirectResponse StreamingResponse FileResponse",
    ),
    response_exceptions=frozenset({"starlette.exceptions.HTTPException"}),
    template_calls=frozenset({"starlette.templating.Jinja2Templates.TemplateResponse"}),
    template_methods=frozenset({"TemplateResponse"}),
    none_answers=False,
    raw_body="await {request}.body()",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal("return Response(status_code=400)", "starlette.responses.Response"),
        Refusal(
            'return JSONResponse({"error": "invalid signature"}, status_code=400)', "starlette.responses.JSONResponse"
        ),
        Refusal(
            'return PlainTextResponse("invalid signature", status_code=400)', "starlette.responses.PlainTextResponse"
        ),
        Refusal("raise HTTPException(status_code=400)", "starlette.exceptions.HTTPException"),
    ),
)
