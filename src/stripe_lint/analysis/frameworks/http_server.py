"""The server of Python's standard library, and what runs its handlers: https://docs.python.org/3/library/http.server.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

_HANDLER = "http.server.BaseHTTPRequestHandler"

FRAMEWORK = Framework(
    name="http_server",
    plain_answers=False,
    # What is not written is not answered: the connection is closed.
    none_answers=False,
    # The package is imported for its status codes and cookies, too; a class that is derived from a handler tells.
    modules=(),
    request_parameters=(),
    raw_streams=frozenset({"rfile"}),
    # The headers are an ``email.message.Message``, whose subscripts give ``None``.
    missing_header_answered=True,
    view_bases=tuple(
        sorted(spellings("http.server", "BaseHTTPRequestHandler SimpleHTTPRequestHandler CGIHTTPRequestHandler"))
    ),
    view_is_request=True,
    view_methods=frozenset({"do_GET", "do_POST", "do_PUT", "do_PATCH", "do_DELETE", "do_HEAD", "do_OPTIONS"}),
    response_calls=spellings(_HANDLER, "send_error send_response send_response_only send_header"),
    response_methods=frozenset({"send_error", "send_response", "send_response_only", "send_header"}),
    refusing_methods=frozenset({"send_error"}),
    response_streams=frozenset({"wfile"}),
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(Refusal("return {view}.send_error(400)"),),
)
