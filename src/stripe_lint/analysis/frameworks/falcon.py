"""Falcon: https://falcon.readthedocs.io/en/stable/api/request_and_response_wsgi.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

_ERRORS = """HTTPError HTTPBadRequest HTTPInvalidHeader HTTPMissingHeader HTTPInvalidParam HTTPMissingParam
    HTTPUnauthorized HTTPForbidden HTTPNotFound HTTPRouteNotFound HTTPMethodNotAllowed HTTPNotAcceptable HTTPConflict
    HTTPGone HTTPLengthRequired HTTPPreconditionFailed HTTPContentTooLarge HTTPPayloadTooLarge HTTPUriTooLong
    HTTPUnsupportedMediaType HTTPRangeNotSatisfiable HTTPUnprocessableEntity HTTPLocked HTTPFailedDependency
    HTTPPreconditionRequired HTTPTooManyRequests HTTPRequestHeaderFieldsTooLarge HTTPUnavailableForLegalReasons
    HTTPInternalServerError HTTPNotImplemented HTTPBadGateway HTTPServiceUnavailable HTTPGatewayTimeout
    HTTPVersionNotSupported HTTPInsufficientStorage HTTPLoopDetected HTTPNetworkAuthenticationRequired
    MediaNotFoundError MediaMalformedError MediaValidationError MultipartParseError"""
_REDIRECTS = "HTTPMovedPermanently HTTPFound HTTPSeeOther HTTPTemporaryRedirect HTTPPermanentRedirect"

FRAMEWORK = Framework(
    name="falcon",
    plain_answers=False,
    modules=("falcon",),
    request_types=("falcon.Request", "falcon.request.Request", "falcon.asgi.Request", "falcon.asgi.request.Request"),
    request_parameters=("req", "request"),
    raw_streams=frozenset({"stream", "bounded_stream"}),
    parsed_attributes=frozenset({"media"}),
    parsed_calls=frozenset({"get_media"}),
    form_attributes=frozenset({"params"}),
    form_calls=frozenset({"get_param"}),
    foreign_attributes=frozenset(
        {"body", "data", "json", "text", "content", "raw_body", "json_body", "get_data", "get_json", "get_body", "read"}
    ),
    header_attributes=frozenset({"headers", "headers_lower", "env"}),
    header_calls=frozenset({"get_header"}),
    environ_attributes=frozenset({"env"}),
    # Names are upper-case on WSGI and lower-case on ASGI; ``headers_lower`` is lower-case on both.
    case_sensitive_headers=frozenset({"headers", "headers_lower"}),
    folded_headers=frozenset({"headers", "headers_lower"}),
    route_calls=frozenset({"add_route", "add_sink"}),
    view_methods=frozenset({"on_get", "on_post", "on_put", "on_patch", "on_delete", "on_head", "on_options"}),
    guard_decorators=frozenset({"falcon.before", "falcon.hooks.before"}),
    guard_keywords=frozenset({"middleware"}),
    guard_methods=frozenset({"process_request", "process_resource", "process_request_async", "process_resource_async"}),
    guard_calls=frozenset({"add_middleware"}),
    application_calls=frozenset({"App", "API"}),
    error_handler_calls=frozenset({"add_error_handler"}),
    response_calls=spellings("falcon falcon.asgi", "Response"),
    response_parameters=("resp", "response", "res"),
    response_attributes=frozenset({"media", "text", "data", "body", "stream"}),
    response_exceptions=spellings("falcon falcon.errors", _ERRORS)
    | spellings("falcon falcon.redirects", _REDIRECTS)
    | {"falcon.http_error.HTTPError", "falcon.HTTPStatus", "falcon.http_status.HTTPStatus"},
    signature_header='{request}.get_header("Stripe-Signature")',
    refusals=(Refusal("raise HTTPBadRequest", "falcon.HTTPBadRequest"),),
)
