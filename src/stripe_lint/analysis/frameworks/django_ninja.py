"""Django Ninja: https://django-ninja.dev/guide/body/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.django import FRAMEWORK as DJANGO
from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

FRAMEWORK = Framework(
    name="django_ninja",
    modules=("ninja", "ninja_extra"),
    builds_on=("django",),
    request_parameters=("request", "req"),
    raw_attributes=DJANGO.raw_attributes,
    raw_calls=DJANGO.raw_calls,
    form_attributes=DJANGO.form_attributes,
    foreign_attributes=DJANGO.foreign_attributes,
    body_parameters=True,
    # A plain dict is looked for in the query string.
    body_parameter_markers=tuple(
        sorted(spellings("ninja ninja.params", "Body BodyEx PatchDict") - {"ninja.params.PatchDict"})
    ),
    header_parameter_markers=tuple(sorted(spellings("ninja ninja.params", "Header HeaderEx"))),
    header_attributes=DJANGO.header_attributes,
    environ_attributes=DJANGO.environ_attributes,
    underscored_headers=True,
    copied_header_name="Stripe-Signature",
    registers_at_once=True,
    route_decorators=frozenset(
        {
            "get",
            "post",
            "put",
            "patch",
            "delete",
            "api_operation",
            "http_get",
            "http_post",
            "http_put",
            "http_patch",
            "http_delete",
            "http_generic",
        }
    ),
    guard_keywords=frozenset({"auth", "permissions"}),
    guard_methods=DJANGO.guard_methods | {"authenticate", "has_permission"},
    dispatching_methods=DJANGO.dispatching_methods,
    application_calls=frozenset({"NinjaAPI"}),
    including_calls=frozenset({"add_router"}),
    router_calls=frozenset({"Router"}),
    error_handler_decorators=frozenset({"exception_handler"}),
    error_handler_calls=frozenset({"add_exception_handler"}),
    response_calls=DJANGO.response_calls | {"ninja.responses.Response", "ninja.Status", "ninja.responses.Status"},
    response_exceptions=DJANGO.response_exceptions
    | spellings("ninja.errors", "HttpError AuthenticationError AuthorizationError ValidationError Throttled")
    | spellings(
        "ninja_extra.exceptions",
        """APIException ValidationError ParseError AuthenticationFailed NotAuthenticated PermissionDenied NotFound
        MethodNotAllowed NotAcceptable UnsupportedMediaType Throttled HttpError""",
    ),
    textless_exceptions=DJANGO.textless_exceptions,
    message_calls=DJANGO.message_calls,
    template_calls=DJANGO.template_calls,
    raw_body="{request}.body",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal('raise HttpError(400, "invalid signature")', "ninja.errors.HttpError"),
        Refusal("return HttpResponse(status=400)", "django.http.HttpResponse"),
    ),
)
