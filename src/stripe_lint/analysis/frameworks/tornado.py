"""Tornado: https://www.tornadoweb.org/en/stable/httputil.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

FRAMEWORK = Framework(
    name="tornado",
    plain_answers=False,
    modules=("tornado",),
    weak_import=True,
    request_types=("tornado.httputil.HTTPServerRequest",),
    request_parameters=(),
    request_attributes=("request",),
    raw_attributes=frozenset({"body"}),
    form_attributes=frozenset({"arguments", "body_arguments", "query_arguments", "files"}),
    form_calls=frozenset({"get_argument", "get_arguments", "get_body_argument", "get_body_arguments"}),
    foreign_attributes=frozenset(
        {"data", "json", "text", "content", "raw_body", "json_body", "get_data", "get_json", "get_body", "read"}
    ),
    view_bases=("tornado.web.RequestHandler",),
    view_methods=frozenset({"get", "post", "put", "patch", "delete", "head", "options"}),
    guard_methods=frozenset({"prepare"}),
    response_calls=spellings("tornado.web.RequestHandler", "write finish render send_error redirect"),
    response_methods=frozenset({"write", "finish", "render", "send_error", "redirect"}),
    refusing_methods=frozenset({"send_error"}),
    response_exceptions=spellings("tornado.web", "HTTPError MissingArgumentError Finish"),
    # What an HTTPError carries as its log message goes to the log; only its ``reason`` is sent.
    textless_exceptions=spellings("tornado.web", "HTTPError MissingArgumentError"),
    template_calls=frozenset({"tornado.web.RequestHandler.render"}),
    template_methods=frozenset({"render"}),
    json_functions=frozenset({"tornado.escape.json_decode"}),
    raw_body="{request}.body",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(Refusal("raise HTTPError(400)", "tornado.web.HTTPError"),),
)
