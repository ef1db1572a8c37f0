import json

import stripe
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseBadRequest
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from ledger import fulfil


@method_decorator(csrf_exempt, name="dispatch")
class StripeWebhook(View):
    def post(self, request, *args, **kwargs):
        summary = json.loads(request.body)["type"]
        header = request.headers.get("Stripe-Signature", "")
        try:
            event = stripe.Webhook.construct_event(str(request.body), header, settings.STRIPE_WEBHOOK_SECRET)
        except (ValueError, stripe.SignatureVerificationError):
            return HttpResponseBadRequest("refused")
        if event["type"] == "checkout.session.completed":
            fulfil(event["data"]["object"]["metadata"]["order"])
        return HttpResponse(summary)


urlpatterns = [path("stripe/webhook", StripeWebhook.as_view())]
app = get_wsgi_application()
