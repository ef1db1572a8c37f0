import json
import logging

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseBadRequest
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ledger import fulfil

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def stripe_webhook(request):
    try:
        event = json.loads(request.body)
    except ValueError as error:
        return HttpResponseBadRequest(f"invalid payload: {error}")
    kind = event.get("type")
    if kind == "checkout.session.completed":
        fulfil(event["data"]["object"]["metadata"]["order"])
    else:
        logger.info("unhandled event %s", kind)
    return HttpResponse(status=200)


urlpatterns = [path("stripe/webhook", stripe_webhook)]
app = get_wsgi_application()
