"""Django REST framework: https://www.django-rest-framework.org/api-guide/requests/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.django import FRAMEWORK as DJANGO
from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

_GENERICS = """GenericAPIView CreateAPIView ListAPIView RetrieveAPIView DestroyAPIView UpdateAPIView ListCreateAPIView
    RetrieveUpdateAPIView RetrieveDestroyAPIView RetrieveUpdateDestroyAPIView"""
_VIEWSETS = "ViewSetMixin ViewSet GenericViewSet ReadOnlyModelViewSet ModelViewSet"

FRAMEWORK = Framework(
    name="django_rest_framework",
    plain_answers=False,
    modules=("rest_framework", "adrf"),
    builds_on=("django",),
    request_types=("rest_framework.request.Request", "rest_framework.views.Request", "adrf.requests.AsyncRequest"),
    request_parameters=("request", "req"),
    request_attributes=("request",),
    raw_attributes=frozenset({"body"}),
    raw_calls=frozenset({"read"}),
    raw_streams=frozenset({"stream"}),
    parsed_attributes=frozenset({"data"}),
    form_attributes=frozenset({"POST", "GET", "FILES", "query_params"}),
    foreign_attributes=frozenset(
        {"json", "text", "content", "raw_body", "json_body", "get_data", "get_json", "get_body"}
    ),
    header_attributes=DJANGO.header_attributes,
    environ_attributes=DJANGO.environ_attributes,
    underscored_headers=True,
    copied_header_name="Stripe-Signature",
    route_decorators=frozenset({"api_view", "action"}),
    bare_routes=True,
    route_calls=DJANGO.route_calls | {"register"},
    view_bases=tuple(
        sorted(
            spellings("rest_framework.views rest_framework.decorators adrf.views", "APIView")
            | spellings("rest_framework.generics adrf.generics", _GENERICS)
            | spellings("rest_framework.viewsets adrf.viewsets", _VIEWSETS)
        )
    ),
    view_methods=DJANGO.view_methods
    | {"create", "list", "retrieve", "update", "partial_update", "destroy", "perform_create", "perform_update"},
    guard_attributes=frozenset({"permission_classes", "authentication_classes"}),
    guard_decorators=DJANGO.guard_decorators
    | spellings("rest_framework.decorators", "permission_classes authentication_classes"),
    error_methods=DJANGO.error_methods | {"handle_exception"},
    error_handler_settings=frozenset({"EXCEPTION_HANDLER"}),
    method_decorators=DJANGO.method_decorators,
    guard_methods=DJANGO.guard_methods | {"has_permission", "authenticate", "initial"},
    dispatching_methods=DJANGO.dispatching_methods,
    guard_getters=frozenset({"get_permissions", "get_authenticators"}),
    guard_keywords=frozenset({"permission_classes", "authentication_classes"}),
    guard_settings=(
        ("DEFAULT_AUTHENTICATION_CLASSES", "authentication_classes"),
        ("DEFAULT_PERMISSION_CLASSES", "permission_classes"),
    ),
    response_calls=DJANGO.response_calls | spellings("rest_framework.response rest_framework.views", "Response"),
    response_exceptions=DJANGO.response_exceptions
    | spellings(
        "rest_framework.exceptions",
        """APIException ValidationError ParseError AuthenticationFailed NotAuthenticated PermissionDenied NotFound
        MethodNotAllowed NotAcceptable UnsupportedMediaType Throttled""",
    )
    | {"rest_framework.serializers.ValidationError", "rest_framework.generics.ValidationError"},
    # Http404 and PermissionDenied are sent with their text by the framework's own exception handler.
    textless_exceptions=frozenset({"django.core.exceptions.BadRequest", "django.core.exceptions.SuspiciousOperation"}),
    message_calls=DJANGO.message_calls,
    template_calls=DJANGO.template_calls,
    response_methods=DJANGO.response_methods,
    template_methods=DJANGO.template_methods,
    none_answers=False,
    raw_body="{request}.body",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal("return Response(status=400)", "rest_framework.response.Response"),
        Refusal("return Response(status=400)", "rest_framework.views.Response"),
        Refusal("return HttpResponse(status=400)", "django.http.HttpResponse"),
        Refusal('return JsonResponse({"error": "invalid signature"}, status=400)', "django.http.JsonResponse"),
        Refusal('raise ParseError("invalid signature")', "rest_framework.exceptions.ParseError"),
        Refusal('raise ValidationError("invalid signature")', "rest_framework.exceptions.ValidationError"),
    ),
)
