import os

import stripe
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from ledger import fulfil

SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@csrf_exempt
def stripe_webhook(request):
    try:
        event = stripe.Webhook.construct_event(request.body, request.headers.get("Stripe-Signature"), SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        return HttpResponse(status=400)
    if event["type"] == "checkout.session.completed":
        fulfil(event["data"]["object"]["metadata"]["order"])
    else:
        return HttpResponse("unknown type", status=400)
    return HttpResponse(status=200)


urlpatterns = [path("stripe/webhook", stripe_webhook)]
app = get_wsgi_application()
