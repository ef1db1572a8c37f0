"""FastAPI: https://fastapi.tiangolo.com/reference/request/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings
from stripe_lint.analysis.frameworks.starlette import FRAMEWORK as STARLETTE

_PARAMETER_MODULES = "fastapi fastapi.param_functions fastapi.params"

FRAMEWORK = Framework(
    name="fastapi",
    modules=("fastapi",),
    builds_on=("starlette",),
    request_types=("fastapi.Request", "fastapi.requests.Request", "starlette.requests.Request"),
    request_parameters=STARLETTE.request_parameters,
    raw_calls=STARLETTE.raw_calls,
    awaited_calls=STARLETTE.awaited_calls,
    parsed_calls=STARLETTE.parsed_calls,
    form_attributes=STARLETTE.form_attributes,
    form_calls=STARLETTE.form_calls,
    foreign_attributes=STARLETTE.foreign_attributes,
    body_parameters=True,
    body_parameter_markers=tuple(sorted(spellings(_PARAMETER_MODULES, "Body"))),
    header_parameter_markers=tuple(sorted(spellings(_PARAMETER_MODULES, "Header"))),
    copied_header_name="stripe-signature",
    registers_at_once=True,
    route_decorators=frozenset(
        {"get", "post", "put", "patch", "delete", "head", "options", "trace", "api_route", "route"}
    ),
    route_calls=STARLETTE.route_calls | {"add_api_route", "APIRoute"},
    view_bases=STARLETTE.view_bases,
    view_methods=STARLETTE.view_methods,
    dependency_markers=tuple(sorted(spellings(_PARAMETER_MODULES, "Depends Security"))),
    guard_registrations=STARLETTE.guard_registrations,
    guard_keywords=STARLETTE.guard_keywords | {"dependencies", "route_class"},
    guard_methods=STARLETTE.guard_methods | {"get_route_handler"},
    dispatching_methods=STARLETTE.dispatching_methods | {"get_route_handler"},
    guard_calls=STARLETTE.guard_calls,
    middleware_bases=STARLETTE.middleware_bases,
    middleware_methods=STARLETTE.middleware_methods,
    middleware_decorators=STARLETTE.middleware_decorators,
    application_calls=STARLETTE.application_calls | {"FastAPI"},
    including_calls=frozenset({"include_router"}),
    router_calls=frozenset({"APIRouter"}),
    error_handler_decorators=STARLETTE.error_handler_decorators,
    error_handler_calls=STARLETTE.error_handler_calls,
    error_handler_keywords=STARLETTE.error_handler_keywords,
    response_calls=STARLETTE.response_calls
    | spellings(
        "fastapi.responses",
        """Response HTMLResponse PlainTextResponse JSONResponse ORJSONResponse UJSONResponse RedirectResponse
        StreamingResponse FileResponse EventSourceResponse""",
    )
    | {"fastapi.Response"},
    response_exceptions=STARLETTE.response_exceptions
    | {
        "fastapi.HTTPException",
        "fastapi.exceptions.HTTPException",
        "fastapi.exceptions.StarletteHTTPException",
        "fastapi.exceptions.RequestValidationError",
    },
    template_calls=STARLETTE.template_calls | {"fastapi.templating.Jinja2Templates.TemplateResponse"},
    template_methods=STARLETTE.template_methods,
    # An exception that is returned is encoded by its attributes: a 200 with the error's message and bodies.
    returns_exception_text=True,
    raw_body="await {request}.body()",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal('raise HTTPException(status_code=400, detail="invalid signature")', "fastapi.HTTPException"),
        Refusal('raise HTTPException(status_code=400, detail="invalid signature")', "fastapi.exceptions.HTTPException"),
        Refusal(
            'raise HTTPException(status_code=400, detail="invalid signature")', "starlette.exceptions.HTTPException"
        ),
        Refusal("return Response(status_code=400)", "fastapi.Response"),
        Refusal("return Response(status_code=400)", "fastapi.responses.Response"),
        Refusal("return Response(status_code=400)", "starlette.responses.Response"),
        Refusal(
            'return JSONResponse({"error": "invalid signature"}, status_code=400)', "fastapi.responses.JSONResponse"
        ),
        Refusal(
            'return JSONResponse({"error": "invalid signature"}, status_code=400)', "starlette.responses.JSONResponse"
        ),
    ),
)
