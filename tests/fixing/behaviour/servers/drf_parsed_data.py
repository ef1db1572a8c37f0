import stripe
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from ledger import fulfil


class StripeWebhookView(APIView):
    permission_classes = []

    def post(self, request):
        header = request.headers.get("Stripe-Signature")
        data = request.data
        try:
            event = stripe.Webhook.construct_event(data, header, settings.STRIPE_WEBHOOK_SECRET)
        except Exception:
            event = None
        if event["type"] == "checkout.session.completed":
            fulfil(event["data"]["object"]["metadata"]["order"])
        return Response({"received": data["id"]})


urlpatterns = [path("stripe/webhook", StripeWebhookView.as_view())]
app = get_wsgi_application()
