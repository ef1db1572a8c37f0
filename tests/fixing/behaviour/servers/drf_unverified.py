from django.core.wsgi import get_wsgi_application
from django.urls import path
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from ledger import fulfil


@api_view(["POST"])
@permission_classes([AllowAny])
def stripe_webhook(request):
    payload = request.data
    if payload.get("type") == "checkout.session.completed":
        fulfil(payload["data"]["object"]["metadata"].get("order"))
    return Response({"received": True})


urlpatterns = [path("stripe/webhook", stripe_webhook)]
app = get_wsgi_application()
