"""aiohttp's server: https://docs.aiohttp.org/en/stable/web_reference.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

_EXCEPTIONS = spellings(
    "aiohttp.web aiohttp.web_exceptions",
    """HTTPException HTTPError HTTPClientError HTTPServerError HTTPRedirection HTTPSuccessful HTTPOk HTTPCreated
    HTTPAccepted HTTPNonAuthoritativeInformation HTTPNoContent HTTPResetContent HTTPPartialContent HTTPMultipleChoices
    HTTPMove HTTPMovedPermanently HTTPFound HTTPSeeOther HTTPNotModified HTTPUseProxy HTTPTemporaryRedirect
    HTTPPermanentRedirect HTTPBadRequest HTTPUnauthorized HTTPPaymentRequired HTTPForbidden HTTPNotFound
    HTTPMethodNotAllowed HTTPNotAcceptable HTTPProxyAuthenticationRequired HTTPRequestTimeout HTTPConflict HTTPGone
    HTTPLengthRequired HTTPPreconditionFailed HTTPRequestEntityTooLarge HTTPRequestURITooLong HTTPUnsupportedMediaType
    HTTPRequestRangeNotSatisfiable HTTPExpectationFailed HTTPMisdirectedRequest HTTPUnprocessableEntity
    HTTPFailedDependency HTTPUpgradeRequired HTTPPreconditionRequired HTTPTooManyRequests
    HTTPRequestHeaderFieldsTooLarge HTTPUnavailableForLegalReasons HTTPInternalServerError HTTPNotImplemented
    HTTPBadGateway HTTPServiceUnavailable HTTPGatewayTimeout HTTPVersionNotSupported HTTPVariantAlsoNegotiates
    HTTPInsufficientStorage HTTPNotExtended HTTPNetworkAuthenticationRequired""",
)

FRAMEWORK = Framework(
    name="aiohttp",
    plain_answers=False,
    modules=("aiohttp", "aiohttp_jinja2"),
    weak_import=True,
    request_types=(
        "aiohttp.web.Request",
        "aiohttp.web.BaseRequest",
        "aiohttp.web_request.Request",
        "aiohttp.web_request.BaseRequest",
    ),
    request_parameters=("request", "req"),
    request_attributes=("request",),
    raw_calls=frozenset({"read", "text"}),
    awaited_calls=frozenset({"read", "text"}),
    raw_streams=frozenset({"content"}),
    parsed_calls=frozenset({"json"}),
    form_attributes=frozenset({"query"}),
    form_calls=frozenset({"post", "multipart"}),
    foreign_attributes=frozenset({"body", "data", "raw_body", "json_body", "get_data", "get_json", "get_body"}),
    registers_at_once=True,
    route_decorators=frozenset({"get", "post", "put", "patch", "delete", "head", "options", "route", "view"}),
    route_calls=frozenset(
        {
            "add_route",
            "add_get",
            "add_post",
            "add_put",
            "add_patch",
            "add_delete",
            "add_head",
            "add_options",
            "add_view",
            "get",
            "post",
            "put",
            "patch",
            "delete",
            "head",
            "options",
            "route",
            "view",
        }
    ),
    view_bases=("aiohttp.web.View", "aiohttp.web_urldispatcher.View"),
    view_methods=frozenset({"get", "post", "put", "patch", "delete", "head", "options"}),
    guard_registrations=frozenset({"middleware"}),
    guard_keywords=frozenset({"middlewares"}),
    middleware_decorators=frozenset({"middleware"}),
    application_calls=frozenset({"Application"}),
    response_calls=_EXCEPTIONS
    | spellings("aiohttp.web", "Response StreamResponse FileResponse json_response json_bytes_response")
    | spellings("aiohttp.web_response", "Response StreamResponse json_response json_bytes_response")
    | {"aiohttp.web_fileresponse.FileResponse"},
    response_exceptions=_EXCEPTIONS,
    template_calls=spellings("aiohttp_jinja2", "render_template render_template_async"),
    none_answers=False,
    raw_body="await {request}.read()",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal("return web.Response(status=400)", "aiohttp.web"),
        Refusal("return Response(status=400)", "aiohttp.web.Response"),
        Refusal("raise web.HTTPBadRequest", "aiohttp.web"),
        Refusal("raise HTTPBadRequest", "aiohttp.web.HTTPBadRequest"),
    ),
)
