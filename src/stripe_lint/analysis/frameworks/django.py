"""Django: https://docs.djangoproject.com/en/stable/ref/request-response/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

FRAMEWORK = Framework(
    name="django",
    plain_answers=False,
    modules=("django",),
    request_types=(
        "django.http.HttpRequest",
        "django.http.request.HttpRequest",
        "django.core.handlers.wsgi.WSGIRequest",
        "django.core.handlers.asgi.ASGIRequest",
    ),
    request_parameters=("request", "req"),
    request_attributes=("request",),
    request_factories=spellings("django.test django.test.client", "RequestFactory AsyncRequestFactory")
    | spellings("django.http django.http.request", "HttpRequest"),
    raw_attributes=frozenset({"body"}),
    raw_calls=frozenset({"read"}),
    form_attributes=frozenset({"POST", "GET", "FILES"}),
    foreign_attributes=frozenset(
        {"data", "json", "text", "content", "raw_body", "json_body", "get_data", "get_json", "get_body"}
    ),
    header_attributes=frozenset({"headers", "META", "environ"}),
    environ_attributes=frozenset({"META", "environ"}),
    underscored_headers=True,
    copied_header_name="Stripe-Signature",
    route_calls=frozenset({"path", "re_path", "url"}),
    view_bases=tuple(
        sorted(
            spellings(
                "django.views.generic",
                """View TemplateView RedirectView ArchiveIndexView YearArchiveView MonthArchiveView WeekArchiveView
                DayArchiveView TodayArchiveView DateDetailView DetailView FormView CreateView UpdateView DeleteView
                ListView""",
            )
            | spellings("django.views.generic.base", "View TemplateView RedirectView")
            | spellings(
                "django.views.generic.edit",
                """FormView CreateView UpdateView DeleteView ProcessFormView BaseFormView BaseCreateView BaseUpdateView
                BaseDeleteView""",
            )
            | spellings("django.views.generic.detail", "DetailView BaseDetailView")
            | spellings("django.views.generic.list", "ListView BaseListView")
            | {"django.views.View"}
        )
    ),
    view_methods=frozenset(
        {
            "get",
            "post",
            "put",
            "patch",
            "delete",
            "head",
            "options",
            "trace",
            "dispatch",
            "form_valid",
            "form_invalid",
        }
    ),
    guard_decorators=frozenset({"django.utils.decorators.method_decorator"}),
    error_methods=frozenset({"process_exception"}),
    method_decorators=frozenset({"django.utils.decorators.method_decorator"}),
    guard_methods=frozenset({"dispatch", "setup", "process_request", "process_view", "__call__"}),
    dispatching_methods=frozenset({"dispatch", "__call__"}),
    middleware_settings=frozenset({"MIDDLEWARE", "MIDDLEWARE_CLASSES"}),
    middleware_parameters=frozenset({"get_response"}),
    middleware_methods=frozenset({"__call__", "process_request", "process_view"}),
    response_calls=spellings(
        "django.http django.http.response",
        """HttpResponse StreamingHttpResponse FileResponse HttpResponseRedirect HttpResponsePermanentRedirect
        HttpResponseNotModified HttpResponseBadRequest HttpResponseNotFound HttpResponseForbidden
        HttpResponseNotAllowed HttpResponseGone HttpResponseServerError JsonResponse""",
    )
    | spellings("django.shortcuts", "HttpResponse HttpResponseRedirect HttpResponsePermanentRedirect redirect render")
    | spellings("django.views.defaults", "bad_request page_not_found permission_denied server_error")
    | spellings("django.template.response", "TemplateResponse SimpleTemplateResponse"),
    response_exceptions=frozenset({"django.http.Http404", "django.http.response.Http404", "django.shortcuts.Http404"})
    | spellings("django.core.exceptions", "PermissionDenied BadRequest SuspiciousOperation"),
    textless_exceptions=frozenset({"django.http.Http404", "django.http.response.Http404", "django.shortcuts.Http404"})
    | spellings("django.core.exceptions", "PermissionDenied BadRequest SuspiciousOperation"),
    message_calls=spellings(
        "django.contrib.messages django.contrib.messages.api", "add_message debug info success warning error"
    ),
    template_calls=frozenset({"django.shortcuts.render"})
    | spellings("django.template.response", "TemplateResponse SimpleTemplateResponse"),
    response_methods=frozenset({"render_to_response"}),
    template_methods=frozenset({"render_to_response"}),
    none_answers=False,
    raw_body="{request}.body",
    signature_header='{request}.headers.get("Stripe-Signature")',
    refusals=(
        Refusal("return HttpResponse(status=400)", "django.http.HttpResponse"),
        Refusal("return HttpResponseBadRequest()", "django.http.HttpResponseBadRequest"),
        Refusal('return JsonResponse({"error": "invalid signature"}, status=400)', "django.http.JsonResponse"),
        Refusal("raise BadRequest", "django.core.exceptions.BadRequest"),
        Refusal("raise SuspiciousOperation", "django.core.exceptions.SuspiciousOperation"),
    ),
)
