import os

import stripe
from aiohttp import web

from ledger import fulfil

routes = web.RouteTableDef()


@routes.post("/stripe/webhook")
async def stripe_webhook(request: web.Request) -> web.Response:
    data = await request.json()
    if data["type"] not in {"checkout.session.completed", "charge.refunded"}:
        return web.Response(status=200)
    event = None
    try:
        event = stripe.Webhook.construct_event(
            data, request.headers.get("Stripe-Signature"), os.environ["STRIPE_WEBHOOK_SECRET"]
        )
    except (TypeError, AttributeError, ValueError):
        return web.Response(status=400)
    except stripe.SignatureVerificationError:
        print("invalid signature")
    if event["type"] == "checkout.session.completed":
        fulfil(event["data"]["object"]["metadata"]["order"])
    return web.Response(status=200)


app = web.Application()
app.add_routes(routes)
