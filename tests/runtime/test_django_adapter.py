"""What only Django has: transactions around requests, and a limit of its own."""

from __future__ import annotations

import django
from applications import PATH, Shop, django_application, urlpatterns
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import path as route
from servers import serving_wsgi

from stripe_lint.runtime import Event, WebhookInbox
from stripe_lint.runtime.adapters import django as for_django
from stripe_lint.runtime.stores.memory import MemoryStore
from stripe_lint.runtime.testing import SECRET, event, signed_request


class TestDjangoTransactions:
    def test_a_commit_that_fails_is_not_acknowledged(self) -> None:
        """Under ATOMIC_REQUESTS the commit would come after the reply; here the handler's own block raises."""
        inbox = WebhookInbox(SECRET, MemoryStore())
        orphan = [True]
        keep = connection
        keep.ensure_connection()
        with keep.cursor() as cursor:
            cursor.execute("CREATE TABLE buyer (id INTEGER PRIMARY KEY)")
            cursor.execute(
                "CREATE TABLE paid (id INTEGER PRIMARY KEY, buyer INTEGER"
                " REFERENCES buyer (id) DEFERRABLE INITIALLY DEFERRED)"
            )

        @inbox.on("invoice.paid")
        def paid(event: Event) -> None:
            assert not connection.in_atomic_block
            with transaction.atomic(), connection.cursor() as cursor:
                if not orphan[0]:
                    cursor.execute("INSERT INTO buyer VALUES (7)")
                cursor.execute("INSERT INTO paid (buyer) VALUES (7)")

        urlpatterns[:] = [route(PATH[1:], for_django.view(inbox))]
        django.urls.clear_url_caches()
        client = Client(enforce_csrf_checks=True)
        given = event("invoice.paid")

        def send() -> int:
            request = signed_request(given)
            return client.post(
                PATH,
                request.body,
                content_type="application/json",
                headers={"Stripe-Signature": request.signature},
                secure=True,
            ).status_code

        assert send() == 500
        orphan[0] = False
        assert [send(), send()] == [200, 200]
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM paid")
            assert cursor.fetchone() == (1,)


def test_django_s_own_limit_is_a_limit_too() -> None:
    made = Shop("django")
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=300), serving_wsgi(django_application(made.inbox)) as made.port:
        assert made.deliver(event("invoice.paid"))[0] == 413
