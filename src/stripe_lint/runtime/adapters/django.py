"""A view for Django.

urlpatterns = [path("stripe/webhook", django.view(inbox))]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import RequestDataTooBig
from django.db import connections, transaction
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from stripe_lint.runtime.adapters import visit_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_lint.runtime.inbox import WebhookInbox

SETTING = 'tell Django: SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")'


def view(inbox: WebhookInbox) -> Callable[..., HttpResponse]:
    """A view without CSRF check, and outside of ``ATOMIC_REQUESTS`` for every database.

    With ``ATOMIC_REQUESTS`` Django would commit after the inbox has recorded the event as processed, and a commit that
    fails would lose its effects. Each handler commits its own: use ``transaction.atomic()`` in it.

    Django says what scheme a request has, with ``is_secure()``: behind a proxy, set ``SECURE_PROXY_SSL_HEADER``.
    """

    def receive(request: Any) -> HttpResponse:
        visit = visit_of(
            request.headers,
            method=request.method,
            secure=request.is_secure(),
            client=request.META.get("REMOTE_ADDR"),
            setting=SETTING,
        )

        def read(limit: int) -> bytes | None:
            try:
                return request.body if len(request.body) <= limit else None
            except RequestDataTooBig:  # of Django's own limit, DATA_UPLOAD_MAX_MEMORY_SIZE
                return None

        reply = inbox.handle(visit, read)
        return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))

    made: Callable[..., HttpResponse] = csrf_exempt(receive)
    for alias in connections:
        made = transaction.non_atomic_requests(using=alias)(made)
    return made
