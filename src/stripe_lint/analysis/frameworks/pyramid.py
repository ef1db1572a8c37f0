"""Pyramid: https://docs.pylonsproject.org/projects/pyramid/en/latest/api/request.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

_EXCEPTIONS = spellings(
    "pyramid.httpexceptions",
    """HTTPException WSGIHTTPException HTTPError HTTPClientError HTTPServerError HTTPRedirection HTTPSuccessful HTTPOk
    HTTPCreated HTTPAccepted HTTPNonAuthoritativeInformation HTTPNoContent HTTPResetContent HTTPPartialContent
    HTTPMultipleChoices HTTPMovedPermanently HTTPFound HTTPSeeOther HTTPNotModified HTTPUseProxy HTTPTemporaryRedirect
    HTTPPermanentRedirect HTTPBadRequest HTTPUnauthorized HTTPPaymentRequired HTTPForbidden HTTPNotFound
    HTTPMethodNotAllowed HTTPNotAcceptable HTTPProxyAuthenticationRequired HTTPRequestTimeout HTTPConflict HTTPGone
    HTTPLengthRequired HTTPPreconditionFailed HTTPRequestEntityTooLarge HTTPRequestURITooLong HTTPUnsupportedMediaType
    HTTPRequestRangeNotSatisfiable HTTPExpectationFailed HTTPImATeapot HTTPUnprocessableEntity HTTPLocked
    HTTPFailedDependency HTTPPreconditionRequired HTTPTooManyRequests HTTPRequestHeaderFieldsTooLarge
    HTTPInternalServerError HTTPNotImplemented
    HTTPBadGateway HTTPServiceUnavailable HTTPGatewayTimeout HTTPVersionNotSupported HTTPInsufficientStorage""",
)

FRAMEWORK = Framework(
    name="pyramid",
    modules=("pyramid",),
    request_types=("pyramid.request.Request", "pyramid.interfaces.IRequest"),
    request_parameters=("request", "req"),
    request_attributes=("request",),
    raw_attributes=frozenset({"body", "text"}),
    raw_streams=frozenset({"body_file", "body_file_raw", "body_file_seekable"}),
    parsed_attributes=frozenset({"json_body", "json"}),
    form_attributes=frozenset({"POST", "GET", "params"}),
    foreign_attributes=frozenset({"data", "content", "raw_body", "get_data", "get_json", "get_body", "read"}),
    header_attributes=frozenset({"headers", "environ"}),
    environ_attributes=frozenset({"environ"}),
    underscored_headers=True,
    route_decorators=frozenset({"view_config"}),
    bare_routes=True,
    route_calls=frozenset({"add_view"}),
    guard_keywords=frozenset({"decorator"}),
    error_handler_decorators=frozenset({"exception_view_config"}),
    error_handler_calls=frozenset({"add_exception_view"}),
    response_calls=_EXCEPTIONS
    | spellings("pyramid.response", "Response FileResponse")
    | {
        "pyramid.httpexceptions.exception_response",
        "pyramid.renderers.render_to_response",
        "webob.Response",
        "webob.response.Response",
    },
    response_exceptions=_EXCEPTIONS,
    template_calls=frozenset({"pyramid.renderers.render_to_response"}),
    none_answers=False,
    raw_body="{request}.body",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal("return Response(status=400)", "pyramid.response.Response"),
        Refusal("raise HTTPBadRequest", "pyramid.httpexceptions.HTTPBadRequest"),
    ),
)
