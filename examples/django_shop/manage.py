"""A shop on Django, in one file. Handlers write through Django's own connection, in transactions of their own.

    python examples/django_shop/manage.py runserver

Then, in another terminal: python examples/play_stripe.py http://127.0.0.1:8000
"""

import os
import sys
from pathlib import Path

import django
import stripe
from django.conf import settings
from django.core.management import execute_from_command_line

folder = Path(os.environ.get("SHOP_FOLDER", "."))

settings.configure(
    DEBUG=False,
    SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY", "of an example that runs on this machine only"),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": folder / "django_shop.db",
            "ATOMIC_REQUESTS": True,
            "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"} if django.VERSION >= (5, 1) else {"timeout": 20},
        }
    },
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    ROOT_URLCONF=__name__,
)
django.setup()

from django.db import connection, transaction
from django.http import JsonResponse
from django.urls import path

from stripe_lint.runtime import AlreadySucceeded, IdempotencyKeys, OperationError, WebhookInbox
from stripe_lint.runtime.adapters import django as stripe_django
from stripe_lint.runtime.stores.sqlite import SQLiteStore
from stripe_lint.runtime.testing import SECRET  # for this machine only: an inbox refuses it beside a live API key

stripe.api_key = os.environ.get("STRIPE_API_KEY")

store = SQLiteStore(folder / "django_shop_inbox.db")
keys = IdempotencyKeys(store, namespace="django-shop-example")
inbox = WebhookInbox(os.environ.get("STRIPE_WEBHOOK_SECRETS", SECRET).replace(",", " ").split(), store, keys=keys)

with connection.cursor() as setup:
    setup.execute("CREATE TABLE IF NOT EXISTS payments (session_id TEXT PRIMARY KEY, order_id TEXT)")


@inbox.on("checkout.session.completed", "checkout.session.async_payment_succeeded")
def book(event):
    """Books a payment. The primary key makes it safe to run twice, which ``lease`` mode allows after a crash."""
    session = event.object
    if session["payment_status"] == "paid":
        with transaction.atomic(), connection.cursor() as cursor:
            values = [session["id"], session["metadata"]["order"]]
            cursor.execute("INSERT INTO payments VALUES (%s, %s) ON CONFLICT DO NOTHING", values)


def orders(request):
    """How often each order was booked: once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT order_id, count(*) FROM payments GROUP BY order_id")
        return JsonResponse(dict(cursor.fetchall()))


@transaction.non_atomic_requests
def refund(request, order):
    """Gives the money back once, however often this is called, and whatever happens to the answer."""
    params = {"payment_intent": f"pi_{order}"}
    try:
        with keys.operation("refund_order", order, params, result="refund") as op:
            made = op.succeeded(stripe.Refund.create(**params, idempotency_key=op.key))
    except AlreadySucceeded as done:
        return JsonResponse({"refund": done.object_id})
    except (OperationError, stripe.StripeError):
        return JsonResponse({"error": "the refund did not succeed"}, status=502)
    return JsonResponse({"refund": made.id})


urlpatterns = [
    path("stripe/webhook", stripe_django.view(inbox)),
    path("orders", orders),
    path("orders/<order>/refund", refund),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
